package bucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/transport"
)

// reply is what a failed request's answer says. Its zero value: no answer.
type reply struct {
	status        int
	code, message string // of the error document; a HEAD has none
	requestID     string
	host          string
	region        string // where the bucket is, if the answer says so
	retryAfter    time.Duration
	skew          time.Duration // of this machine's clock against the store's
}

// wantedRegion is in the message of AuthorizationHeaderMalformed, for stores
// that do not say it in a header.
var wantedRegion = regexp.MustCompile(`expecting '([a-z0-9-]+)'`)

func replyOf(err error) (r reply) {
	var api smithy.APIError
	if errors.As(err, &api) {
		r.code, r.message = api.ErrorCode(), api.ErrorMessage()
	}
	var re *smithyhttp.ResponseError
	if !errors.As(err, &re) || re.Response == nil || re.Response.Response == nil {
		return r
	}
	resp := re.Response.Response
	r.status = resp.StatusCode
	r.requestID = resp.Header.Get("X-Amz-Request-Id")
	if resp.Request != nil {
		r.host = resp.Request.URL.Host
	}
	r.retryAfter = transport.RetryAfter(resp.Header)
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		r.skew = time.Since(date)
	}
	r.region = resp.Header.Get("X-Amz-Bucket-Region")
	if m := wantedRegion.FindStringSubmatch(r.message); r.region == "" && m != nil {
		r.region = m[1]
	}
	return r
}

// misdirected: the bucket is in another region.
func (r reply) misdirected() bool {
	switch r.status {
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	case http.StatusBadRequest:
		return r.region != ""
	}
	return false
}

// maxSkew is the error of a clock that S3 still accepts.
const maxSkew = 15 * time.Minute

// skewed: the signature was made with a time that is over, or to come. A HEAD's
// answer has no code.
func (r reply) skewed() bool {
	return r.code == "RequestTimeTooSkewed" ||
		r.status == http.StatusForbidden && r.bare() && r.skew.Abs() > maxSkew
}

// outdated: the signature was made with credentials that are over.
func (r reply) outdated() bool {
	switch r.code {
	case "ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId":
		return true
	}
	return r.status == http.StatusBadRequest && r.region == "" && r.bare()
}

// refused: not so, whoever asks this way.
func (r reply) refused() bool {
	switch r.code {
	case "InvalidObjectState", "RequestTimeTooSkewed":
		return false
	case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
		return true
	}
	return r.status == http.StatusUnauthorized || r.status == http.StatusForbidden ||
		r.status == http.StatusBadRequest && r.bare()
}

// bare: without an error document. The SDK then makes a code of the status.
func (r reply) bare() bool {
	return r.code == "" || r.code == "BadRequest" || r.code == "Forbidden"
}

// unsupported: a store of few words does not know the request.
func (r reply) unsupported() bool {
	return r.status == http.StatusMethodNotAllowed || r.status == http.StatusNotImplemented
}

// kind is the fault's kind of an answer.
func (r reply) kind() error {
	if r.refused() {
		return fault.ErrRefused
	}
	switch r.code {
	case "RequestTimeTooSkewed":
		return nil // EIO: nobody refuses, something here is broken
	case "SlowDown", "Throttling":
		return fault.ErrThrottled
	}
	return transport.StatusKind(r.status)
}

// failed makes the error of an attempt in the way w. An error of ours, and one
// of the caller's context, keeps its meaning.
func (b *bucket) failed(ctx context.Context, op, key string, w way, err error, r reply) error {
	e := &fault.Error{
		Op: op, Path: b.name + "/" + key, Host: r.host,
		Status: r.status, Code: r.code, Message: short(r.message),
		RequestID: r.requestID, RetryAfter: r.retryAfter,
	}
	var (
		ours    *fault.Error
		garbled *smithy.DeserializationError
		nowhere *transport.Unreachable
	)
	if e.Host == "" && errors.As(err, &nowhere) {
		e.Host = nowhere.Host
	}
	switch {
	case r.status >= 300:
		e.Kind, e.Err = r.kind(), b.explain(w, r)
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		e.Kind, e.Err = fault.KindOf(ctx.Err()), ctx.Err()
	case errors.As(err, &ours):
		e.Kind, e.Err = ours.Kind, ours.Err
		e.Status, e.Code, e.Message, e.Host = ours.Status, ours.Code, ours.Message, ours.Host
		e.RequestID, e.RetryAfter = ours.RequestID, ours.RetryAfter
	case transport.Kind(fault.Cause(err)) != nil:
		e.Err = fault.Cause(err)
		e.Kind = transport.Kind(e.Err)
	case errors.As(err, &garbled):
		e.Kind, e.Err = fault.ErrMalformed, spare(garbled)
	default:
		e.Err = fault.Cause(err)
	}
	return e
}

// explain says what somebody can do about an answer, or nil.
func (b *bucket) explain(w way, r reply) error {
	b.mu.Lock()
	why := b.why
	b.mu.Unlock()
	switch {
	case r.code == "InvalidObjectState":
		return fmt.Errorf("it is in an archived storage class: restore it first")
	case r.code == "RequestTimeTooSkewed":
		return fmt.Errorf("the clock of this machine is off by %v", r.skew.Round(time.Minute))
	case r.misdirected():
		return fmt.Errorf("bucket %q is in another region: set its region in the configuration", b.name)
	case r.status == http.StatusNotFound && (r.code == "NoSuchBucket" || w == way{}):
		return fmt.Errorf("there is no bucket %q", b.name)
	case !r.refused():
		return nil
	case w.signed && b.rule.Profile != "":
		return fmt.Errorf("the credentials of profile %q may not read it", b.rule.Profile)
	case w.signed:
		return fmt.Errorf("the AWS credentials found may not read it: set AWS_PROFILE, or a profile for bucket %q in the configuration", b.name)
	case b.rule.Anonymous:
		return fmt.Errorf("bucket %q does not allow it without credentials, and the configuration forbids to use any", b.name)
	case errors.Is(cause(why), errNoCredentials):
		return fmt.Errorf("no credentials for bucket %q were found: set AWS_PROFILE, or a profile for it in the configuration", b.name)
	}
	return cause(why)
}
