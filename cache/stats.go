package cache

// Stats counts what a cache did since it was made. Sizes are in bytes.
type Stats struct {
	MemoryLimit int64 `json:"memory_limit"` // the budget
	MemoryUsed  int64 `json:"memory_used"`  // what of it is taken, by blocks that are there or in flight

	Hits    int64 `json:"hits"`    // blocks read that were there
	Waits   int64 `json:"waits"`   // blocks read that were in flight
	Misses  int64 `json:"misses"`  // blocks that a read had to ask for
	Evicted int64 `json:"evicted"` // blocks dropped to make room

	Fetches  int64 `json:"fetches"`   // runs of blocks asked for, of the disk or the object
	Ahead    int64 `json:"ahead"`     // those of them that nobody waited for yet
	Hedged   int64 `json:"hedged"`    // ranges asked for a second time, because the first was slow
	Failures int64 `json:"failures"`  // those that ended with an error, given up ones not counted
	InFlight int   `json:"in_flight"` // those under way now
	Waiting  int   `json:"waiting"`   // reads in line for memory or for a slot

	BytesFetched int64 `json:"bytes_fetched"` // received from objects, whole blocks
	BytesKept    int64 `json:"bytes_kept"`    // read from the disk cache instead
	BytesRead    int64 `json:"bytes_read"`    // given to readers

	Passed   int64 `json:"passed"`    // opens of files that are whole on disk, which are read past the cache
	Unkept   int64 `json:"unkept"`    // blocks that memory needed for others before the disk had them
	DiskUsed int64 `json:"disk_used"` // taken by the disk cache, as last counted

	DiskTrouble string `json:"disk_trouble,omitempty"` // why the disk cache is left alone

	Files   int `json:"files"`   // files with blocks in memory, or open
	Handles int `json:"handles"` // open handles
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
	if c.disk != nil {
		s.DiskUsed = c.disk.Used()
		if why := c.disk.Trouble(); why != nil {
			s.DiskTrouble = why.Error()
		}
	}
	return s
}
