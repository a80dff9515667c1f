package cache

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"codeoceanfs/cache/window"
)

func (c *Cache) buffers() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return int64(len(c.mem.slabs)) * slabBlocks * BlockSize
}

func TestMemoryStaysInItsBudgetWhateverIsOpen(t *testing.T) {
	for _, handles := range []int{1, 16, 64} {
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

func TestReadersTakeFromReadAheadWhenNothingElseIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{Memory: leastMemory})
		for i := range 2 * leastMemory / BlockSize {
			a := slow(newArith(fmt.Sprint(i), 64<<20))
			check(t, open(t, c, a), a, 0, 1) // and three blocks that nobody reads
		}
	})
}

func TestMemoryGoesToTheNextAsSoonAsAReaderIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{Memory: leastMemory})
		a := newArith("a", 1<<30)
		h := open(t, c, a)
		var held []*block
		for i := range int64(leastMemory / BlockSize) {
			r := &request{handle: h, span: window.Span{From: 5 * i, To: 5*i + 1}}
			b, err := r.hold(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, b)
		}
		synctest.Wait() // every fetch has ended
		got := make(chan error, 1)
		go func() { got <- verify(t.Context(), h, a, 1<<29, 10) }()
		synctest.Wait()
		if n := c.Stats().Waiting; n != 1 {
			t.Errorf("%d in line", n)
		}
		c.letGo(held[7])
		if err := <-got; err != nil {
			t.Error(err)
		}
		for i, b := range held {
			if i != 7 {
				c.letGo(b)
			}
		}
	})
}

func TestMemoryIsThereBeforeALongFetchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{Memory: leastMemory})
		var wg sync.WaitGroup
		for i := range 4 {
			a := newArith(fmt.Sprint(i), 3<<20)
			a.body = func(_ context.Context, _, _, _ int64, right io.Reader) io.Reader {
				return reader(func(p []byte) (int, error) {
					time.Sleep(time.Second) // for a block
					return right.Read(p)
				})
			}
			h := open(t, c, a)
			wg.Go(func() { _ = verify(t.Context(), h, a, 0, a.size) })
		}
		synctest.Wait()
		last := newArith("last", 10)
		began := time.Now()
		check(t, open(t, c, last), last, 0, 10)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("waited %v for memory", took)
		}
		wg.Wait()
	})
}

func TestLargeReadLeavesMemoryToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{Memory: 8 << 20})
		a := newArith("a", 64<<20)
		release := gate(a)
		h := open(t, c, a)
		got := make(chan error, 1)
		go func() { got <- verify(t.Context(), h, a, 0, a.size) }()
		synctest.Wait()
		if s := c.Stats(); s.MemoryUsed > s.MemoryLimit*aheadPart/4 {
			t.Errorf("%d bytes of %d", s.MemoryUsed, s.MemoryLimit)
		}
		release()
		if err := <-got; err != nil {
			t.Error(err)
		}
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
