package transport

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"time"

	"codeoceanfs/remote/fault"
)

// Timeouts are the times after which a transfer counts as dead, and what asked
// for it as failed. Zero values mean the defaults.
type Timeouts struct {
	// Two round trips and a lost packet or two fit in 5 s on any network worth
	// waiting for; after it, another address or another attempt does better.
	Dial time.Duration // to connect to one host: 5 s
	TLS  time.Duration // to agree with it on keys: 5 s

	FirstByte time.Duration // from having a connection to the answer's header: 10 s
	Stall     time.Duration // between any two bytes of a body: 10 s
	MinRate   int64         // bytes per second below which a body counts as stalled: 1 KiB/s
	RateOver  time.Duration // time of reading over which MinRate is taken: 30 s

	// With all its attempts:
	Operation time.Duration // a range of a file, until it makes progress: 60 s
	Metadata  time.Duration // a call about names, records and signed URLs: 30 s
}

// WithDefaults fills in what is not set.
func (t Timeouts) WithDefaults() Timeouts {
	t.Dial, t.TLS = or(t.Dial, 5*time.Second), or(t.TLS, 5*time.Second)
	t.Operation, t.Metadata = or(t.Operation, 60*time.Second), or(t.Metadata, 30*time.Second)
	if t.FirstByte <= 0 {
		t.FirstByte = 10 * time.Second
	}
	if t.Stall <= 0 {
		t.Stall = 10 * time.Second
	}
	if t.MinRate <= 0 {
		t.MinRate = 1 << 10
	}
	if t.RateOver <= 0 {
		t.RateOver = 30 * time.Second
	}
	return t
}

// Watch cancels requests of rt that make no progress. The error is, or wraps,
// [fault.ErrTimeout]. Time in which the caller does not read is not counted:
// a slow reader is no stall. Dialling is not watched here, New bounds it.
func Watch(rt http.RoundTripper, t Timeouts) http.RoundTripper {
	return &watch{rt, t.WithDefaults()}
}

type watch struct {
	next http.RoundTripper
	t    Timeouts
}

// RoundTrip implements http.RoundTripper.
func (w *watch) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	dead := time.AfterFunc(w.t.Dial+w.t.TLS+w.t.FirstByte, func() {
		cancel(fmt.Errorf("%w: no answer for %v", fault.ErrTimeout, w.t.FirstByte))
	})
	// Connecting has its own deadlines; the server's time starts after it.
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { dead.Reset(w.t.FirstByte) },
	})
	resp, err := w.next.RoundTrip(req.WithContext(traced))
	dead.Stop()
	if err != nil {
		err = timedOut(ctx, err)
		cancel(nil)
		return nil, err
	}
	b := &watchedBody{ReadCloser: resp.Body, t: w.t, ctx: ctx, cancel: cancel}
	b.dead = time.AfterFunc(w.t.Stall, func() {
		cancel(fmt.Errorf("%w: no byte for %v", fault.ErrTimeout, w.t.Stall))
	})
	b.dead.Stop()
	resp.Body = b
	return resp, nil
}

// timedOut replaces err by the timeout that cancelled ctx, if one did.
func timedOut(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && fault.KindOf(cause) == fault.ErrTimeout {
		return cause
	}
	return err
}

// watchedBody arms its timer for the time of each Read.
type watchedBody struct {
	io.ReadCloser
	t      Timeouts
	ctx    context.Context
	cancel context.CancelCauseFunc
	dead   *time.Timer

	got    int64         // bytes since the rate was last judged
	waited time.Duration // time in Read since then
}

// Read implements io.Reader.
func (b *watchedBody) Read(p []byte) (int, error) {
	start := time.Now()
	b.dead.Reset(b.t.Stall)
	n, err := b.ReadCloser.Read(p)
	b.dead.Stop()
	if err != nil {
		if err != io.EOF {
			err = timedOut(b.ctx, err)
		}
		return n, err
	}
	b.got += int64(n)
	b.waited += time.Since(start)
	if b.waited >= b.t.RateOver {
		if float64(b.got) < float64(b.t.MinRate)*b.waited.Seconds() {
			err = fmt.Errorf("%w: %d bytes in %v", fault.ErrTimeout, b.got, b.waited.Round(time.Second))
			b.cancel(err)
			return n, err
		}
		b.got, b.waited = 0, 0
	}
	return n, nil
}

// Close implements io.Closer.
func (b *watchedBody) Close() error {
	b.dead.Stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
