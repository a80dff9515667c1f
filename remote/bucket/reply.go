package bucket

import (
	"context"
	"errors"
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
	return r.expired() || r.code == "InvalidAccessKeyId" ||
		r.status == http.StatusBadRequest && r.region == "" && r.bare()
}

// expired: the session that the credentials are of is over.
func (r reply) expired() bool {
	switch r.code {
	case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
		return true
	}
	return false
}

// refused: not so, whoever asks this way.
func (r reply) refused() bool {
	switch r.code {
	case "InvalidObjectState", "RequestTimeTooSkewed":
		return false
	}
	return r.expired() || r.status == http.StatusUnauthorized || r.status == http.StatusForbidden ||
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

// noBucket: it is the bucket that is missing, and not what is asked of it. Of a
// bucket that nobody has got an answer from, a HEAD says no more than 404.
func (r reply) noBucket(w way) bool {
	return r.status == http.StatusNotFound && (r.code == "NoSuchBucket" || w == way{})
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
		e.Kind, e.Err = r.kind(), b.explain(op, w, r)
		if r.noBucket(w) {
			e.Kind = fault.ErrRefused // a name is missing in a bucket, not with it
		}
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
