package cache

import (
	"context"
	"io/fs"
	"slices"

	"codeoceanfs/cache/window"
)

// ticket is a read in line for a block that could not be asked for at once.
type ticket struct {
	handle *Handle
	span   window.Span   // wanted; the first block is the one it waits for
	block  *block        // the first block, held for the reader, when its turn has come
	own    bool          // its fetch was begun for this ticket
	turn   chan struct{} // closed then
}

// join holds the first block of span, there or in flight, and begins a fetch
// when it is neither, after waiting in line if it must. own tells that the
// fetch was begun here.
func (h *Handle) join(ctx context.Context, span window.Span) (b *block, own bool, err error) {
	c := h.cache
	c.mu.Lock()
	if h.closed || c.closed {
		c.mu.Unlock()
		return nil, false, fs.ErrClosed
	}
	if b, own = h.reach(span); b != nil {
		c.mu.Unlock()
		return b, own, nil
	}
	t := &ticket{handle: h, span: span, turn: make(chan struct{})}
	c.line = append(c.line, t)
	c.mu.Unlock()

	select {
	case <-t.turn:
		return t.block, t.own, nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-c.ctx.Done():
		err = fs.ErrClosed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.block != nil {
		c.release(t.block)
	} else if i := slices.Index(c.line, t); i >= 0 {
		c.line = slices.Delete(c.line, i, i+1)
	}
	c.serve()
	return nil, false, err
}

// reach holds the first block of span if it is there or in flight, or if a
// fetch can begin now; else it returns nil.
func (h *Handle) reach(span window.Span) (b *block, own bool) {
	c := h.cache
	b = h.file.blocks[span.From]
	switch {
	case b == nil:
		if !c.demand(h, span) {
			return nil, false
		}
		b, own = h.file.blocks[span.From], true
	case b.ready:
		c.stats.Hits++
		c.touch(b)
	default:
		c.stats.Waits++
	}
	b.refs++
	return b, own
}

// demand begins a fetch for a read, of as much of the missing blocks at the
// start of span as there is memory for. It returns false when not even the
// first can be asked for now.
func (c *Cache) demand(h *Handle, span window.Span) bool {
	if c.closed || !c.slots.freeFor(h.file) {
		return false
	}
	run := h.missing(span)
	got := c.reserve(min(run.Len(), c.share()))
	if got == 0 {
		return false
	}
	c.stats.Misses++
	c.start(h, window.Span{From: run.From, To: run.From + got}, false)
	return true
}

// missing is the blocks at the start of span up to the first that is there or
// in flight.
func (h *Handle) missing(span window.Span) window.Span {
	to := span.From
	for to < span.To && h.file.blocks[to] == nil {
		to++
	}
	return window.Span{From: span.From, To: to}
}

// serve gives those in line what they wait for, in order, as far as there is
// memory. One whose file has no slot left is passed over.
func (c *Cache) serve() {
	for i := 0; i < len(c.line); {
		t := c.line[i]
		b, own := t.handle.reach(t.span)
		if b == nil {
			if c.full() {
				return
			}
			i++
			continue
		}
		t.block, t.own = b, own
		close(t.turn)
		c.line = slices.Delete(c.line, i, i+1)
	}
}

// full tells that no fetch can begin now, of whatever file.
func (c *Cache) full() bool {
	return c.slots.busy >= c.slots.limit || c.room(1) == 0
}

// wait waits until b, which is held, is there.
func (h *Handle) wait(ctx context.Context, b *block) error {
	c := h.cache
	c.mu.Lock()
	if b.ready || b.err != nil {
		defer c.mu.Unlock()
		return b.err
	}
	if b.done == nil {
		b.done = make(chan struct{})
	}
	done := b.done
	c.mu.Unlock()

	select {
	case <-done:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.ctx.Done():
		return fs.ErrClosed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return b.err
}
