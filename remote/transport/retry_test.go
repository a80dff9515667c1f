package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"codeoceanfs/remote/fault"
)

var refusedConn = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}

// The table of what is repeated, and how long.
func TestJudge(t *testing.T) {
	status := func(n int) error { return &fault.Error{Status: n, Kind: StatusKind(n)} }
	code := func(n int, c string) error { return &fault.Error{Status: n, Code: c, Kind: StatusKind(n)} }
	for _, c := range []struct {
		err  error
		want verdict
	}{
		{status(400), never},
		{status(401), never},
		{status(403), never},
		{status(404), never},
		{status(405), never},
		{status(407), never},
		{status(408), again},
		{status(409), never},
		{status(412), never},
		{status(416), never},
		{status(425), again},
		{status(429), later},
		{status(500), again},
		{status(501), never},
		{status(502), later},
		{status(503), later},
		{status(504), later},
		{status(301), never},
		{code(503, "SlowDown"), later},
		{code(500, "InternalError"), again},
		{code(400, "RequestTimeout"), again},
		{code(403, "RequestTimeTooSkewed"), never},
		{code(403, "AccessDenied"), never},
		{refusedConn, later},
		{&net.DNSError{Err: "no such host", IsNotFound: true}, later},
		{&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, later},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, again},
		{context.DeadlineExceeded, again},
		{syscall.ECONNRESET, again},
		{io.ErrUnexpectedEOF, again},
		{fmt.Errorf("x: %w", fault.ErrTimeout), again},
		{fmt.Errorf("x: %w", fault.ErrMalformed), again},
		{fmt.Errorf("%w: %w", fault.ErrStale, errTotal), again},
		{fault.ErrStale, never},
		{fault.ErrUnknown, never},
		{context.Canceled, never},
		{Final(refusedConn), never},
		{fmt.Errorf("x: %w", Final(io.ErrUnexpectedEOF)), never},
	} {
		if got := judge(c.err); got != c.want {
			t.Errorf("judge(%v) = %d, want %d", c.err, got, c.want)
		}
	}
}

func TestUnsent(t *testing.T) {
	for err, want := range map[error]bool{
		refusedConn:               true,
		&fault.Error{Status: 429}: true,
		&fault.Error{Status: 502}: false,
		&fault.Error{Status: 500}: false,
		io.ErrUnexpectedEOF:       false,
		error(syscall.ECONNRESET): false,
		fault.ErrTimeout:          false,
		context.DeadlineExceeded:  false,
	} {
		if got := Unsent(err); got != want {
			t.Errorf("Unsent(%v) = %v", err, got)
		}
	}
}

// failing fails so often with err, and then works.
func failing(times int, err error, calls *int) func(context.Context, int) error {
	return func(context.Context, int) error {
		if *calls++; *calls <= times {
			return err
		}
		return nil
	}
}

func TestDo(t *testing.T) {
	for name, c := range map[string]struct {
		times   int
		err     error
		calls   int // wanted
		good    bool
		atLeast time.Duration
		atMost  time.Duration
	}{
		"bad luck":               {2, io.ErrUnexpectedEOF, 3, true, 200 * time.Millisecond, 2 * time.Second},
		"no luck at all":         {99, io.ErrUnexpectedEOF, 5, false, 400 * time.Millisecond, 15 * time.Second},
		"no use":                 {99, fault.ErrNotExist, 1, false, 0, 0},
		"asked to wait":          {1, &fault.Error{Status: 429, RetryAfter: 7 * time.Second}, 2, true, 7 * time.Second, 7 * time.Second},
		"asked to wait too long": {1, &fault.Error{Status: 429, RetryAfter: 61 * time.Second}, 1, false, 0, 0},
		"down for a while":       {9, refusedConn, 10, true, 900 * time.Millisecond, 45 * time.Second},
		"down for good":          {1 << 30, refusedConn, -1, false, 55 * time.Second, 60 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls, start := 0, time.Now()
				err := new(Retry).Do(t.Context(), failing(c.times, c.err, &calls))
				took := time.Since(start)
				if (err == nil) != c.good || err != nil && !errors.Is(err, c.err) {
					t.Errorf("error is %v", err)
				}
				if c.calls >= 0 && calls != c.calls {
					t.Errorf("%d calls, want %d", calls, c.calls)
				}
				if took < c.atLeast || took > c.atMost {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

func TestDoUnsafe(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		calls int
	}{
		"not sent":    {refusedConn, 2},
		"turned away": {&fault.Error{Status: 429, Kind: fault.ErrThrottled}, 2},
		"lost":        {io.ErrUnexpectedEOF, 1},
		"bad gateway": {&fault.Error{Status: 502}, 1},
		"timeout":     {fault.ErrTimeout, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				_ = new(Retry).DoUnsafe(t.Context(), failing(1, c.err, &calls))
				if calls != c.calls {
					t.Errorf("%d calls, want %d", calls, c.calls)
				}
			})
		})
	}
}

func TestDoEndsWithItsBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		err := new(Retry).Do(t.Context(), func(ctx context.Context, _ int) error {
			<-ctx.Done() // a black hole
			return ctx.Err()
		})
		if took := time.Since(start); took != 60*time.Second || fault.KindOf(err) != fault.ErrTimeout {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

func TestDoEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		start, calls := time.Now(), 0
		time.AfterFunc(time.Second, cancel)
		err := new(Retry).Do(ctx, failing(1<<30, refusedConn, &calls))
		if took := time.Since(start); took > time.Second || !errors.Is(err, context.Canceled) {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

func TestDoCountsAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e *fault.Error
		err := new(Retry).Do(t.Context(), func(context.Context, int) error { return &fault.Error{Status: 500} })
		if !errors.As(err, &e) || e.Attempts != 5 {
			t.Errorf("error is %v", err)
		}
	})
}

// A body outlives the budget of opening it, and its context ends with it.
func TestOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inner context.Context
		body, err := new(Retry).Open(t.Context(), func(ctx context.Context, attempt int) (io.ReadCloser, error) {
			if attempt == 0 {
				return nil, syscall.ECONNRESET
			}
			inner = ctx
			return io.NopCloser(strings.NewReader("x")), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if inner.Err() != nil {
			t.Error("the budget is over the body")
		}
		body.Close()
		if inner.Err() == nil {
			t.Error("the context outlives the body")
		}
	})
}

// Many failures at once do not become many more requests.
func TestRetriesArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			r     = &Retry{Budget: 5 * time.Minute}
			mu    sync.Mutex
			calls int
			wg    sync.WaitGroup
		)
		for range 500 {
			wg.Go(func() {
				_ = r.Do(t.Context(), func(context.Context, int) error {
					mu.Lock()
					calls++
					mu.Unlock()
					return &fault.Error{Status: 503}
				})
			})
		}
		wg.Wait()
		// The first of each, the burst, and ten a second.
		if limit := 500 + paceBurst + 10*300; calls > limit+10 {
			t.Errorf("%d requests, limit %d", calls, limit)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	const date = "Mon, 02 Jan 2040 15:04:05 GMT"
	for value, want := range map[string]time.Duration{
		"":                              0,
		"3":                             3 * time.Second,
		"0.5":                           500 * time.Millisecond,
		"86400":                         maxRetryAfter,
		"1e300":                         maxRetryAfter,
		"-5":                            0,
		"NaN":                           0,
		"soon":                          0,
		"Mon, 02 Jan 2040 15:04:15 GMT": 10 * time.Second, // by the server's own clock
		"Mon, 02 Jan 2040 15:00:00 GMT": 0,
		"Mon, 02 Jan 2050 15:00:00 GMT": maxRetryAfter,
	} {
		h := http.Header{"Date": {date}, "Retry-After": {value}}
		if got := RetryAfter(h); got != want {
			t.Errorf("RetryAfter(%q) = %v, want %v", value, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("3", "")
	f.Add("Mon, 02 Jan 2040 15:04:15 GMT", "Mon, 02 Jan 2040 15:04:05 GMT")
	f.Fuzz(func(t *testing.T, value, date string) {
		if d := RetryAfter(http.Header{"Retry-After": {value}, "Date": {date}}); d < 0 || d > maxRetryAfter {
			t.Errorf("%v", d)
		}
	})
}

// TestCutOffIsNotCancelled has an attempt say that it was cancelled when its time
// is over: that is a failure of time, and not of who waits.
func TestCutOffIsNotCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &Retry{Budget: time.Second}
		err := r.Do(t.Context(), func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return fmt.Errorf("dial: %w", context.Canceled)
		})
		if errors.Is(err, context.Canceled) || !errors.Is(err, fault.ErrTimeout) {
			t.Error(err)
		}
	})
}
