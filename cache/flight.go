package cache

import (
	"errors"
	"io/fs"

	"codeoceanfs/cache/window"
)

// The methods here change what a running fetch and the cache know of each
// other. Those named as the fetch's own steps take the lock; abort and
// abandon are called with it held.

// next tells whether there is another block to download.
func (f *fetch) next() bool {
	f.cache.mu.Lock()
	defer f.cache.mu.Unlock()
	return f.done < len(f.blocks)
}

// buffer returns the index of the next block and where its bytes go; nil when
// the fetch was given up. The fetch holds the block until it is published, so
// that the memory it writes to stays its own.
func (f *fetch) buffer() (i int64, buf []byte) {
	c := f.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.err != nil {
		return 0, nil
	}
	b := f.blocks[f.done]
	b.refs++
	b.buf = c.mem.take()[:f.file.sizeOf(b.index)]
	f.filling = true
	return b.index, b.buf
}

// publish makes the block just downloaded readable, unless the fetch was
// given up meanwhile.
func (f *fetch) publish(fromDisk bool) {
	c := f.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.err != nil {
		return
	}
	b := f.blocks[f.done]
	f.done++
	f.filling = false
	if fromDisk {
		c.stats.BytesKept += int64(len(b.buf))
	} else {
		c.stats.BytesFetched += int64(len(b.buf))
	}
	c.publish(b)
	c.serve()
}

// giveUp ends the fetch from outside.
func (f *fetch) giveUp(err error) {
	f.cache.mu.Lock()
	defer f.cache.mu.Unlock()
	f.abort(err)
}

// end is the last step of a fetch.
func (f *fetch) end(err error) {
	c := f.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.filling {
		c.release(f.blocks[f.done])
	}
	if err != nil {
		f.abort(err)
	}
	if f.err != nil && !errors.Is(f.err, errGivenUp) && !errors.Is(f.err, fs.ErrClosed) {
		c.stats.Failures++
		if f.by != nil {
			// It may not have come to hold a block, and to learn of it there.
			f.by.failed = f.err
		}
	}
	if errors.Is(err, errLong) {
		// Then what came before is not to be trusted either.
		f.discard()
	}
	f.file.fetches--
	c.slots.busy--
	if f.by == nil {
		c.slots.ahead--
	}
	if f.owner != nil {
		delete(f.owner.fetches, f)
	}
	c.serve()
	c.feed()
	if f.rent != nil {
		f.bill()
	}
}

// abort fails what is not published, and stops the download.
func (f *fetch) abort(err error) {
	if f.err != nil {
		return
	}
	f.err = err
	for _, b := range f.blocks[f.done:] {
		f.cache.fail(b, err)
	}
	f.cancel(err)
}

// discard drops the blocks that f published and that are still held.
func (f *fetch) discard() {
	c := f.cache
	for _, b := range f.blocks[:f.done] {
		if c.used.Remove(b) || c.ahead.Remove(b) {
			c.remove(b)
		}
	}
}

// abandon is called when the reader that f was begun for does not want it any
// more. It ends f, unless others wait for it or it is nearly done.
func (f *fetch) abandon() {
	if f.owner != nil {
		delete(f.owner.fetches, f)
		f.owner = nil
	}
	if len(f.blocks)-f.done > leftToFinish && !f.wanted() {
		f.abort(errGivenUp)
	}
}

// wanted tells whether a reader holds any block still to come.
func (f *fetch) wanted() bool {
	for i, b := range f.blocks[f.done:] {
		own := 0
		if i == 0 && f.filling {
			own = 1
		}
		if b.refs > own {
			return true
		}
	}
	return false
}

// overlaps tells whether any block still to come is in s.
func (f *fetch) overlaps(s window.Span) bool {
	return f.span.From+int64(f.done) < s.To && s.From < f.span.To
}
