package cache

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

var errServer = errors.New("the server is on fire")

func TestFailuresAreReturnedAndNotRemembered(t *testing.T) {
	bodies := map[string]func(right io.Reader, n int64) io.Reader{
		"short by one byte": func(r io.Reader, n int64) io.Reader { return io.LimitReader(r, n-1) },
		"empty":             func(io.Reader, int64) io.Reader { return bytes.NewReader(nil) },
		"long by one byte":  func(r io.Reader, n int64) io.Reader { return io.MultiReader(r, bytes.NewReader([]byte{1})) },
		"error in between": func(r io.Reader, n int64) io.Reader {
			return io.MultiReader(io.LimitReader(r, n/2), iotest.ErrReader(errServer))
		},
		"error at the end": func(r io.Reader, n int64) io.Reader { return io.MultiReader(r, iotest.ErrReader(errServer)) },
	}
	for name, fault := range bodies {
		for _, size := range []int64{1, 5, BlockSize, 3*BlockSize + 5} {
			t.Run(name, func(t *testing.T) {
				c := newCache(t, Config{})
				a := newArith("a", size)
				broken := true
				a.body = func(_ context.Context, _, _, n int64, right io.Reader) io.Reader {
					if broken {
						return fault(right, n)
					}
					return right
				}
				h := open(t, c, a)
				last := (size - 1) / BlockSize * BlockSize
				if err := verify(t.Context(), h, a, last, size); err == nil {
					t.Fatal("no error")
				}
				if held := c.Stats().MemoryUsed; size <= BlockSize && held != 0 {
					t.Errorf("%d bytes of it are kept", held)
				}
				broken = false
				check(t, h, a, 0, size)
			})
		}
	}
}

func TestNothingOfABodyThatIsTooLongIsKept(t *testing.T) {
	c := newCache(t, Config{})
	a := newArith("a", 4*BlockSize)
	a.body = func(_ context.Context, _, _, _ int64, right io.Reader) io.Reader {
		return io.MultiReader(right, bytes.NewReader([]byte{1}))
	}
	err := verify(t.Context(), open(t, c, a), a, 0, a.size)
	if !errors.Is(err, errLong) {
		t.Error(err)
	}
	if held := c.Stats().MemoryUsed; held != 0 {
		t.Errorf("%d bytes are kept", held)
	}
}

func TestFailureOfRangeIsWrapped(t *testing.T) {
	c := newCache(t, Config{})
	a := newArith("a", 100)
	a.before = func(context.Context, int64, int64, int64) error { return errServer }
	if err := verify(t.Context(), open(t, c, a), a, 0, 1); !errors.Is(err, errServer) {
		t.Error(err)
	}
	if n := a.asked.Load(); n != 1 {
		t.Errorf("asked %d times: repeating is for the object to decide", n)
	}
}

func TestFailureAheadDoesNotHurtTheReader(t *testing.T) {
	c := newCache(t, Config{})
	a := newArith("a", 64<<20)
	var failed atomic.Int64
	a.before = func(_ context.Context, _, off, n int64) error {
		// The first time any range of more than a block is asked for, it fails.
		if n > BlockSize && off > 0 && failed.Add(1)%2 == 1 {
			return errServer
		}
		return nil
	}
	h := open(t, c, a)
	for off := int64(0); off < a.size; off += BlockSize {
		check(t, h, a, off, BlockSize)
	}
	if failed.Load() == 0 {
		t.Error("nothing failed")
	}
}

func TestFollowersOfAFailureAskOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := newArith("a", 1<<30)
		a.before = func(ctx context.Context, n, _, _ int64) error {
			time.Sleep(time.Second)
			if n == 0 {
				return errServer
			}
			return nil
		}
		h := open(t, c, a)
		var failures atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if verify(t.Context(), h, a, 500<<20, 10) != nil {
					failures.Add(1)
				}
			})
		}
		wg.Wait()
		if n := failures.Load(); n != 1 {
			t.Errorf("%d reads failed, want the one that asked", n)
		}
		if n := a.asked.Load(); n != 2 {
			t.Errorf("%d ranges, want the one that failed and one more", n)
		}
	})
}

func TestStalledFetchFailsByItself(t *testing.T) {
	for name, stall := range map[string]func(a *arith){
		"before the first byte": func(a *arith) {
			a.before = func(ctx context.Context, _, _, _ int64) error {
				<-ctx.Done()
				return ctx.Err()
			}
		},
		"in the body": func(a *arith) {
			a.body = func(ctx context.Context, _, _, _ int64, right io.Reader) io.Reader {
				return io.MultiReader(io.LimitReader(right, 2*BlockSize+5), reader(func([]byte) (int, error) {
					<-ctx.Done()
					return 0, ctx.Err()
				}))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCache(t, Config{})
				a := newArith("a", 1<<20)
				stall(a)
				h := open(t, c, a)
				began := time.Now()
				err := verify(t.Context(), h, a, 0, a.size)
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error(err)
				}
				if took := time.Since(began); took > leastStall+time.Second {
					t.Errorf("it took %v", took)
				}
				a.before, a.body = nil, nil
				check(t, h, a, 0, a.size)
			})
		})
	}
}

// TestStallAsConfigured has an object that takes longer than usual, and may.
func TestStallAsConfigured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{Stall: 4 * time.Minute})
		a := newArith("a", 100)
		a.before = func(ctx context.Context, _, _, _ int64) error {
			select {
			case <-time.After(3 * time.Minute):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		check(t, open(t, c, a), a, 0, a.size)
	})
}

func TestSlowFetchIsNotStalled(t *testing.T) {
	// 250 kbit/s: a range of 4 MiB takes more than two minutes.
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{})
		a := newArith("a", 8<<20)
		a.body = func(_ context.Context, _, _, _ int64, right io.Reader) io.Reader {
			return reader(func(p []byte) (int, error) {
				n, err := right.Read(p[:min(len(p), 16<<10)])
				time.Sleep(time.Duration(n) * 32 * time.Microsecond)
				return n, err
			})
		}
		check(t, open(t, c, a), a, 0, a.size)
	})
}

type reader func(p []byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }

// expected tells whether err is one of those that the faults here cause.
func expected(err error) bool {
	return errors.Is(err, errServer) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errLong)
}
