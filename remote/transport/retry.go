package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"time"

	"codeoceanfs/remote/fault"
)

// Retry says how long to go on after failures. It is shared by all requests to
// one service: it also holds back retries when there are many at once, so that
// an outage is not made worse. Its fields are not changed after the first use;
// its zero value is ready, with the defaults given at each.
type Retry struct {
	// Attempts is how often something is tried that fails for no clear reason;
	// 0 means 5. A host that is down or throttling is tried until Budget ends.
	Attempts int
	// Base and Cap bound the wait between attempts: 100 ms and 5 s. The first is
	// above a round trip, the second soon after a recovery.
	Base, Cap time.Duration
	// Budget is the time for all attempts together; 0 means 60 s.
	Budget time.Duration
	// Patience is how long a host may have been down, as all its callers together
	// see it (see Break), before a call to it fails; 0 means Budget. An outage so
	// costs those who come during it what is left of one budget, and nothing when
	// it lasts longer. DownAfter is for calls that somebody waits for at a prompt;
	// reads, which may be the next block of a stream that has run for hours, should
	// outlast what they would outlast alone, and are left with the Budget.
	Patience time.Duration

	pace pace
}

func (r *Retry) attempts() int         { return or(r.Attempts, 5) }
func (r *Retry) base() time.Duration   { return or(r.Base, 100*time.Millisecond) }
func (r *Retry) cap() time.Duration    { return or(r.Cap, 5*time.Second) }
func (r *Retry) budget() time.Duration { return or(r.Budget, 60*time.Second) }

func (r *Retry) patience() time.Duration { return or(r.Patience, r.budget()) }

func or[T int | time.Duration](v, def T) T {
	if v > 0 {
		return v
	}
	return def
}

// Do calls try until it succeeds, fails for good, or the budget ends, and
// returns its last error. Try may be called more than once, so what it does
// must be safe to repeat; attempt counts from 0. Its context ends when Do
// returns. A [fault.Error] gets its Attempts filled in.
func (r *Retry) Do(ctx context.Context, try func(ctx context.Context, attempt int) error) error {
	bounded, cancel := context.WithTimeoutCause(ctx, r.budget(), r.spent())
	defer cancel()
	return r.run(bounded, Retryable, try)
}

// DoUnsafe is Do for what must not be carried out twice: it is repeated only
// when the server surely did nothing, see [Unsent].
func (r *Retry) DoUnsafe(ctx context.Context, try func(ctx context.Context, attempt int) error) error {
	bounded, cancel := context.WithTimeoutCause(ctx, r.budget(), r.spent())
	defer cancel()
	return r.run(bounded, Unsent, try)
}

// Open is Do for a body: the budget is for getting it, not for reading it. The
// body lives until it is closed or ctx ends.
func (r *Retry) Open(ctx context.Context, try func(ctx context.Context, attempt int) (io.ReadCloser, error)) (io.ReadCloser, error) {
	inner, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(r.budget(), func() { cancel(r.spent()) })
	defer timer.Stop()
	var body io.ReadCloser
	err := r.run(inner, Retryable, func(ctx context.Context, attempt int) (err error) {
		body, err = try(ctx, attempt)
		return err
	})
	if err != nil {
		cancel(nil)
		return nil, err
	}
	return &cancelBody{body, cancel}, nil
}

// cancelBody ends a body's context when it is closed.
type cancelBody struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

// Close implements io.Closer.
func (b *cancelBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}

func (r *Retry) spent() error {
	return fmt.Errorf("%w: gave up after %v", fault.ErrTimeout, r.budget())
}

func (r *Retry) run(ctx context.Context, retryable func(error) bool, try func(context.Context, int) error) error {
	wait := r.base() + rand.N(2*r.base())
	tries := 0 // attempts that count
	var last error
	for attempt := 0; ; attempt++ {
		err := try(ctx, attempt)
		if err == nil {
			r.pace.earn()
			return nil
		}
		var e *fault.Error
		if errors.As(err, &e) {
			e.Attempts = max(e.Attempts, attempt+1) // it may bring those of a layer below
		}
		if ctx.Err() != nil {
			if last != nil && fault.KindOf(err) == fault.ErrTimeout {
				err = last // an attempt cut short by the budget tells nothing
			}
			return ended(ctx, err)
		}
		last = err
		v := judge(err)
		if v == again {
			tries++
		}
		if v == never || !retryable(err) || tries >= r.attempts() {
			return err
		}
		var down *Unreachable
		if errors.As(err, &down) && down.Down >= r.patience() {
			return err
		}
		var pause time.Duration
		if down != nil && down.next > 0 { // nothing was sent, nor will be before
			pause = down.next + rand.N(r.base())
		} else {
			pause = max(wait, r.pace.spend(left(ctx)))
			// Each wait is twice to three times the one before: by chance, so that
			// clients that failed together do not come back together, and at least
			// twice, so that five attempts take 1.5 s, and not half a second when
			// chance is against them: load balancers need one to see what is down.
			wait = min(r.cap(), 2*wait+rand.N(wait))
		}
		if e != nil {
			pause = max(pause, e.RetryAfter)
		}
		if !sleep(ctx, pause) {
			return ended(ctx, err)
		}
	}
}

// ended is the error when ctx ended, or would have before the next attempt: the
// caller's own reason to stop, or the last failure, as one of time if it is of
// no other kind.
func ended(ctx context.Context, last error) error {
	cause := context.Cause(ctx)
	timeout := cause == nil || errors.Is(cause, fault.ErrTimeout) || errors.Is(cause, context.DeadlineExceeded)
	if timeout && errors.Is(last, context.Canceled) {
		// It was cut off by the end of the time, and nobody has cancelled it: that
		// would be for one who is being killed.
		return &fault.Error{Op: "retry", Kind: fault.ErrTimeout, Err: errors.New(last.Error())}
	}
	switch {
	case !timeout && errors.Is(last, cause):
		return last
	case !timeout:
		return fmt.Errorf("%w, after: %w", cause, last)
	case fault.KindOf(last) != nil:
		return last
	}
	return &fault.Error{Op: "retry", Kind: fault.ErrTimeout, Err: last}
}

// left is how much time ctx has, as far as it says.
func left(ctx context.Context) time.Duration {
	if end, ok := ctx.Deadline(); ok {
		return time.Until(end)
	}
	return math.MaxInt64
}

// sleep waits for d. It returns at once, and false, when that would be in vain.
func sleep(ctx context.Context, d time.Duration) bool {
	if left(ctx) < d {
		return false
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
