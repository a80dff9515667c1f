package cache

import "github.com/hashicorp/golang-lru/v2/simplelru"

// memory is the budget, in blocks, and the pool of buffers behind it. A block
// is reserved before it is fetched and released when it is given up; a buffer
// is taken when its first byte is about to arrive. There are never more
// buffers than blocks reserved at one time, and they are used again and again.
type memory struct {
	limit    int64
	reserved int64
	pool     [][]byte
	slabs    [][]byte
	lost     int                // buffers that a disk which hangs may write to at any time
	more     map[*byte]struct{} // replacements of these, and of some that were found
}

// slabBlocks are allocated at once: 1 MiB, so that the memory of a small
// cache grows in small steps.
const slabBlocks = 8

func (m *memory) release(n int64) { m.reserved -= n }

// take returns a buffer of one block, for a block that is reserved.
func (m *memory) take() []byte {
	if len(m.pool) == 0 {
		slab := newSlab(slabBlocks * BlockSize)
		m.slabs = append(m.slabs, slab)
		for ; len(slab) > 0; slab = slab[BlockSize:] {
			m.pool = append(m.pool, slab[:BlockSize:BlockSize])
		}
	}
	last := len(m.pool) - 1
	buf := m.pool[last]
	m.pool = m.pool[:last]
	return buf
}

// replacement returns a buffer in place of one that a disk which hangs may write
// to at any time, until it is found. It is one more than the budget has.
func (m *memory) replacement() []byte {
	m.lost++
	buf := make([]byte, BlockSize)
	if m.more == nil {
		m.more = make(map[*byte]struct{})
	}
	m.more[&buf[0]] = struct{}{}
	return buf
}

// put gives a buffer back; nil is none. A replacement goes when what it was for
// is found.
func (m *memory) put(buf []byte) {
	if buf == nil {
		return
	}
	if _, ok := m.more[&buf[0]]; ok && len(m.more) > m.lost {
		delete(m.more, &buf[0])
		return
	}
	m.pool = append(m.pool, buf[:BlockSize])
}

// free gives the memory back to the system, unless somebody still reads it.
func (m *memory) free() error {
	if m.reserved > 0 || m.lost > 0 {
		return nil
	}
	m.pool = nil
	slabs := m.slabs
	m.slabs = nil
	return freeSlabs(slabs)
}

// reserve takes up to n blocks out of the budget for a read, and evicts what
// was read before to make room. When that is not enough for even one block it
// takes one from what was fetched ahead. It returns how many it took.
func (c *Cache) reserve(n int64) int64 {
	got := min(n, c.room(n))
	if got == 0 {
		for c.mem.reserved == c.mem.limit && c.evict(c.ahead) {
		}
		got = min(1, c.mem.limit-c.mem.reserved)
	}
	c.mem.reserved += got
	return got
}

// reserveAhead takes exactly n blocks for reading ahead, or none. It never
// evicts what another stream has fetched and not yet read.
func (c *Cache) reserveAhead(n int64) bool {
	if c.room(n) < n {
		return false
	}
	c.mem.reserved += n
	return true
}

// room evicts blocks that were read before until n fit, or none are left, and
// returns how many fit.
func (c *Cache) room(n int64) int64 {
	for c.mem.limit-c.mem.reserved < n && c.evict(c.used) {
	}
	return c.mem.limit - c.mem.reserved
}

// evict drops the block of l that was not used for the longest time. One that
// a reader still holds leaves its file at once, and memory when it is let go.
func (c *Cache) evict(l *simplelru.LRU[*block, struct{}]) bool {
	b, _, ok := l.RemoveOldest()
	if ok {
		c.stats.Evicted++
		c.remove(b)
	}
	return ok
}
