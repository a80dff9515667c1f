package cache

import "codeoceanfs/cache/disk"

// fileKey names the bytes of one file. The size is part of it so that an
// object that breaks its promise cannot make a read leave the file.
type fileKey struct {
	key  string
	size int64
}

// file is what the cache holds of one file: the blocks that are there or in
// flight. It lives as long as it has blocks or handles.
type file struct {
	key     fileKey
	blocks  map[int64]*block
	handles int   // open ones
	fetches int   // in flight
	unkept  int64 // blocks that wait to be written to disk
	rent    rental
	disk    *disk.File // nil without a disk cache
}

// length is the number of blocks of f.
func (f *file) length() int64 { return (f.key.size + BlockSize - 1) / BlockSize }

// sizeOf is the number of bytes in block i, which is short at the end of f.
func (f *file) sizeOf(i int64) int64 { return min(BlockSize, f.key.size-i*BlockSize) }

// block is one block of a file, from the moment it is asked for. It holds one
// block of the memory budget until it is out of its file and without refs.
type block struct {
	file  *file
	index int64
	fetch *fetch // that brings it; nil once it is ready or failed
	ready bool   // buf holds its bytes, for good
	err   error  // why it never will
	gone  bool   // no longer in its file: evicted or failed
	buf   []byte
	refs  int           // readers that wait for it or copy from it
	done  chan struct{} // closed when it is ready or failed; made by the first who waits
	owner *Handle       // whose share of reading ahead it counts against, until it is read
}

// file returns what is held of o.
func (c *Cache) file(o Object) *file {
	key := fileKey{o.Key(), o.Size()}
	f := c.files[key]
	if f == nil {
		f = &file{key: key, blocks: map[int64]*block{}}
		if c.disk != nil {
			f.disk = c.disk.File(key.key, key.size)
		}
		f.rent = newRental(f.length())
		c.files[key] = f
	}
	return f
}

// tidy forgets f when nothing is left of it.
func (c *Cache) tidy(f *file) {
	if len(f.blocks) == 0 && f.handles == 0 && c.files[f.key] == f {
		delete(c.files, f.key)
	}
}

// publish makes b readable, whose buffer is filled, and ends the hold of the
// fetch that filled it.
func (c *Cache) publish(b *block) {
	b.fetch, b.ready = nil, true
	b.refs--
	b.wake()
	if b.refs > 0 || b.owner == nil {
		c.disown(b)
		c.used.Add(b, struct{}{})
	} else {
		c.ahead.Add(b, struct{}{})
	}
}

// fail takes b, which is not ready, out of its file: the next read of it asks
// anew. Whoever waits for it now hears why.
func (c *Cache) fail(b *block, err error) {
	b.fetch, b.err = nil, err
	b.wake()
	c.remove(b)
}

func (b *block) wake() {
	if b.done != nil {
		close(b.done)
	}
}

// touch notes that b, which is ready, is being read.
func (c *Cache) touch(b *block) {
	switch {
	case b.gone:
	case c.ahead.Remove(b):
		c.disown(b)
		c.used.Add(b, struct{}{})
	default:
		c.used.Get(b)
	}
}

// disown takes b out of the share of the handle it was fetched for, which
// needs none without blocks.
func (c *Cache) disown(b *block) {
	h := b.owner
	if h == nil {
		return
	}
	b.owner = nil
	delete(h.owned, b)
	if len(h.owned) == 0 {
		c.active.Remove(h)
	}
}

// remove takes b out of its file, and frees it when nobody holds it.
func (c *Cache) remove(b *block) {
	c.disown(b)
	b.gone = true
	delete(b.file.blocks, b.index)
	c.tidy(b.file)
	if b.refs == 0 {
		c.free(b)
	}
}

// release ends the hold of one reader on b.
func (c *Cache) release(b *block) {
	b.refs--
	if b.refs == 0 && b.gone {
		c.free(b)
	}
}

func (c *Cache) free(b *block) {
	c.mem.put(b.buf)
	c.mem.release(1)
	b.buf = nil
}
