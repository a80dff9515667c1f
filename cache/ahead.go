package cache

import (
	"slices"
	"time"

	"codeoceanfs/cache/window"
)

// idle is how long a handle keeps its share of reading ahead without a read:
// longer than a program pauses between two reads of a file it goes through,
// and short enough that files left open take nothing from those being read.
const idle = 2 * time.Second

// aheadPart of the budget, in quarters, may hold blocks that nobody read yet;
// the rest stays for reads that wait and for blocks that are read in parts.
const aheadPart = 3

// share is how many blocks a handle may have unread, when all that fetch ahead
// have the same: at least two, one to read while another is on its way.
func (c *Cache) share() int64 {
	all := c.mem.limit * aheadPart / 4
	return max(2, all/int64(max(1, c.active.Len())))
}

// readAhead begins the fetches that h's window wants, as far as its share and
// the slots go.
func (c *Cache) readAhead(h *Handle) {
	for c.aheadOnce(h) {
	}
}

// aheadOnce begins one fetch ahead, and tells whether it is worth trying again.
func (c *Cache) aheadOnce(h *Handle) bool {
	if h.closed || c.closed {
		return false
	}
	span, ok := h.window.Next(c.share(), int64(len(h.owned)))
	if !ok {
		return false
	}
	run := span
	for run.From < run.To && h.file.blocks[run.From] != nil {
		run.From++
	}
	run = h.missing(window.Span{From: run.From, To: run.To})
	if run.Len() > 0 {
		if !c.mayReadAhead(h) {
			c.wish(h)
			return false
		}
		if !c.reserveAhead(run.Len()) {
			return false // its next read tries again
		}
		c.start(h, run, nil)
	}
	h.window.Started(window.Span{From: span.From, To: run.To})
	return true
}

// mayReadAhead tells whether h gets a slot for reading ahead now.
func (c *Cache) mayReadAhead(h *Handle) bool {
	return c.freeAhead(h.file, len(h.fetches), c.active.Len())
}

// wish puts h in line for a slot for reading ahead.
func (c *Cache) wish(h *Handle) {
	if !h.hungry {
		h.hungry = true
		c.hungry = append(c.hungry, h)
	}
}

// feed gives free slots to those who wish for one, in turns.
func (c *Cache) feed() {
	defer c.feedEarly()
	for range len(c.hungry) {
		if c.slots.busy >= c.slots.limit {
			return
		}
		h := c.hungry[0]
		c.hungry = slices.Delete(c.hungry, 0, 1)
		h.hungry = false
		if c.aheadOnce(h) {
			c.wish(h)
		}
	}
}

// activate counts h among those that share what may be fetched ahead.
func (c *Cache) activate(h *Handle) { c.active.Add(h, struct{}{}) }

// rest retires the handles that did not read for a while.
func (c *Cache) rest(now time.Time) {
	for {
		h, _, ok := c.active.GetOldest()
		if !ok || now.Sub(h.lastRead) < idle {
			return
		}
		c.retire(h)
	}
}

// retire takes h out of those who share, with all it has not read.
func (c *Cache) retire(h *Handle) {
	c.active.Remove(h)
	for b := range h.owned {
		c.unread(b)
	}
}

// unread makes b, fetched ahead and not wanted any more, one like any other.
func (c *Cache) unread(b *block) {
	c.disown(b)
	if c.ahead.Remove(b) {
		c.used.Add(b, struct{}{})
	}
}
