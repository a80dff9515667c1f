package cache

import (
	"time"

	"codeoceanfs/cache/window"
)

// rental is what is fetched unasked of one file for its random readers.
type rental struct {
	*window.Rent
	fetches map[*fetch]struct{} // in flight
	since   time.Time           // what was spent is counted until then
}

func newRental(blocks int64) rental {
	return rental{Rent: window.NewRent(blocks), fetches: map[*fetch]struct{}{}}
}

// count counts the time since the last look as spent, if any fetch is in flight.
func (r *rental) count() {
	now := time.Now()
	if len(r.fetches) > 0 {
		r.Spent(now.Sub(r.since))
	}
	r.since = now
}

// waited notes that a random read of span had to wait.
func (h *Handle) waited(span window.Span, d time.Duration) {
	c := h.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	h.file.rent.Waited(span, d)
	c.buy(h)
}

// buy begins to fetch what the random readers of h's file have paid for. Others
// come first: it takes no slot that somebody wishes for, and no memory but that
// of blocks that were read before. What the disk has yet to write is waited for,
// because memory alone would not keep it.
func (c *Cache) buy(h *Handle) {
	rent := &h.file.rent
	rent.count()
	for !h.closed && !c.closed && len(c.hungry) == 0 && len(c.line) == 0 && !c.keeping.behind(c.mem.limit) && c.freeAhead(h.file, 0, 1) {
		span, ok := rent.Next(rent.Bought() + c.affordable())
		if !ok {
			return
		}
		for span.Len() > 0 {
			run := h.missing(span)
			span.From = max(run.To, span.From+1)
			if run.Len() == 0 {
				continue
			}
			if !c.reserveAhead(run.Len()) {
				rent.Return(run, 0)
				return
			}
			f := c.start(h, run, nil)
			c.adopt(h, f)
		}
	}
}

// affordable is how many more blocks may be bought. They have to stay, on disk
// or without one in memory, and must not push out each other.
func (c *Cache) affordable() int64 {
	return max(0, max(c.mem.limit, c.diskLimit)*aheadPart/4-c.bought)
}

// adopt makes f one of the file and not of h: it takes nothing of what h may
// have fetched ahead, and does not end with h.
func (c *Cache) adopt(h *Handle, f *fetch) {
	for _, b := range f.blocks {
		c.disown(b)
	}
	if len(h.owned) == 0 {
		c.active.Remove(h)
	}
	delete(h.fetches, f)
	f.owner, f.rent = nil, h
	h.file.rent.Buy(f.span.Len())
	c.bought += f.span.Len()
	h.file.rent.fetches[f] = struct{}{}
}

// bill ends f, which was bought.
func (f *fetch) bill() {
	rent := &f.file.rent
	if _, ok := rent.fetches[f]; !ok {
		return // the file has been left since
	}
	rent.count()
	delete(rent.fetches, f)
	if f.err != nil {
		n := int64(len(f.blocks) - f.done)
		rent.Return(f.span, n)
		f.cache.bought -= n
	}
	if f.err == nil {
		f.cache.buy(f.rent)
	}
}

// endRent is for a file that nobody reads any more.
func (c *Cache) endRent(f *file) {
	for fetch := range f.rent.fetches {
		fetch.abandon()
	}
	c.bought -= f.rent.Bought()
	f.rent = newRental(f.length())
}
