package cache

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// link is a network of so many bytes a second, which all bodies share evenly.
type link struct {
	rate int64
	mu   sync.Mutex
	free time.Time // mu guards it
}

func (l *link) take(ctx context.Context, n int) error {
	l.mu.Lock()
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(int64(n) * int64(time.Second) / l.rate))
	wait := time.Until(l.free)
	l.mu.Unlock()
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// body has the right bytes come over the link.
func (l *link) body(ctx context.Context, _, _, _ int64, right io.Reader) io.Reader {
	return reader(func(p []byte) (int, error) {
		n, err := right.Read(p[:min(len(p), 16<<10)])
		if late := l.take(ctx, n); late != nil {
			return 0, late
		}
		return n, err
	})
}

// TestSlowNetworkIsNotCrowded reads files from their beginning to their end, by
// requests of a MiB as a kernel makes, over slow networks: what is fetched ahead
// does not take so much from what is waited for that this is late.
func TestSlowNetworkIsNotCrowded(t *testing.T) {
	for _, test := range []struct {
		rate    int64
		readers int
	}{{125_000, 1}, {250_000, 1}, {500_000, 1}, {1_000_000, 4}} {
		t.Run(fmt.Sprintf("%d by %d", test.rate, test.readers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const size, request = 128 << 20, 1 << 20
				c := newCache(t, Config{Memory: 256 << 20})
				l := &link{rate: test.rate}
				began := time.Now()
				var wg sync.WaitGroup
				for i := range test.readers {
					a := newArith(fmt.Sprint(i), size)
					a.body = l.body
					h := open(t, c, a)
					wg.Go(func() {
						worst := time.Duration(0)
						for off := int64(0); off < size; off += request {
							ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
							start := time.Now()
							err := verify(ctx, h, a, off, request)
							cancel()
							worst = max(worst, time.Since(start))
							if err != nil {
								t.Errorf("after %v: %v", time.Since(began), err)
								return
							}
						}
						t.Logf("the longest read took %v", worst)
					})
				}
				wg.Wait()
				if took, least := time.Since(began), time.Duration(test.readers*size/int(test.rate))*time.Second; took > least*11/10 {
					t.Errorf("it took %v, where the network takes %v", took, least)
				}
			})
		})
	}
}

// TestSlowNetworkIsNotCrowdedByFiles has files fetched before they are opened, as
// many as there may be, over a network of 1 Mbit/s.
func TestSlowNetworkIsNotCrowdedByFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, Config{Memory: 256 << 20})
		l := &link{rate: 125_000}
		var files []*arith
		for i := range 60 {
			a := newArith(fmt.Sprint(i), 500_000)
			a.body = l.body
			files = append(files, a)
		}
		for i, a := range files {
			for _, next := range files[i:min(i+30, len(files))] {
				go c.Prefetch(t.Context(), next, next.size)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			err := verify(ctx, open(t, c, a), a, 0, a.size)
			cancel()
			if err != nil {
				t.Fatalf("file %d: %v", i, err)
			}
		}
	})
}
