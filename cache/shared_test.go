package cache

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// gate makes every range of a wait until the returned function is called.
func gate(a *arith) (openGate func()) {
	ch := make(chan struct{})
	a.before = func(ctx context.Context, _, _, _ int64) error {
		select {
		case <-ch:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return sync.OnceFunc(func() { close(ch) })
}

func TestOneDownloadForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := newArith("a", 1<<20)
		release := gate(a)
		var wg sync.WaitGroup
		for range 50 {
			h := c.Open(a) // handles of their own: it is the file that is shared
			wg.Go(func() {
				defer h.Close()
				if err := verify(t.Context(), h, a, 1000, 100_000); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		release()
		wg.Wait()
		if n := a.asked.Load(); n != 1 {
			t.Errorf("%d ranges for one block", n)
		}
	})
}

func TestCallersContextEndsItsOwnWaitOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := newArith("a", 1<<20)
		release := gate(a)
		h := open(t, c, a)
		ctx, cancel := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { first <- verify(ctx, h, a, 0, 10) }()
		synctest.Wait()
		go func() { second <- verify(t.Context(), h, a, 0, 10) }()
		synctest.Wait()

		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("first: %v", err)
		}
		release()
		if err := <-second; err != nil {
			t.Errorf("second: %v", err)
		}
		if n := a.asked.Load(); n != 1 {
			t.Errorf("%d ranges", n)
		}
	})
}

func TestBlocksAreReadableBeforeTheirRangeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := newArith("a", 4*BlockSize)
		a.body = func(_ context.Context, _, _, _ int64, right io.Reader) io.Reader {
			return &paced{r: right, began: time.Now()}
		}
		began := time.Now()
		check(t, open(t, c, a), a, 0, BlockSize)
		if took, whole := time.Since(began), time.Duration(4*BlockSize/perRange*1e9); took > whole/2 {
			t.Errorf("the first block took %v, all of the file %v", took, whole)
		}
	})
}

func TestCloseEndsReadsAndFetches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := newArith("a", 1<<20)
		gate(a)
		h := open(t, c, a)
		got := make(chan error, 1)
		go func() { got <- verify(t.Context(), h, a, 0, 10) }()
		synctest.Wait()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := <-got; !errors.Is(err, fs.ErrClosed) {
			t.Error(err)
		}
		if err := verify(t.Context(), h, a, 0, 10); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("after close: %v", err)
		}
	})
}

func TestClosingAHandleGivesUpItsReadAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := slow(newArith("a", 1<<30))
		h := c.Open(a)
		const read = 8 << 20
		for off := int64(0); off < read; off += BlockSize {
			check(t, h, a, off, BlockSize)
		}
		if c.Stats().InFlight < 8 {
			t.Errorf("%d fetches in flight", c.Stats().InFlight)
		}
		h.Close()
		before := a.bytes.Load()
		synctest.Wait()
		time.Sleep(time.Minute)
		if more := a.bytes.Load() - before; more > 32*leftToFinish*BlockSize {
			t.Errorf("%d bytes were fetched for a closed handle", more)
		}
		if n := a.open.Load(); n != 0 {
			t.Errorf("%d bodies not closed", n)
		}
		if err := verify(t.Context(), h, a, 0, 1); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("read of a closed handle: %v", err)
		}
	})
}

func TestReadAheadOthersWaitForIsNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := slow(newArith("a", 1<<30))
		h, other := c.Open(a), open(t, c, a)
		for off := int64(0); off < 4<<20; off += BlockSize {
			check(t, h, a, off, BlockSize)
		}
		synctest.Wait()
		asked := a.asked.Load()
		got := make(chan error, 1)
		go func() { got <- verify(t.Context(), other, a, 5<<20, 10) }()
		synctest.Wait()
		h.Close()
		if err := <-got; err != nil {
			t.Error(err)
		}
		if n := a.asked.Load() - asked; n != 0 {
			t.Errorf("%d more ranges", n)
		}
	})
}

func TestBlocksOutliveTheirHandle(t *testing.T) {
	c := newCache(t, Config{})
	a := newArith("a", 1<<20)
	for range 3 {
		h := c.Open(a)
		check(t, h, a, 0, 1<<20)
		h.Close()
	}
	if n := a.asked.Load(); n != 1 {
		t.Errorf("%d ranges", n)
	}
}

func TestEqualKeysOfDifferentSizesAreDifferentFiles(t *testing.T) {
	c := newCache(t, Config{})
	a, b := newArith("a", 1000), newArith("a", 2000)
	check(t, open(t, c, a), a, 0, 5000)
	check(t, open(t, c, b), b, 0, 5000)
}
