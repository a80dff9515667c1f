package cache

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestPrefetchedFileTakesNoMore(t *testing.T) {
	c := newCache(t, Config{})
	for _, size := range []int64{1, BlockSize - 1, BlockSize, 8 * BlockSize, 100 * BlockSize} {
		a := newArith(fmt.Sprint(size), size)
		if !c.Lacks(a) {
			t.Errorf("%d bytes are there before", size)
		}
		for range 2 {
			if err := c.Prefetch(t.Context(), a, 8*BlockSize); err != nil {
				t.Fatal(err)
			}
		}
		if c.Lacks(a) {
			t.Errorf("%d bytes are lacking after", size)
		}
		check(t, open(t, c, a), a, 0, min(size, 8*BlockSize))
		if n := a.asked.Load(); size <= 8*BlockSize && n != 1 {
			t.Errorf("%d bytes took %d ranges", size, n)
		}
	}
}

func TestPrefetchOfAnEmptyFile(t *testing.T) {
	c := newCache(t, Config{})
	a := newArith("a", 0)
	if err := c.Prefetch(t.Context(), a, 1); err != nil || c.Lacks(a) || a.asked.Load() != 0 {
		t.Errorf("%v, %d ranges", err, a.asked.Load())
	}
}

func TestReaderJoinsAPrefetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := newArith("a", 3*BlockSize)
		a.before = func(context.Context, int64, int64, int64) error { time.Sleep(time.Second); return nil }
		go c.Prefetch(t.Context(), a, a.size)
		synctest.Wait()
		check(t, open(t, c, a), a, 0, a.size)
		synctest.Wait() // until the other has let go
		if n := a.asked.Load(); n != 1 {
			t.Errorf("%d ranges", n)
		}
	})
}

func TestFailedPrefetchIsAskedAgain(t *testing.T) {
	c := newCache(t, Config{})
	a := newArith("a", 100)
	a.before = func(_ context.Context, n, _, _ int64) error {
		if n == 0 {
			return errServer
		}
		return nil
	}
	if err := c.Prefetch(t.Context(), a, a.size); !errors.Is(err, errServer) {
		t.Error(err)
	}
	check(t, open(t, c, a), a, 0, a.size)
}

// TestPrefetchesWaitBehindReads begins far more of them than there are slots,
// none of which ends: a read gets on, and all of them end with their caller.
func TestPrefetchesWaitBehindReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{MaxFetches: 8})
		ctx, cancel := context.WithCancel(t.Context())
		hang := make(chan struct{})
		var wg sync.WaitGroup
		for i := range 50 {
			a := newArith(fmt.Sprint("early", i), 100)
			a.before = func(ctx context.Context, _, _, _ int64) error {
				select {
				case <-hang:
				case <-ctx.Done():
				}
				return ctx.Err()
			}
			wg.Go(func() {
				if err := c.Prefetch(ctx, a, 100); err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if n := c.Stats().InFlight; n != 7 {
			t.Errorf("%d of 8 slots are taken", n)
		}
		a := newArith("read", 100)
		check(t, open(t, c, a), a, 0, 100)
		cancel()
		wg.Wait()
		close(hang)
		synctest.Wait()
		if n := len(c.early.line); n != 0 {
			t.Errorf("%d still wait", n)
		}
	})
}

// TestPrefetchesAllGetATurn lets many come through few slots.
func TestPrefetchesAllGetATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{MaxFetches: 4, Memory: 4 << 20})
		var wg sync.WaitGroup
		for i := range 200 {
			a := newArith(fmt.Sprint(i), 100)
			a.before = func(context.Context, int64, int64, int64) error { time.Sleep(time.Millisecond); return nil }
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+i%40)*time.Millisecond)
				defer cancel()
				if i%3 == 0 {
					ctx = t.Context()
				}
				if err := c.Prefetch(ctx, a, 100); err != nil && ctx.Err() == nil {
					t.Error(i, err)
				}
			})
		}
		wg.Wait()
	})
}

// TestPrefetchDoesNotPushOut has readers hold all memory.
func TestPrefetchDoesNotPushOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{Memory: 4 << 20})
		hang := make(chan struct{})
		for i := range 32 {
			a := newArith(fmt.Sprint(i), 100)
			a.before = func(ctx context.Context, _, _, _ int64) error { <-hang; return nil }
			h := open(t, c, a)
			go h.ReadAt(t.Context(), make([]byte, 1), 0)
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Prefetch(ctx, newArith("early", 100), 100); err == nil {
			t.Error("it found room")
		}
		close(hang)
		synctest.Wait()
	})
}

// TestTurnThatIsNotNeededGoesOn gives turns to those whose file has come by
// another way meanwhile.
func TestTurnThatIsNotNeededGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{MaxFetches: 4})
		hang := make(chan struct{})
		for i := range 3 { // as many as may be ahead
			o := newArith(fmt.Sprint(i), 100)
			o.before = func(context.Context, int64, int64, int64) error { <-hang; return nil }
			go c.Prefetch(t.Context(), o, 100)
		}
		a, b := newArith("a", 100), newArith("b", 100)
		for range 4 { // one for each of those, and for the reader of a
			synctest.Wait()
			go c.Prefetch(t.Context(), a, 100)
		}
		synctest.Wait()
		ended := make(chan error, 1)
		go func() { ended <- c.Prefetch(t.Context(), b, 100) }()
		synctest.Wait()
		check(t, open(t, c, a), a, 0, 100)
		close(hang)
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Error("no turn comes, and all slots are free")
		}
		synctest.Wait()
	})
}
