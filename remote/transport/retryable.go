package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"codeoceanfs/remote/fault"
)

// verdict is what repeating a failed request can do.
type verdict int

const (
	never verdict = iota // it fails the same way again
	again                // it may have been bad luck: a few more attempts
	later                // the way or the server is down: until the budget ends
)

// codes are the stores' own words, which say more than their statuses.
var codes = map[string]verdict{
	"InternalError":            again,
	"RequestTimeout":           again,
	"SlowDown":                 later,
	"ServiceUnavailable":       later,
	"Throttling":               later,
	"ThrottlingException":      later,
	"RequestLimitExceeded":     later,
	"TooManyRequests":          later,
	"TooManyRequestsException": later,
	"RequestTimeTooSkewed":     never,
}

var statuses = map[int]verdict{
	http.StatusRequestTimeout:      again,
	http.StatusTooEarly:            again,
	http.StatusTooManyRequests:     later,
	http.StatusInternalServerError: again,
	http.StatusBadGateway:          later,
	http.StatusServiceUnavailable:  later,
	http.StatusGatewayTimeout:      later,
}

// judge is the one table: whether and how long to repeat what failed with err.
// It is about requests that may be repeated; see [Unsent] for the others.
func judge(err error) verdict {
	var (
		e    *fault.Error
		done final
	)
	switch {
	case err == nil, errors.As(err, &done), errors.Is(err, context.Canceled), errors.Is(err, fault.ErrUnknown):
		return never
	case errors.As(err, &e) && (e.Code != "" || e.Status != 0):
		if v, ok := codes[e.Code]; ok {
			return v
		}
		if v, ok := statuses[e.Status]; ok {
			return v
		}
		if e.Status >= 300 {
			return never
		}
	}
	switch {
	case untrusted(err):
		return never
	case errors.Is(err, errTotal):
		return again
	}
	switch Kind(err) {
	case fault.ErrUnreachable, fault.ErrThrottled:
		return later
	case fault.ErrMalformed, fault.ErrTimeout:
		return again
	case nil: // it came out of a connection: reset, closed, cut, or garbled
		return again
	}
	return never
}

// Final marks an error as one that repeating cannot help: what lies below has
// done that already.
func Final(err error) error { return final{err} }

type final struct{ error }

// Unwrap implements the errors package's interface.
func (f final) Unwrap() error { return f.error }

// Retryable reports whether repeating a request that failed with err can help.
// The request must be one that may be carried out twice.
func Retryable(err error) bool { return judge(err) != never }

// Unsent reports whether a request that failed with err was surely not carried
// out: no connection was made, or the server refused to look at it.
func Unsent(err error) bool {
	var e *fault.Error
	if errors.As(err, &e) && e.Status != 0 {
		return e.Status == http.StatusTooManyRequests
	}
	return Kind(err) == fault.ErrUnreachable && !untrusted(err)
}

// untrusted reports whether err is about who answered, not about the network.
func untrusted(err error) bool {
	var (
		verify  *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
	)
	return errors.As(err, &verify) || errors.As(err, &unknown) || errors.As(err, &host) ||
		errors.As(err, &invalid) || errors.As(err, &record)
}

// Kind gives the [fault] kind of an error of the network: ErrUnreachable when
// no connection was made, ErrTimeout for other deadlines, a kind that err has
// already, or nil.
func Kind(err error) error {
	if kind := fault.KindOf(err); kind != nil && kind != fault.ErrTimeout {
		return kind
	}
	var (
		op   *net.OpError
		dns  *net.DNSError
		slow net.Error
	)
	switch {
	case errors.As(err, &dns), errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect" || op.Op == "socks connect"),
		errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH),
		untrusted(err):
		return fault.ErrUnreachable
	case errors.As(err, &slow) && slow.Timeout(), fault.KindOf(err) != nil:
		return fault.ErrTimeout
	}
	return nil
}

// StatusKind gives the kind of an answer with an HTTP status of 300 or more, or
// nil when it is plain trouble.
func StatusKind(status int) error {
	switch status {
	case http.StatusNotFound, http.StatusGone:
		return fault.ErrNotExist
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.ErrRefused
	case http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		return fault.ErrStale
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return fault.ErrThrottled
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return fault.ErrTimeout
	case http.StatusProxyAuthRequired:
		return fault.ErrUnreachable
	}
	switch {
	case status < 400: // redirects are not followed: not the answer asked for
		return fault.ErrMalformed
	case status < 500:
		return fault.ErrInvalid
	}
	return nil
}

// maxRetryAfter is the most that a server's Retry-After is believed: above it
// an operation's budget is over anyway.
const maxRetryAfter = 30 * time.Second

// RetryAfter reads the Retry-After header, in seconds or as a date (taken
// against the answer's own Date, as clocks differ). It is between 0 and 30 s.
func RetryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if v == "" {
		return 0
	}
	var d time.Duration
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		switch { // before converting: a float beyond int64 has no defined value
		case !(s > 0):
			return 0
		case s > maxRetryAfter.Seconds():
			return maxRetryAfter
		}
		d = time.Duration(s * float64(time.Second))
	} else if at, err := http.ParseTime(v); err == nil {
		now := time.Now()
		if date, err := http.ParseTime(h.Get("Date")); err == nil {
			now = date
		}
		d = at.Sub(now)
	}
	return max(0, min(d, maxRetryAfter))
}
