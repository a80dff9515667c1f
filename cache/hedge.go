package cache

import (
	"context"
	"io"
	"slices"
	"sync"
	"time"
)

const (
	// remembered is how many ranges say what is slow: enough for a 95th
	// percentile, and few enough to follow a network that changes.
	remembered = 64

	// hedgeShare is how many ranges must begin for each that may be asked for
	// a second time: one in twenty, as many as are slower than the percentile.
	hedgeShare = 20

	// hedgeBurst is how many of those are saved up: a hiccup hits several
	// ranges at once.
	hedgeBurst = 4

	// hedgeLeast is the least that is late: of a range that is a few milliseconds
	// slower than the others of a near store, no reader notices a second one.
	hedgeLeast = 50 * time.Millisecond
)

// pulse is how long ranges took lately until their first block was there, and
// how many may be asked for a second time.
type pulse struct {
	times  [remembered]time.Duration
	n      int // ranges noted so far
	late   time.Duration
	credit float64 // in ranges
}

// began earns a share of a second request.
func (p *pulse) began() { p.credit = min(hedgeBurst, p.credit+1.0/hedgeShare) }

// note adds the time of one range. What is late is worked out now and then.
func (p *pulse) note(d time.Duration) {
	p.times[p.n%remembered] = d
	p.n++
	if p.n >= remembered && p.n%(remembered/4) == 0 {
		sorted := slices.Sorted(slices.Values(p.times[:]))
		// On a network without hiccups the slowest of twenty is hardly slower
		// than any, and a second request would gain nothing.
		p.late = max(hedgeLeast, sorted[remembered*95/100], 2*sorted[remembered/2])
	}
}

// hedge is a range that may be asked for twice: the first answer counts, and the
// other is given up.
type hedge struct {
	f         *fetch
	off, size int64 // of the range
	first     int   // bytes of its first block

	mu     sync.Mutex // guards what follows; taken before Cache.mu
	timer  *time.Timer
	over   bool   // the first block is there, or will not be
	give   func() // gives up the first request
	second chan struct{}
	end    func() // gives up the second
	body   io.ReadCloser
	block  []byte // the first block of the second request, if that was the quicker
}

// open asks for a range of f and brings its first block into buf. When that
// takes longer than nearly all did lately, and somebody waits, it asks again.
func (f *fetch) open(ctx context.Context, off, size int64, buf []byte) (io.ReadCloser, error) {
	c := f.cache
	own, cancel := context.WithCancel(ctx)
	h := &hedge{f: f, off: off, size: size, first: len(buf), give: cancel}
	c.mu.Lock()
	c.pulse.began()
	late := c.pulse.late
	c.mu.Unlock()
	if late > 0 {
		h.mu.Lock()
		h.timer = time.AfterFunc(late, func() { h.again(ctx, late) })
		h.mu.Unlock()
		defer h.timer.Stop()
	}
	began := time.Now()
	body, err := f.object.Range(own, off, size)
	if err == nil {
		_, err = io.ReadFull(body, buf)
	}
	if second := h.settle(err); second != nil {
		if body != nil {
			body.Close()
		}
		cancel()
		copy(buf, h.block)
		body, err = second, nil
		c.returnBlock(h.block)
	} else if err != nil {
		if body != nil {
			body.Close()
		}
		cancel()
		return nil, err
	} else {
		body = &cancelBody{body, cancel}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulse.note(time.Since(began))
	return body, nil
}

// settle ends the race when the first request has ended with err, and returns
// the body of the second if that is the one to read on.
func (h *hedge) settle(err error) io.ReadCloser {
	h.mu.Lock()
	if err != nil && h.second != nil && !h.over {
		h.mu.Unlock()
		<-h.second // it has the time of the fetch to do better
		h.mu.Lock()
	}
	defer h.mu.Unlock()
	h.over = true
	if h.body == nil && h.end != nil {
		h.end()
	}
	return h.body
}

// again asks a second time, if that is worth it and allowed.
func (h *hedge) again(ctx context.Context, late time.Duration) {
	c := h.f.cache
	if c.throttled != nil && c.throttled() {
		return
	}
	h.mu.Lock()
	if h.over {
		h.mu.Unlock()
		return
	}
	buf, wanted := c.hedgeBuffer(h.f, h.first)
	if buf == nil {
		if !wanted {
			h.timer.Reset(late) // somebody may come yet
		}
		h.mu.Unlock()
		return
	}
	second := make(chan struct{})
	defer close(second)
	own, cancel := context.WithCancel(ctx)
	h.second, h.end = second, cancel
	h.mu.Unlock()

	body, err := h.f.object.Range(own, h.off, h.size)
	if err == nil {
		_, err = io.ReadFull(body, buf)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil || h.over {
		if body != nil {
			body.Close()
		}
		cancel()
		c.returnBlock(buf)
		c.endHedge()
		return
	}
	h.over, h.block = true, buf
	h.body = &cancelBody{body, sync.OnceFunc(func() { cancel(); c.endHedge() })}
	h.give()
}

// hedgeBuffer takes what a second request for f needs: a slot, a block of
// memory, and a share. Without it is nil; wanted tells whether somebody waits.
// The slot is given back by endHedge, and the block by returnBlock.
func (c *Cache) hedgeBuffer(f *fetch, size int) (buf []byte, wanted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.err != nil || c.closed {
		return nil, true
	}
	if !f.wanted() {
		return nil, false
	}
	if c.pulse.credit < 1 || c.slots.busy >= c.slots.limit || !c.reserveAhead(1) {
		return nil, true
	}
	c.pulse.credit--
	c.slots.busy++
	c.stats.Hedged++
	c.wg.Add(1) // the fetch holds one, so it is not too late
	return c.mem.take()[:size], true
}

func (c *Cache) endHedge() {
	defer c.wg.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slots.busy--
	c.serve()
	c.feed()
}

// returnBlock gives back a buffer that no block has.
func (c *Cache) returnBlock(buf []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mem.put(buf)
	c.mem.release(1)
	c.serve()
}

// cancelBody ends its context when it is closed.
type cancelBody struct {
	io.ReadCloser
	cancel func()
}

// Close implements io.Closer.
func (b *cancelBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel()
	return err
}
