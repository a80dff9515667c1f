package cache

import "time"

const (
	// crowded is how long a block may take with all others that flow: eight of
	// them, the longest read of a kernel, then come well within its time.
	crowded = time.Second

	// fewRanges is how many ranges begin ahead before any has told how fast the
	// network is: as many as a stream has under way when the first comes.
	fewRanges = 8

	// leastRanges begin ahead on any network: while one ends, another flows.
	leastRanges = 2
)

// flow is what the network carries, as far as it is known: what is read ahead
// on a slow one takes from the range that a reader waits for.
type flow struct {
	block time.Duration // that a block takes when it is all that flows; 0: not known
}

// came notes that a block took d after the one before it in its range, or of one
// block from its beginning, while so many ranges were under way.
func (l *flow) came(d time.Duration, ranges int) {
	alone := max(1, d/time.Duration(max(1, ranges)))
	if l.block == 0 {
		l.block = alone
	}
	l.block += (alone - l.block) / 8
}

// ranges is how many of them the network carries at once.
func (l *flow) ranges() int {
	if l.block == 0 {
		return fewRanges
	}
	return int(max(leastRanges, crowded/l.block))
}

// came is flow.came for a block of f.
func (f *fetch) came(d time.Duration) {
	c := f.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flow.came(d, c.slots.busy)
}

// freeAhead is slots.freeAhead on a network that is not full.
func (c *Cache) freeAhead(f *file, fetches, handles int) bool {
	return c.slots.busy < c.flow.ranges() && c.slots.freeAhead(f, fetches, handles)
}
