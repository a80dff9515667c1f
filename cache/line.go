package cache

import (
	"context"
	"io/fs"
	"slices"
)

// ticket is a request in line for a block that could not be asked for at once.
type ticket struct {
	*request
	block *block        // the first block, held for the reader, when its turn has come
	own   bool          // its fetch was begun for this request
	turn  chan struct{} // closed then
}

// join holds the block r needs next, there or in flight, and begins a fetch
// when it is neither, after waiting in line if it must. own tells that the
// fetch was begun for r.
func (r *request) join(ctx context.Context) (b *block, own bool, err error) {
	c := r.handle.cache
	c.mu.Lock()
	if r.handle.closed || c.closed {
		c.mu.Unlock()
		return nil, false, fs.ErrClosed
	}
	if r.failed != nil && r.handle.file.blocks[r.span.From] == nil {
		// What was fetched for r has failed already: to fetch it again is for
		// the object to decide.
		c.mu.Unlock()
		return nil, false, r.failed
	}
	if b, own = r.reach(); b != nil {
		c.mu.Unlock()
		return b, own, nil
	}
	t := &ticket{request: r, turn: make(chan struct{})}
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

// reach holds the block r needs next if it is there or in flight, or if a
// fetch can begin now; else it returns nil.
func (r *request) reach() (b *block, own bool) {
	c := r.handle.cache
	b = r.handle.file.blocks[r.span.From]
	switch {
	case b == nil:
		r.ask(r.span)
		b = r.handle.file.blocks[r.span.From]
		if b == nil {
			return nil, false
		}
	case b.ready:
		c.stats.Hits++
		c.touch(b)
	default:
		c.stats.Waits++
	}
	b.refs++
	return b, b.fetch != nil && b.fetch.by == r
}

// serve gives those in line what they wait for, in order, as far as there is
// memory. One whose file has no slot left is passed over.
func (c *Cache) serve() {
	for i := 0; i < len(c.line); {
		t := c.line[i]
		b, own := t.reach()
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
