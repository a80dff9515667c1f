package cache

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
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

// operationsVar makes the model run for so many reads a seed; see
// TestModelForLong.
const operationsVar = "CODEOCEANFS_MODEL_OPERATIONS"

// TestModelForLong is TestModel for hours, in a cache that is not quite as
// small, with a disk. It only runs when told how long.
func TestModelForLong(t *testing.T) {
	n, err := strconv.ParseInt(os.Getenv(operationsVar), 10, 64)
	if err != nil {
		t.Skip("set " + operationsVar + " to the number of reads")
	}
	for seed := range uint64(2) {
		rng := rand.New(rand.NewPCG(seed, 5))
		for done := int64(0); done < n; {
			done += model(t, rng, Config{Memory: 32 << 20, Dir: t.TempDir(), DiskSize: 64 << 20})
		}
	}
}

// model returns how many reads it made.
func model(t *testing.T, rng *rand.Rand, cfg Config) (operations int64) {
	var throttled atomic.Bool
	cfg.Throttled = throttled.Load
	c := newCache(t, cfg)
	var objects []*arith
	for i, size := range []int64{0, 1, BlockSize - 1, 5 * BlockSize, 3<<20 + 7, 40 << 20, 5 << 30} {
		a := newArith(fmt.Sprint("file", i), size)
		unreliable(a)
		objects = append(objects, a)
	}
	const workers, rounds = 12, 6
	var wg sync.WaitGroup
	var operated atomic.Int64
	for range workers {
		seed := rng.Uint64()
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 2))
			for range rounds {
				a := objects[rng.IntN(len(objects))]
				throttled.Store(rng.IntN(4) == 0)
				if err := session(t.Context(), rng, c, a, &operated); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if s := c.Stats(); s.Handles != 0 || s.Waiting != 0 || s.MemoryUsed > s.MemoryLimit {
		t.Errorf("at the end: %+v", s)
	}
	if c.lent != 0 || c.bought != 0 {
		t.Errorf("at the end %d blocks are lent, and %d bought", c.lent, c.bought)
	}
	if got := c.buffers(); got > cfg.Memory {
		t.Errorf("%d bytes of buffers", got)
	}
	for _, a := range objects {
		if a.bytes.Load() > 0 && a.size == 0 {
			t.Error("bytes of an empty file")
		}
	}
	return operated.Load()
}

// session opens a, reads in one of several ways, and closes it. Some of what is
// lent it keeps for a while, and compares at the end.
func session(ctx context.Context, rng *rand.Rand, c *Cache, a *arith, operated *atomic.Int64) error {
	h := c.Open(a)
	defer h.Close()
	var loans loans
	defer loans.release()
	off := rng.Int64N(a.size + 1)
	way := rng.IntN(7)
	step := rng.Int64N(8<<20) - 4<<20
	for range 1 + rng.IntN(40) {
		operated.Add(1)
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
		case 5: // in equal steps
			n = 1 + rng.Int64N(1000)
			off = max(0, off+step)
		case 6: // bits anywhere, many of them
			n = 100
			off = rng.Int64N(a.size + 1)
		}
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		if rng.IntN(20) == 0 {
			time.AfterFunc(time.Duration(rng.IntN(1000))*time.Microsecond, cancel)
		}
		l, err := h.Lend(ctx, make([]byte, n), off)
		cancelled := ctx.Err() != nil
		cancel()
		switch {
		case err == nil:
			if err := loans.compare(a, l, off, n, rng.IntN(4) == 0); err != nil {
				return err
			}
		case !cancelled && !expected(err):
			return err
		}
		off += n
	}
	return loans.compareAll(a)
}

// loans are those that a session keeps.
type loans []kept

type kept struct {
	*Loan
	off, n int64
}

// compare compares l, and keeps it or releases it.
func (ls *loans) compare(a *arith, l *Loan, off, n int64, keep bool) error {
	if keep {
		*ls = append(*ls, kept{l, off, n})
	} else {
		defer l.Release()
	}
	return a.compareLoan(l, off, n)
}

// compareAll compares what is kept once more.
func (ls *loans) compareAll(a *arith) error {
	for _, l := range *ls {
		if err := a.compareLoan(l.Loan, l.off, l.n); err != nil {
			return fmt.Errorf("changed while it was lent: %w", err)
		}
	}
	return nil
}

func (ls *loans) release() {
	for _, l := range *ls {
		l.Release()
	}
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
