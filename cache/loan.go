package cache

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"codeoceanfs/cache/window"
)

// lentPart of the memory may be out on loan, the rest is copied. A loan is held
// while its read waits for further blocks, and for memory to bring them into:
// the part that is never lent is what these come from.
const lentPart = 4

// Loan is the bytes of one read, where the cache has them. They stay until
// [Loan.Release], which must be called, once. A Loan is for one goroutine.
type Loan struct {
	cache  *Cache
	blocks []*block // held
	slices [][]byte
	spare  []byte // where what cannot be held is copied to
	n      int
	to     int // bytes of them that the slices have
}

// Len is the number of bytes.
func (l *Loan) Len() int { return l.n }

// Slices is the bytes, in order. They must not be written to, nor be used after
// Release.
func (l *Loan) Slices() [][]byte { return l.slices }

// Release gives the bytes back.
func (l *Loan) Release() {
	if l.cache == nil {
		return // of no bytes
	}
	c := l.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if l.to == l.n {
		c.stats.BytesRead += int64(l.n)
	}
	c.lent -= int64(len(l.blocks))
	for _, b := range l.blocks {
		c.release(b)
	}
	l.blocks, l.slices = nil, nil
	c.serve()
}

// Lend gives the bytes from off on without copying them where it can:
// min(len(spare), size-off), or an error. spare is memory for those that have
// to be copied, and belongs to the loan until it is released. At and after the
// end there are none and no error. When ctx ends, so does the wait, and nothing
// else.
func (h *Handle) Lend(ctx context.Context, spare []byte, off int64) (*Loan, error) {
	if off < 0 {
		return nil, fmt.Errorf("read at %d: %w", off, fs.ErrInvalid)
	}
	n := min(int64(len(spare)), h.file.key.size-off)
	if n <= 0 {
		return &Loan{}, nil
	}
	r := &request{handle: h, span: window.Span{From: off / BlockSize, To: (off+n-1)/BlockSize + 1}}
	l := &Loan{cache: h.cache, spare: spare[:n], n: int(n), slices: make([][]byte, 0, r.span.Len())}
	if err := h.begin(r, l, off); err != nil {
		return nil, err
	}
	span, began := r.span, time.Now()
	for l.to < l.n {
		b, err := r.hold(ctx)
		if err != nil {
			l.Release()
			return nil, err
		}
		if !h.cache.lend(l, b, off) {
			part := l.part(b, off)
			l.add(l.spare[l.to : l.to+copy(l.spare[l.to:], part)])
			h.cache.letGo(b)
		}
		r.span.From++
	}
	if r.random {
		h.waited(span, time.Since(began))
	}
	return l, nil
}

// ReadAt fills p with the bytes from off on: exactly min(len(p), size-off), or
// none and an error. At and after the end that is 0 and no error, unlike an
// [io.ReaderAt]. When ctx ends, so does the wait, and nothing else.
func (h *Handle) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	l, err := h.Lend(ctx, p, off)
	if err != nil {
		return 0, err
	}
	defer l.Release()
	done := 0
	for _, s := range l.slices {
		done += copy(p[done:], s) // onto itself, where it is there already
	}
	return done, nil
}

// part is what b, the next block, has for l, whose bytes begin at off.
func (l *Loan) part(b *block, off int64) []byte {
	from := (off + int64(l.to)) % BlockSize
	return b.buf[from:min(int64(len(b.buf)), from+int64(l.n-l.to))]
}

func (l *Loan) add(part []byte) {
	l.slices = append(l.slices, part)
	l.to += len(part)
}

// take adds b, which is held, to l, unless too much is out already, or memory
// is so short that others need this block more than a copy would cost.
func (l *Loan) take(b *block, off int64) bool {
	c := l.cache
	short := c.mem.reserved == c.mem.limit && c.used.Len() == 0
	if short || c.lent >= c.mem.limit/lentPart {
		return false
	}
	c.lent++
	l.blocks = append(l.blocks, b)
	l.add(l.part(b, off))
	return true
}

// lend is take for those who do not hold the lock.
func (c *Cache) lend(l *Loan, b *block, off int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return l.take(b, off)
}

// takeReady adds the blocks that are there to l, up to the first that is not.
func (r *request) takeReady(l *Loan, off int64) {
	c := l.cache
	for r.span.Len() > 0 {
		b := r.handle.file.blocks[r.span.From]
		if b == nil || !b.ready || !l.take(b, off) {
			return
		}
		c.stats.Hits++
		c.touch(b)
		b.refs++
		r.span.From++
	}
}
