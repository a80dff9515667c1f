package cache

// Stats counts what a cache did since it was made. Sizes are in bytes.
type Stats struct {
	MemoryLimit int64 // the budget
	MemoryUsed  int64 // what of it is taken, by blocks that are there or in flight

	Hits    int64 // blocks read that were there
	Waits   int64 // blocks read that were in flight
	Misses  int64 // blocks that a read had to ask for
	Evicted int64 // blocks dropped to make room

	Fetches  int64 // ranges asked for
	Ahead    int64 // those of them that nobody waited for yet
	Failures int64 // those that ended with an error, given up ones not counted
	InFlight int   // those under way now
	Waiting  int   // reads in line for memory or for a slot

	BytesFetched int64 // received from objects, whole blocks
	BytesRead    int64 // given to readers

	Files   int // files with blocks in memory, or open
	Handles int // open handles
}

// Stats is a snapshot.
func (c *Cache) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.MemoryLimit = c.mem.limit * BlockSize
	s.MemoryUsed = c.mem.reserved * BlockSize
	s.InFlight = c.slots.busy
	s.Waiting = len(c.line)
	s.Files = len(c.files)
	return s
}
