package bucket

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"codeoceanfs/remote/transport"
)

// maxLessons is how often one request is changed by what an answer teaches:
// another region, fresh credentials, other credentials, and one to spare.
const maxLessons = 4

// call makes one attempt at a request. What an answer teaches about the way to
// ask is used at once, and remembered when it worked; all else is for
// [transport.Retry] above. Ask returns the SDK's error as it is. The error of
// call is a [fault.Error].
func (b *bucket) call(ctx context.Context, op, key string, ask func(context.Context, *s3.Client) error) error {
	ctx = transport.About(ctx, op, "", b.name+"/"+key)
	w, err := b.settled(ctx)
	if err != nil {
		return b.failed(ctx, op, key, w, err, replyOf(err))
	}
	var (
		refusal          error // in the way that was tried first
		renewed, crossed bool
	)
	for lesson := 1; ; lesson++ {
		start := time.Now()
		err := ask(ctx, b.client(w))
		if err == nil {
			b.keep(w)
			b.did(op)
			return nil
		}
		r := replyOf(err)
		failure := b.failed(ctx, op, key, w, err, r)
		switch {
		case lesson == maxLessons:
			return failure
		case r.misdirected() && regionName.MatchString(r.region) && r.region != w.region:
			w.region = r.region
		case w.signed && !renewed && r.skewed():
			renewed = true // the SDK's client corrects its clock by the answer
		case w.signed && !renewed && r.outdated() && b.chain.renew(start):
			renewed = true
		case r.refused() && !crossed && b.mayCross(ctx, w):
			crossed, refusal = true, failure
			w.signed = !w.signed
		case r.refused() && refusal != nil:
			return refusal
		case r.refused():
			// Asking for credentials above may have found out why there are none.
			return b.failed(ctx, op, key, w, err, r)
		default:
			if r.status == http.StatusNotFound {
				b.keep(w) // whoever is told so is allowed in
			}
			return failure
		}
	}
}

// mayCross reports whether the other way than w is worth trying: signed instead
// of anonymous, or the reverse. A public bucket may refuse credentials that
// their own account has not allowed to read it.
func (b *bucket) mayCross(ctx context.Context, w way) bool {
	if b.rule.Anonymous || b.rule.Profile != "" {
		return false
	}
	return w.signed || b.hasCredentials(ctx)
}
