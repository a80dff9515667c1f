package cache

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
)

// The BenchmarkCore… are what a read costs beside its bytes' way: nothing waits
// for a network in them, so that their spread is small enough to compare two
// versions: make bench-core, before and after.

// filled is a handle of an object whose blocks are all in memory.
func filled(b *testing.B, c *Cache, name string, size int64) *Handle {
	h := c.Open(zeros{newArith(name, size)})
	b.Cleanup(h.Close)
	p := make([]byte, 1<<20)
	for off := int64(0); off < size; off += int64(len(p)) {
		if _, err := h.ReadAt(b.Context(), p, off); err != nil {
			b.Fatal(err)
		}
	}
	return h
}

// BenchmarkCoreHit reads what is there, in the sizes of the kernel's requests,
// in sequence and anywhere.
func BenchmarkCoreHit(b *testing.B) {
	const size = 64 << 20
	for _, n := range []int64{4 << 10, BlockSize, 1 << 20} {
		for _, anywhere := range []bool{false, true} {
			b.Run(fmt.Sprintf("%dK/anywhere=%v", n>>10, anywhere), func(b *testing.B) {
				h := filled(b, newCache(b, Config{}), "a", size)
				p, off, rng := make([]byte, n), int64(0), rand.New(rand.NewPCG(1, 1))
				b.SetBytes(n)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := h.ReadAt(b.Context(), p, off); err != nil {
						b.Fatal(err)
					}
					if off += n; anywhere || off >= size {
						off = rng.Int64N(size/n) * n
					}
				}
			})
		}
	}
}

// BenchmarkCoreHitParallel reads files that are there, from all cores at once:
// what they wait for each other shows.
func BenchmarkCoreHitParallel(b *testing.B) {
	const size, n = 16 << 20, 4 << 10
	c := newCache(b, Config{})
	var handles []*Handle
	for i := range 8 {
		handles = append(handles, filled(b, c, fmt.Sprint("file", i), size))
	}
	var next atomic.Int64
	b.SetBytes(n)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		h, p, off := handles[int(next.Add(1))%len(handles)], make([]byte, n), int64(0)
		for pb.Next() {
			if _, err := h.ReadAt(b.Context(), p, off); err != nil {
				b.Error(err)
				return
			}
			off = (off + n) % size
		}
	})
}

// BenchmarkCoreOpen opens a file that is there, reads a little, and closes it.
func BenchmarkCoreOpen(b *testing.B) {
	c := newCache(b, Config{})
	o := zeros{newArith("a", 32<<10)}
	p := make([]byte, 32<<10)
	b.ReportAllocs()
	for b.Loop() {
		h := c.Open(o)
		if _, err := h.ReadAt(b.Context(), p, 0); err != nil {
			b.Fatal(err)
		}
		h.Close()
	}
}

// BenchmarkCoreEvict streams through a memory that holds a sixteenth of the
// file: every block is asked for, arrives, is read and makes room.
func BenchmarkCoreEvict(b *testing.B) {
	const size, memory = 256 << 20, 16 << 20
	p := make([]byte, 1<<20)
	b.SetBytes(size)
	b.ReportAllocs()
	c := newCache(b, Config{Memory: memory})
	for b.Loop() {
		h := c.Open(zeros{newArith("a", size)})
		for off := int64(0); off < size; off += int64(len(p)) {
			if _, err := h.ReadAt(b.Context(), p, off); err != nil {
				b.Fatal(err)
			}
		}
		h.Close()
	}
}
