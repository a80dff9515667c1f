package cache

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// TestModel makes random reads of all kinds, from many goroutines, through
// handles that come and go, with memory far too small and ranges that fail,
// stall and lie, and checks every byte and every length.
func TestModel(t *testing.T) {
	seeds := uint64(2)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			model(t, rand.New(rand.NewPCG(seed, 1)), Config{Memory: leastMemory, MaxFetches: 1 + int(seed)*5})
		})
	}
}

func model(t *testing.T, rng *rand.Rand, cfg Config) {
	c := newCache(t, cfg)
	var objects []*arith
	for i, size := range []int64{0, 1, BlockSize - 1, 5 * BlockSize, 3<<20 + 7, 40 << 20, 5 << 30} {
		a := newArith(fmt.Sprint("file", i), size)
		unreliable(a)
		objects = append(objects, a)
	}
	const workers, rounds = 12, 6
	var wg sync.WaitGroup
	for range workers {
		seed := rng.Uint64()
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 2))
			for range rounds {
				a := objects[rng.IntN(len(objects))]
				if err := session(t.Context(), rng, c, a); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if s := c.Stats(); s.Handles != 0 || s.Waiting != 0 || s.MemoryUsed > s.MemoryLimit {
		t.Errorf("at the end: %+v", s)
	}
	if got := c.buffers(); got > cfg.Memory {
		t.Errorf("%d bytes of buffers", got)
	}
	for _, a := range objects {
		if a.bytes.Load() > 0 && a.size == 0 {
			t.Error("bytes of an empty file")
		}
	}
}

// session opens a, reads in one of several ways, and closes it.
func session(ctx context.Context, rng *rand.Rand, c *Cache, a *arith) error {
	h := c.Open(a)
	defer h.Close()
	off := rng.Int64N(a.size + 1)
	way := rng.IntN(5)
	for range 1 + rng.IntN(30) {
		n := rng.Int64N(300 << 10)
		switch way {
		case 0: // anywhere
			off = rng.Int64N(a.size + 1)
		case 1: // onwards in small steps
			n = rng.Int64N(20 << 10)
		case 2: // onwards in large ones
			n = 1 << 20
		case 3: // with skips to and fro
			off = max(0, off+rng.Int64N(2<<20)-(1<<20))
		case 4: // backwards
			off = max(0, off-2*n)
		}
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		if rng.IntN(20) == 0 {
			time.AfterFunc(time.Duration(rng.IntN(1000))*time.Microsecond, cancel)
		}
		p := make([]byte, n)
		got, err := h.ReadAt(ctx, p, off)
		cancelled := ctx.Err() != nil
		cancel()
		switch {
		case err == nil:
			if err := a.compare(p[:got], off, n); err != nil {
				return err
			}
		case got != 0:
			return fmt.Errorf("%d bytes together with %w", got, err)
		case !cancelled && !expected(err):
			return err
		}
		off += n
	}
	return nil
}

// unreliable makes one range of a in eight go wrong, in some way that the
// cache must notice, and the others arrive in pieces.
func unreliable(a *arith) {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(a.seed, 3))
	dice := func(n int64) int64 {
		mu.Lock()
		defer mu.Unlock()
		return rng.Int64N(n)
	}
	a.before = func(context.Context, int64, int64, int64) error {
		if dice(30) == 0 {
			return errServer
		}
		return nil
	}
	a.body = func(_ context.Context, _, _, n int64, right io.Reader) io.Reader {
		pieces := reader(func(p []byte) (int, error) {
			if dice(16) == 0 {
				time.Sleep(time.Duration(dice(2000)) * time.Microsecond)
			}
			return right.Read(p[:1+dice(int64(len(p)))])
		})
		switch dice(30) {
		case 0:
			return io.LimitReader(pieces, dice(n))
		case 1:
			return io.MultiReader(pieces, bytes.NewReader([]byte("more")))
		case 2:
			return io.MultiReader(io.LimitReader(pieces, dice(n)), reader(func([]byte) (int, error) { return 0, errServer }))
		}
		return pieces
	}
}
