package cache

import (
	"context"
	"io/fs"

	"codeoceanfs/cache/window"
)

// request is one read under way.
type request struct {
	handle *Handle
	span   window.Span // blocks it still needs; it waits for the first
	random bool        // it has to wait, and nothing could have told
	failed error       // why a fetch that was begun for it ended; guarded by Cache.mu
}

// hold waits until the block r needs next is there, and holds it. A wait for a
// fetch that another read began, and that failed, is followed by one of our
// own: this read's time has only begun.
func (r *request) hold(ctx context.Context) (*block, error) {
	c := r.handle.cache
	for joined := true; ; {
		b, own, err := r.join(ctx)
		if err != nil {
			return nil, err
		}
		err = c.wait(ctx, b)
		if err == nil {
			return b, nil
		}
		c.letGo(b)
		if own || !joined || ctx.Err() != nil {
			return nil, err
		}
		joined = false
	}
}

// wait waits until b, which is held, is there.
func (c *Cache) wait(ctx context.Context, b *block) error {
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

// ask begins fetches for what is missing of span, as far as slots, memory and
// the share of the handle allow now; its first block may exceed the share,
// or a read might never get on.
func (r *request) ask(span window.Span) {
	h := r.handle
	c := h.cache
	for span.Len() > 0 && !c.closed && c.slots.freeFor(h.file) {
		run := h.missing(span)
		span.From = max(run.To, span.From+1)
		if run.Len() == 0 {
			continue
		}
		want := min(run.Len(), window.MaxRange, max(1, c.share()-int64(len(h.owned))))
		got := c.reserve(want)
		if got == 0 {
			return
		}
		run.To = run.From + got
		span.From = run.To
		c.stats.Misses += got
		c.start(h, run, r)
		if got < want || int64(len(h.owned)) >= c.share() {
			return
		}
	}
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
