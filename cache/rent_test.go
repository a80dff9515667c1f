package cache

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"codeoceanfs/cache/window"
)

// randomReads reads n blocks of a anywhere, and counts what it cost.
func randomReads(t *testing.T, h *Handle, a *arith, rng *rand.Rand, n int) (mean time.Duration) {
	t.Helper()
	began := time.Now()
	for range n {
		check(t, h, a, rng.Int64N(a.size/BlockSize)*BlockSize, BlockSize)
	}
	return time.Since(began) / time.Duration(n)
}

func TestSparseReaderGetsWhatItReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := slow(newArith("a", 256<<20))
		randomReads(t, open(t, c, a), a, rand.New(rand.NewPCG(1, 1)), 20)
		if n := a.bytes.Load(); n > 25*BlockSize {
			t.Errorf("%d bytes fetched for 20 reads of a block", n)
		}
	})
}

func TestDenseReaderSoonWaitsForEverySecondReadOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := slow(newArith("a", 256<<20))
		h := open(t, c, a)
		rng := rand.New(rand.NewPCG(1, 1))
		first := randomReads(t, h, a, rng, 20)
		if then := randomReads(t, h, a, rng, 280); then > first*6/10 {
			t.Errorf("%v a read, and then %v", first, then)
		}
		if n := a.bytes.Load(); n > a.size*3/4 {
			t.Errorf("%d bytes fetched of %d", n, a.size)
		}
		if n := len(h.owned); n > 1 {
			t.Errorf("%d blocks count as this reader's read-ahead", n)
		}
	})
}

func TestBoughtStaysInTheMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{Memory: 16 << 20})
		var wg sync.WaitGroup
		for i := range 3 {
			a := slow(newArith(string(rune('a'+i)), 64<<20))
			h := open(t, c, a)
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(1, uint64(i)))
				for range 200 {
					if err := verify(t.Context(), h, a, rng.Int64N(a.size-10), 10); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		if most := c.mem.limit * aheadPart / 4; c.bought == 0 || c.bought > most+window.MaxRange {
			t.Errorf("%d blocks bought, of %d", c.bought, most)
		}
	})
}

func TestNothingIsBoughtForAFileThatIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := slow(newArith("a", 1<<30))
		h := c.Open(a)
		rng := rand.New(rand.NewPCG(1, 1))
		for c.bought == 0 {
			randomReads(t, h, a, rng, 1)
		}
		h.Close()
		before := a.bytes.Load()
		time.Sleep(time.Minute)
		synctest.Wait()
		if more := a.bytes.Load() - before; more > 32*leftToFinish*BlockSize {
			t.Errorf("%d bytes were fetched for a closed file", more)
		}
		if c.bought != 0 {
			t.Errorf("%d blocks count as bought", c.bought)
		}
	})
}
