package transport

import (
	"context"
	"errors"
	"io"

	"codeoceanfs/remote/fault"
)

// progress is how much must come through before earlier failures of a body are
// forgotten: a server that sends a few bytes per attempt gets nowhere.
const progress = 64 << 10

// Resume returns a body of exactly n bytes from off, or an error: each byte
// once and in order, however often the transfer is cut, stalls or is short. It
// asks open for what is still missing. Open makes one attempt; its errors are
// judged by r. The body is for one goroutine; closing it, or the end of ctx,
// ends the transfer. The first request is sent by the first Read.
func Resume(ctx context.Context, off, n int64, open func(ctx context.Context, off, n int64) (io.ReadCloser, error), r *Retry) io.ReadCloser {
	return &resumed{ctx: ctx, off: off, left: n, open: open, retry: r}
}

type resumed struct {
	ctx   context.Context
	open  func(ctx context.Context, off, n int64) (io.ReadCloser, error)
	retry *Retry

	body      io.ReadCloser // nil: to be opened
	off, left int64         // what is still missing
	failures  int           // of bodies, without progress between them
	since     int64         // bytes since the last failure
	err       error         // sticky
}

// Read implements io.Reader.
func (b *resumed) Read(p []byte) (int, error) {
	for {
		switch {
		case b.err != nil:
			return 0, b.err
		case b.left == 0:
			return 0, io.EOF
		case len(p) == 0:
			return 0, nil
		}
		if b.body == nil {
			b.body, b.err = b.retry.Open(b.ctx, func(ctx context.Context, _ int) (io.ReadCloser, error) {
				return b.open(ctx, b.off, b.left)
			})
			if b.err != nil {
				b.body = nil
				continue
			}
		}
		if int64(len(p)) > b.left {
			p = p[:b.left]
		}
		n, err := b.body.Read(p)
		b.off += int64(n)
		b.left -= int64(n)
		b.since += int64(n)
		if err != nil && b.left > 0 {
			b.fail(err)
		}
		if b.left == 0 {
			return n, io.EOF
		}
		if n > 0 {
			return n, nil
		}
	}
}

// fail drops the body; whether another is opened depends on what happened, and
// how often it did.
func (b *resumed) fail(err error) {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	_ = b.body.Close()
	b.body = nil
	if b.since >= progress {
		b.failures = 0
	}
	b.failures, b.since = b.failures+1, 0
	if b.ctx.Err() != nil || !Retryable(err) || b.failures >= b.retry.attempts() {
		b.err = &fault.Error{Op: "read range", Kind: Kind(err), Attempts: b.failures, Err: err}
		return
	}
	// The first reconnect is at once, a read-ahead depends on it; the others wait.
	if b.failures > 1 && !sleep(b.ctx, b.retry.base()<<b.failures) {
		b.err = ended(b.ctx, err)
	}
}

// Close implements io.Closer.
func (b *resumed) Close() error {
	if b.err == nil {
		b.err = io.ErrClosedPipe
	}
	if b.body == nil {
		return nil
	}
	err := b.body.Close()
	b.body = nil
	return err
}
