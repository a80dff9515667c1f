package cache

import (
	"io/fs"
	"time"

	"codeoceanfs/cache/window"
)

// Handle is one open file. Its methods may be called from many goroutines at
// once, and the order in which reads come need not be that of the reader.
type Handle struct {
	cache  *Cache
	object Object
	file   *file

	// Guarded by the cache's mu.
	closed   bool
	window   *window.Window
	fetches  map[*fetch]struct{} // in flight for this handle
	owned    map[*block]struct{} // fetched for it, in flight or there, and not read
	lastRead time.Time
	hungry   bool // in the cache's list
}

// Open begins reading o. It does no I/O and cannot fail. The handle must be
// closed.
func (c *Cache) Open(o Object) *Handle {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.file(o)
	f.handles++
	c.stats.Handles++
	return &Handle{
		cache: c, object: o, file: f,
		window:  window.New(f.length()),
		fetches: map[*fetch]struct{}{},
		owned:   map[*block]struct{}{},
	}
}

// begin starts the fetches for r and those ahead of it, as far as memory and
// slots allow without waiting, and adds to l, which begins at off, what is there.
func (h *Handle) begin(r *request, l *Loan, off int64) error {
	c := h.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if h.closed || c.closed {
		return fs.ErrClosed
	}
	h.lastRead = time.Now()
	c.active.Get(h)
	c.rest(h.lastRead)

	state := h.state(r.span)
	need, dropped := h.window.Read(r.span, state)
	h.drop(dropped)
	if state == window.Missing && !c.mayReadAhead(h) {
		// With no slot for reading ahead, the range for the read itself brings
		// along what the stream wants next.
		next, ok := h.window.Next(c.share(), int64(len(h.owned))+need.Len())
		if ok && next.From == need.To {
			h.window.Started(next)
			need.To = next.To
		}
	}
	r.random = state == window.Missing && h.window.Random()
	r.takeReady(l, off) // before others are evicted to make room
	r.ask(window.Span{From: max(need.From, r.span.From), To: need.To})
	c.readAhead(h)
	return nil
}

// state tells how late a read of span is.
func (h *Handle) state(span window.Span) window.State {
	state := window.Ready
	for i := span.From; i < span.To; i++ {
		switch b := h.file.blocks[i]; {
		case b == nil:
			return window.Missing
		case !b.ready:
			state = window.Coming
		}
	}
	return state
}

// letGo ends a hold on b, and gives what it frees to those in line.
func (c *Cache) letGo(b *block) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.release(b)
	c.serve()
}

// drop gives up what was fetched ahead in span for a stream that ended.
func (h *Handle) drop(span window.Span) {
	if span.Len() == 0 {
		return
	}
	for f := range h.fetches {
		if f.overlaps(span) {
			f.abandon()
		}
	}
	for b := range h.owned {
		if span.Contains(b.index) {
			h.cache.unread(b)
		}
	}
}

// Close ends reading. What was fetched ahead and nobody waits for is given up;
// what is there stays in the cache. Reads that come later fail with
// [fs.ErrClosed].
func (h *Handle) Close() {
	c := h.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	for f := range h.fetches {
		f.abandon()
	}
	c.retire(h)
	h.file.handles--
	c.stats.Handles--
	if h.file.handles == 0 {
		c.endRent(h.file)
	}
	c.tidy(h.file)
	c.serve()
	c.feed()
}
