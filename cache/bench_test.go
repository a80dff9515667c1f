package cache

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// network is what S3 gives: 30 ms to the first byte, and 80 MB/s per range.
const (
	firstByte = 30 * time.Millisecond
	perRange  = 80e6
)

// slow makes the ranges of a arrive as over network.
func slow(a *arith) *arith {
	a.before = func(ctx context.Context, _, _, _ int64) error {
		select {
		case <-time.After(firstByte):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	a.body = func(_ context.Context, _, _, _ int64, right io.Reader) io.Reader {
		return &paced{r: right, began: time.Now()}
	}
	return a
}

type paced struct {
	r     io.Reader
	began time.Time
	n     int64
}

func (p *paced) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.n += int64(n)
	due := p.began.Add(time.Duration(float64(p.n) / perRange * 1e9))
	time.Sleep(time.Until(due))
	return n, err
}

// zeros is as cheap as an object can be: the cache alone is measured.
type zeros struct {
	*arith
}

func (z zeros) Range(ctx context.Context, off, n int64) (io.ReadCloser, error) {
	z.asked.Add(1)
	if z.before != nil {
		if err := z.before(ctx, 0, off, n); err != nil {
			return nil, err
		}
	}
	r := io.LimitReader(zero{}, n)
	if z.body != nil {
		r = z.body(ctx, 0, off, n, r)
	}
	return &arithBody{a: z.arith, ctx: ctx, r: r}, nil
}

type zero struct{}

func (zero) Read(p []byte) (int, error) {
	clear(p) // the memory is written to, as by a network
	return len(p), nil
}

func BenchmarkSequential(b *testing.B) {
	const size = 1 << 30
	for _, latency := range []bool{false, true} {
		for _, request := range []int64{128 << 10, 1 << 20} {
			for _, readers := range []int{1, 4} {
				name := fmt.Sprintf("latency=%v/request=%dK/readers=%d", latency, request>>10, readers)
				b.Run(name, func(b *testing.B) {
					b.SetBytes(size)
					for b.Loop() {
						c := newCache(b, Config{})
						a := newArith("a", size)
						if latency {
							slow(a)
						}
						readAll(b, c, zeros{a}, request, readers)
						b.ReportMetric(float64(a.asked.Load()), "ranges/op")
						b.ReportMetric(float64(a.bytes.Load())/size, "fetched/read")
						c.Close()
					}
				})
			}
		}
	}
}

// readAll reads o once from start to end on one handle, in requests that
// several goroutines take in turns, as the kernel's read-ahead does.
func readAll(b *testing.B, c *Cache, o Object, request int64, readers int) {
	h := c.Open(o)
	defer h.Close()
	var wg sync.WaitGroup
	var mu sync.Mutex
	next := int64(0)
	for range readers {
		wg.Go(func() {
			p := make([]byte, request)
			for {
				mu.Lock()
				off := next
				next += request
				mu.Unlock()
				if off >= o.Size() {
					return
				}
				if _, err := h.ReadAt(b.Context(), p, off); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkFloor(b *testing.B) {
	const size, ranges = 1 << 30, 16
	b.SetBytes(size)
	for b.Loop() {
		a := slow(newArith("a", size))
		var wg sync.WaitGroup
		for i := range int64(ranges) {
			wg.Go(func() {
				body, _ := zeros{a}.Range(b.Context(), i*size/ranges, size/ranges)
				p := make([]byte, BlockSize)
				for {
					if _, err := io.ReadFull(body, p); err != nil {
						return
					}
				}
			})
		}
		wg.Wait()
	}
}

func BenchmarkRandom(b *testing.B) {
	for _, latency := range []bool{false, true} {
		for _, threads := range []int{1, 16} {
			b.Run(fmt.Sprintf("latency=%v/threads=%d", latency, threads), func(b *testing.B) {
				const size, n = 1 << 30, 128 << 10
				c := newCache(b, Config{})
				a := newArith("a", size)
				if latency {
					slow(a)
				}
				h := c.Open(zeros{a})
				defer h.Close()
				b.SetBytes(n)
				var reads int64
				for b.Loop() {
					var wg sync.WaitGroup
					for range threads {
						wg.Go(func() {
							if _, err := h.ReadAt(b.Context(), make([]byte, n), rand.Int64N(size-n)); err != nil {
								b.Error(err)
							}
						})
					}
					wg.Wait()
					reads += int64(threads)
				}
				b.SetBytes(n * int64(threads))
				b.ReportMetric(float64(a.bytes.Load())/float64(reads*n), "fetched/read")
			})
		}
	}
}

// BenchmarkDisk reads a file that is not on disk yet, and one that is.
func BenchmarkDisk(b *testing.B) {
	const size = 1 << 30
	for _, latency := range []bool{false, true} {
		b.Run(fmt.Sprintf("fill/latency=%v", latency), func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				a := newArith("a", size)
				if latency {
					slow(a)
				}
				c := newCache(b, Config{Dir: b.TempDir()})
				readAll(b, c, zeros{a}, 1<<20, 4)
				b.ReportMetric(float64(c.Stats().DiskUsed)/size, "kept/read")
				c.Close()
			}
		})
	}
	b.Run("again", func(b *testing.B) {
		dir := b.TempDir()
		a := newArith("a", size)
		for range 3 { // what the queue has no room for is written by the next run
			c := newCache(b, Config{Dir: dir})
			readAll(b, c, zeros{a}, 1<<20, 4)
			written(b, c)
			c.Close()
		}
		before := a.asked.Load()
		b.SetBytes(size)
		var runs float64
		for b.Loop() {
			c := newCache(b, Config{Dir: dir})
			readAll(b, c, zeros{a}, 1<<20, 4)
			c.Close()
			runs++
		}
		b.ReportMetric(float64(a.asked.Load()-before)/runs, "ranges/op")
	})
}

func BenchmarkHit(b *testing.B) {
	c := newCache(b, Config{})
	h := c.Open(zeros{newArith("a", 64<<20)})
	defer h.Close()
	p := make([]byte, 1<<20)
	b.SetBytes(int64(len(p)))
	off := int64(0)
	for b.Loop() {
		if _, err := h.ReadAt(b.Context(), p, off); err != nil {
			b.Fatal(err)
		}
		off = (off + int64(len(p))) % (64 << 20)
	}
}
