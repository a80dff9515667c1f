// Package fault holds the errors of everything that talks to the platform.
//
// An error is an [Error]: what was tried, on which asset and path, how the
// server answered, and one of the kinds below, which is what callers act on:
//
//	if errors.Is(err, fault.ErrStale) { … }
//
// No Error ever holds a token, a signed URL or a secret. Whoever builds one
// passes causes through [Cause], which strips what net/http puts into its own.
package fault

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"
)

// The kinds. Each is what a caller can do something about, and each becomes
// one errno at the kernel; an Error without a kind is plain trouble (EIO).
//
// They are values of their own and not those of package os: an errno of this
// machine passes for those (a token file that was deleted "does not exist"), and
// would be taken for the platform's word about an asset.
var (
	// ErrNotExist: the platform says that it is not there (a real 404), or the
	// name is missing from a complete listing.
	ErrNotExist = errors.New("does not exist")
	// ErrRefused: the platform, or the store, does not allow it (401, 403).
	ErrRefused = errors.New("permission denied")
	// ErrTimeout: the operation's own deadline passed.
	ErrTimeout = errors.New("timed out")
	// ErrStale: the file is no longer the one that was opened.
	ErrStale = errors.New("changed on the platform")
	// ErrUnreachable: no way to the host: name, route, connection or proxy.
	ErrUnreachable = errors.New("cannot be reached")
	// ErrInvalid: the request was wrong and repeating it cannot help (400, 422).
	ErrInvalid = errors.New("invalid request")
	// ErrThrottled: the platform asks to slow down, and kept asking (429, 503).
	ErrThrottled = errors.New("throttled by the platform")
	// ErrMalformed: an answer that is not what was asked for: wrong range,
	// wrong length, not JSON, a login page. Its bytes are never used.
	ErrMalformed = errors.New("malformed answer")
	// ErrUnknown: a request that is not safe to repeat was sent, and its answer
	// was lost: it may or may not have been carried out.
	ErrUnknown = errors.New("outcome unknown")
)

// ErrToken is an ErrRefused about everything at once: the platform does not
// accept the token (401).
var ErrToken = fmt.Errorf("%w: the token is not accepted", ErrRefused)

// IsRefusal reports whether err refuses this one thing, and not everything.
func IsRefusal(err error) bool { return errors.Is(err, ErrRefused) && !errors.Is(err, ErrToken) }

// Error is one failed operation. The zero value of a field means that it is
// not known or does not apply.
type Error struct {
	Op        string // what was tried, in words: "list files", "read range"
	Asset     string // asset id
	Path      string // path inside the asset, or the bucket and key
	Host      string // host asked, never a URL
	Status    int    // HTTP status of the last answer
	Code      string // the store's error code, as in its XML: "NoSuchKey"
	Message   string // the server's own words, bounded and redacted
	RequestID string // the server's id of the request, for its support
	Attempts  int    // how often it was tried
	// RetryAfter is how long the server asked to be left alone, 0 if it did not.
	RetryAfter time.Duration
	Kind       error // one of the kinds above, or nil
	Err        error // the cause below, or nil
}

// Error gives one line: operation, object, and what happened.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	switch {
	case e.Asset == "":
	case strings.HasSuffix(e.Op, " asset"): // as in "delete asset"
		fmt.Fprintf(&b, " %s", e.Asset)
	default:
		fmt.Fprintf(&b, " of asset %s", e.Asset)
	}
	if e.Path != "" {
		fmt.Fprintf(&b, " %q", e.Path)
	}
	if e.Kind != nil && (e.Err == nil || !errors.Is(e.Err, e.Kind)) { // else the cause says it
		fmt.Fprintf(&b, ": %v", e.Kind)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	var details []string
	for _, d := range []struct{ name, value string }{
		{"host", e.Host}, {"code", e.Code}, {"message", e.Message}, {"request", e.RequestID},
	} {
		if d.value != "" {
			details = append(details, fmt.Sprintf("%s %q", d.name, d.value))
		}
	}
	if e.Status != 0 {
		details = append(details, fmt.Sprintf("status %d", e.Status))
	}
	if e.Attempts > 1 {
		details = append(details, fmt.Sprintf("%d attempts", e.Attempts))
	}
	if len(details) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(details, ", "))
	}
	return b.String()
}

// Unwrap makes errors.Is and errors.As see both the kind and the cause.
func (e *Error) Unwrap() []error {
	var all []error
	if e.Kind != nil {
		all = append(all, e.Kind)
	}
	if e.Err != nil {
		all = append(all, e.Err)
	}
	return all
}

// Cause strips the URL that net/http writes into its errors: it may be a
// signed one. Every error of an http.Client passes through here.
func Cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// KindOf names the kind of err, or nil when it has none. Any other deadline, a
// context's or a connection's, counts as ErrTimeout.
func KindOf(err error) error {
	for _, kind := range []error{
		ErrNotExist, ErrRefused, ErrTimeout, ErrStale, ErrUnreachable,
		ErrInvalid, ErrThrottled, ErrMalformed, ErrUnknown,
	} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrTimeout
	}
	return nil
}
