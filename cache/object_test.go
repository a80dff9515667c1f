package cache

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
)

// arith is an Object whose bytes are computed from its name and the offset, so
// that every read of it can be checked without a copy.
type arith struct {
	name string
	size int64
	seed uint64

	// Faults. before is called for the n-th range (from 0) and may fail it;
	// body may put another body in the place of the right one.
	before func(ctx context.Context, n, off, size int64) error
	body   func(ctx context.Context, n, off, size int64, right io.Reader) io.Reader

	asked atomic.Int64 // ranges
	bytes atomic.Int64 // bytes that readers of bodies took

	mu     sync.Mutex
	ranges [][2]int64 // offset and length of each
	open   atomic.Int64
}

func newArith(name string, size int64) *arith {
	seed := uint64(14695981039346656037)
	for _, c := range []byte(name) {
		seed = (seed ^ uint64(c)) * 1099511628211
	}
	return &arith{name: name, size: size, seed: seed}
}

func (a *arith) Key() string { return a.name }
func (a *arith) Size() int64 { return a.size }

// word is the eight bytes at 8*i: splitmix64, so that no two blocks, files or
// shifts of them are alike.
func (a *arith) word(i int64) uint64 {
	z := a.seed + uint64(i)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// fill writes the bytes from off on into p.
func (a *arith) fill(p []byte, off int64) {
	for len(p) > 0 && off%8 != 0 {
		p[0] = byte(a.word(off/8) >> (8 * (off % 8)))
		p, off = p[1:], off+1
	}
	for ; len(p) >= 8; p, off = p[8:], off+8 {
		binary.LittleEndian.PutUint64(p, a.word(off/8))
	}
	for i := range p {
		p[i] = byte(a.word(off/8) >> (8 * i))
	}
}

func (a *arith) Range(ctx context.Context, off, n int64) (io.ReadCloser, error) {
	if off < 0 || n <= 0 || off+n > a.size {
		panic(fmt.Sprintf("range %d+%d of %d bytes", off, n, a.size))
	}
	count := a.asked.Add(1) - 1
	a.mu.Lock()
	a.ranges = append(a.ranges, [2]int64{off, n})
	a.mu.Unlock()
	if a.before != nil {
		if err := a.before(ctx, count, off, n); err != nil {
			return nil, err
		}
	}
	var r io.Reader = io.NewSectionReader(readerAt{a}, off, n)
	if a.body != nil {
		r = a.body(ctx, count, off, n, r)
	}
	a.open.Add(1)
	return &arithBody{a: a, ctx: ctx, r: r}, nil
}

type readerAt struct{ a *arith }

func (r readerAt) ReadAt(p []byte, off int64) (int, error) {
	n := min(int64(len(p)), r.a.size-off)
	r.a.fill(p[:n], off)
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

type arithBody struct {
	a      *arith
	ctx    context.Context
	r      io.Reader
	closed bool
}

func (b *arithBody) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.r.Read(p)
	b.a.bytes.Add(int64(n))
	return n, err
}

func (b *arithBody) Close() error {
	if !b.closed {
		b.closed = true
		b.a.open.Add(-1)
	}
	return nil
}

// check reads n bytes at off through h and compares them.
func check(t testing.TB, h *Handle, a *arith, off, n int64) {
	t.Helper()
	if err := verify(t.Context(), h, a, off, n); err != nil {
		t.Fatal(err)
	}
}

func verify(ctx context.Context, h *Handle, a *arith, off, n int64) error {
	p := make([]byte, n)
	got, err := h.ReadAt(ctx, p, off)
	if err != nil {
		return fmt.Errorf("read %d bytes at %d of %s: %w", n, off, a.name, err)
	}
	return a.compare(p[:got], off, n)
}

// compare checks that got is all of the n bytes at off.
func (a *arith) compare(got []byte, off, n int64) error {
	want := make([]byte, max(0, min(n, a.size-off)))
	a.fill(want, off)
	if len(got) != len(want) {
		return fmt.Errorf("%d bytes instead of %d at %d of %s", len(got), len(want), off, a.name)
	}
	if !bytes.Equal(got, want) {
		for i := range want {
			if got[i] != want[i] {
				return fmt.Errorf("wrong byte at %d of %s (read of %d at %d)", off+int64(i), a.name, n, off)
			}
		}
	}
	return nil
}

// newCache makes a cache that the test closes, and checks then that nothing
// is held any more.
func newCache(t testing.TB, cfg Config) *Cache {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if s := c.Stats(); s.MemoryUsed != 0 || s.InFlight != 0 {
			t.Errorf("after close: %d bytes held, %d fetches", s.MemoryUsed, s.InFlight)
		}
	})
	return c
}

func open(t testing.TB, c *Cache, a *arith) *Handle {
	h := c.Open(a)
	t.Cleanup(h.Close)
	return h
}
