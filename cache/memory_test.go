package cache

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func (c *Cache) buffers() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return int64(len(c.mem.slabs)) * slabBlocks * BlockSize
}

func TestMemoryStaysInItsBudgetWhateverIsOpen(t *testing.T) {
	for _, handles := range []int{1, 16, 100} {
		t.Run(fmt.Sprint(handles), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const memory, size = 8 << 20, 2 << 20
				c := newCache(t, Config{Memory: memory})
				var wg sync.WaitGroup
				for i := range handles {
					a := slow(newArith(fmt.Sprint(i), size))
					h := open(t, c, a)
					for t0 := range int64(2) { // two threads each, in turns
						wg.Go(func() {
							const n = 256 << 10
							for off := t0 * n; off < size; off += 2 * n {
								if err := verify(t.Context(), h, a, off, n); err != nil {
									t.Error(err)
									return
								}
							}
						})
					}
				}
				wg.Wait()
				if got := c.buffers(); got > memory {
					t.Errorf("%d bytes of buffers, limit %d", got, memory)
				}
				if s := c.Stats(); s.MemoryUsed > memory || s.Waiting != 0 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

func TestTightMemoryIsNotWastedOnRefetching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const files, size = 16, 3 << 20
		c := newCache(t, Config{Memory: 8 << 20})
		var wg sync.WaitGroup
		var objects []*arith
		for i := range files {
			a := slow(newArith(fmt.Sprint(i), size))
			objects = append(objects, a)
			h := open(t, c, a)
			wg.Go(func() {
				for off := int64(0); off < size; off += BlockSize {
					if err := verify(t.Context(), h, a, off, BlockSize); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		var fetched int64
		for _, a := range objects {
			fetched += a.bytes.Load()
		}
		if fetched > files*size*11/10 {
			t.Errorf("%.2f bytes fetched for each one read", float64(fetched)/(files*size))
		}
	})
}

func TestSharesAreFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 32 << 20
		c := newCache(t, Config{Memory: 64 << 20})
		var mu sync.Mutex
		var took []time.Duration
		var wg sync.WaitGroup
		began := time.Now()
		for i := range 4 {
			a := slow(newArith(fmt.Sprint(i), size))
			h := open(t, c, a)
			wg.Go(func() {
				for off := int64(0); off < size; off += BlockSize {
					if err := verify(t.Context(), h, a, off, BlockSize); err != nil {
						t.Error(err)
						return
					}
				}
				mu.Lock()
				defer mu.Unlock()
				took = append(took, time.Since(began))
			})
		}
		wg.Wait()
		if first, last := took[0], took[3]; last > first*13/10 {
			t.Errorf("the first of four equal readers took %v, the last %v", first, last)
		}
	})
}

func TestFilesLeftOpenTakeNoShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 96 << 20
		c := newCache(t, Config{Memory: 64 << 20})
		for i := range 20 {
			a := slow(newArith(fmt.Sprint("idle", i), size))
			h := open(t, c, a)
			for off := int64(0); off < 1<<20; off += BlockSize {
				check(t, h, a, off, BlockSize)
			}
		}
		time.Sleep(2 * idle)
		a := slow(newArith("busy", size))
		h := open(t, c, a)
		began := time.Now()
		for off := int64(0); off < size; off += BlockSize {
			check(t, h, a, off, BlockSize)
		}
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

func TestTooLittleMemoryIsRefused(t *testing.T) {
	if _, err := New(Config{Memory: leastMemory - 1}); err == nil {
		t.Error("no error")
	}
	if _, err := New(Config{MaxFetches: -1}); err == nil {
		t.Error("no error")
	}
}
