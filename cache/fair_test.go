package cache

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// stream reads [from, to) of a onwards in single blocks.
func stream(t testing.TB, h *Handle, a *arith, from, to int64) {
	for off := from; off < to; off += BlockSize {
		if err := verify(t.Context(), h, a, off, BlockSize); err != nil {
			t.Error(err)
			return
		}
	}
}

// TestLateReaderGetsAnEqualShare lets one reader take all it can, of memory or
// of slots, before another begins.
func TestLateReaderGetsAnEqualShare(t *testing.T) {
	for name, cfg := range map[string]Config{
		"memory": {Memory: 16 << 20},
		"slots":  {MaxFetches: 16},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const size = 64 << 20
				c := newCache(t, cfg)
				a, b := slow(newArith("a", 2*size)), slow(newArith("b", size))
				ha, hb := open(t, c, a), open(t, c, b)
				stream(t, ha, a, 0, size/2)

				var wg sync.WaitGroup
				var took [2]time.Duration
				began := time.Now()
				wg.Go(func() { stream(t, ha, a, size/2, 3*size/2); took[0] = time.Since(began) })
				wg.Go(func() { stream(t, hb, b, 0, size); took[1] = time.Since(began) })
				wg.Wait()
				const ramp = 150 * time.Millisecond // the first reader had its before
				if took[1] > took[0]*13/10+ramp {
					t.Errorf("%v, and %v for the one that came later", took[0], took[1])
				}
			})
		})
	}
}

func TestFilesLeftOpenTakeNoShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 96 << 20
		c := newCache(t, Config{Memory: 64 << 20})
		for i := range 20 {
			a := slow(newArith(fmt.Sprint("idle", i), size))
			h := open(t, c, a)
			stream(t, h, a, 0, 1<<20)
		}
		time.Sleep(2 * idle)
		a := slow(newArith("busy", size))
		h := open(t, c, a)
		began := time.Now()
		stream(t, h, a, 0, size)
		rate := size / time.Since(began).Seconds()
		if rate < 4*perRange {
			t.Errorf("%.0f MB/s with 20 idle files", rate/1e6)
		}
	})
}

func TestHungFileLeavesTheOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{Memory: 64 << 20, MaxFetches: 8})
		hung := newArith("hung", 1<<30)
		release := gate(hung)
		hh := open(t, c, hung)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for i := range int64(100) {
			wg.Go(func() { _ = verify(ctx, hh, hung, i<<22, 1<<20) })
		}
		synctest.Wait()

		healthy := slow(newArith("healthy", 16<<20))
		h := open(t, c, healthy)
		began := time.Now()
		check(t, h, healthy, 0, healthy.size)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("a healthy file took %v", took)
		}
		cancel()
		wg.Wait()
		release()
	})
}

func TestSlotForReadingAheadGoesToWhoWishesForOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a, b := slow(newArith("a", 64<<20)), newArith("b", 1)
		h := open(t, c, a)
		take := func(n int) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.slots.ahead += n
		}
		take(c.slots.limit)
		stream(t, h, a, 0, 1<<20)
		take(-c.slots.limit)
		if n := c.Stats().Ahead; n != 0 {
			t.Fatalf("%d fetches ahead without a slot", n)
		}
		check(t, open(t, c, b), b, 0, 1) // a fetch of somebody else ends
		synctest.Wait()
		if n := c.Stats().Ahead; n == 0 {
			t.Error("the slot went to nobody")
		}
	})
}

func TestLeftStreamIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := slow(newArith("a", 1<<30))
		h := open(t, c, a)
		stream(t, h, a, 0, 8<<20)
		rng := rand.New(rand.NewPCG(1, 1))
		for range 80 {
			check(t, h, a, 1<<29+rng.Int64N(1<<29-1), 1)
		}
		if n := len(h.owned); n > 0 {
			t.Errorf("%d blocks of it still count as wanted", n)
		}
	})
}
