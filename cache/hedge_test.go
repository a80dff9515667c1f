package cache

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// hiccup makes every n-th range of a wait for d before its first byte, or fail
// after it.
func hiccup(a *arith, n int64, d time.Duration, err error) *atomic.Bool {
	slow(a)
	usual := a.before
	var on atomic.Bool
	a.before = func(ctx context.Context, count, off, size int64) error {
		if !on.Load() || count%n != 0 {
			return usual(ctx, count, off, size)
		}
		select {
		case <-time.After(d):
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return &on
}

// lookups reads single blocks far from each other, and returns how long the
// slowest took.
func lookups(t *testing.T, h *Handle, a *arith, from, n int64) (worst time.Duration) {
	t.Helper()
	for i := range n {
		began := time.Now()
		check(t, h, a, (from+i)*(from+i)*40*BlockSize, 100)
		worst = max(worst, time.Since(began))
	}
	return worst
}

func TestSlowRangeIsAskedForAgain(t *testing.T) {
	for name, err := range map[string]error{"that comes at last": nil, "that fails at last": errServer} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCache(t, Config{})
				a := newArith("a", 1<<40)
				on := hiccup(a, 25, 20*time.Second, err)
				h := open(t, c, a)
				lookups(t, h, a, 0, 2*remembered)
				on.Store(true)
				if worst := lookups(t, h, a, 2*remembered, 200); worst > 200*time.Millisecond {
					t.Errorf("the slowest read took %v", worst)
				}
				if s := c.Stats(); s.Hedged < 5 || s.Hedged*hedgeShare > s.Fetches {
					t.Errorf("%d second requests for %d ranges", s.Hedged, s.Fetches)
				}
			})
		})
	}
}

func TestSecondRequestsAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := newArith("a", 1<<40)
		on := hiccup(a, 2, 300*time.Millisecond, nil)
		h := open(t, c, a)
		lookups(t, h, a, 0, 2*remembered)
		on.Store(true)
		lookups(t, h, a, 2*remembered, 300)
		if s := c.Stats(); s.Hedged == 0 || s.Hedged*hedgeShare > s.Fetches {
			t.Errorf("%d second requests for %d ranges", s.Hedged, s.Fetches)
		}
	})
}

func TestNothingIsAskedTwice(t *testing.T) {
	for name, cfg := range map[string]Config{
		"of a server that throttles":    {Throttled: func() bool { return true }},
		"where there is no slot for it": {MaxFetches: 1},
		"on a network that is steady":   {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCache(t, cfg)
				a := newArith("a", 1<<40)
				on := hiccup(a, 25, time.Second, nil)
				h := open(t, c, a)
				lookups(t, h, a, 0, 2*remembered)
				on.Store(cfg.Throttled != nil || cfg.MaxFetches > 0)
				lookups(t, h, a, 2*remembered, 100)
				if n := c.Stats().Hedged; n != 0 {
					t.Errorf("%d second requests", n)
				}
			})
		})
	}
}

func TestBothRequestsMayFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := newArith("a", 1<<40)
		on := hiccup(a, 1, time.Second, errServer)
		h := open(t, c, a)
		lookups(t, h, a, 0, 2*remembered)
		on.Store(true)
		if err := verify(t.Context(), h, a, 1<<39, 10); !expected(err) {
			t.Error(err)
		}
		if n := c.Stats().Hedged; n != 1 {
			t.Errorf("%d second requests", n)
		}
		on.Store(false)
		check(t, h, a, 1<<39, 10)
	})
}

// TestSecondRequestBringsTheRest lets the second request of a long range win,
// and then the rest of the range has to come from it.
func TestSecondRequestBringsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := newArith("a", 1<<40)
		on := hiccup(a, 2, time.Hour, nil)
		h := open(t, c, a)
		lookups(t, h, a, 0, 2*remembered)
		if a.asked.Load()%2 == 1 {
			lookups(t, h, a, 2*remembered, 1)
		}
		on.Store(true)
		check(t, h, a, 1<<39+5, 20*BlockSize)
		if n := c.Stats().Hedged; n != 1 {
			t.Errorf("%d second requests", n)
		}
	})
}

func TestHandleThatIsClosedEndsBothRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := newArith("a", 1<<40)
		h := open(t, c, a)
		on := hiccup(a, 1, time.Hour, nil)
		lookups(t, h, a, 0, 2*remembered)
		on.Store(true)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = verify(ctx, h, a, 1<<39, 20*BlockSize) }()
		time.Sleep(time.Second)
		cancel()
		synctest.Wait()
		h.Close()
		synctest.Wait()
		if s := c.Stats(); s.InFlight != 0 || s.Hedged != 1 {
			t.Errorf("%d in flight, %d second requests", s.InFlight, s.Hedged)
		}
	})
}
