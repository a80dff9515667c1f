package cache

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"codeoceanfs/cache/disk"
)

const (
	defaultDiskSize = 20 << 30
)

func openDisk(cfg Config) (*disk.Store, error) {
	if cfg.DiskSize == 0 {
		cfg.DiskSize = defaultDiskSize
	}
	return disk.Open(disk.Config{
		Dir: cfg.Dir, Size: cfg.DiskSize, BlockSize: BlockSize,
		Queue: maxWriting, Logger: cfg.Logger,
	})
}

// kept fills buf with block i from the disk, if it is there, and returns the
// buffer that the block has from then on.
func (f *fetch) kept(i int64, buf []byte) ([]byte, bool) {
	if f.file.disk == nil {
		return buf, false
	}
	c, old := f.cache, buf[:BlockSize]
	ok, lost := f.file.disk.Read(i, buf, func() { c.found(old) })
	if lost {
		buf = c.replace(f, len(buf))
	}
	return buf, ok
}

// replace gives the block that f fills another buffer: the disk hangs, and has
// the old one. There are as many more than the budget has as reads that hang,
// which package disk bounds.
func (c *Cache) replace(f *fetch, n int) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	buf := c.mem.replacement()[:n]
	f.blocks[f.done].buf = buf
	return buf
}

// found takes back a buffer of a read that did not hang for ever.
func (c *Cache) found(buf []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mem.lost--
	c.mem.put(buf)
}

// absent counts the blocks from i on that are not on disk, up to the end of f.
// There is at least one: i was not.
func (f *fetch) absent(i int64) int64 {
	n := f.span.To - i
	if f.file.disk == nil || n == 1 {
		return n
	}
	return 1 + f.file.disk.Absent(i+1, n-1)
}

// keeping is what of memory is still to be written to disk. Blocks wait here
// in order, held by nobody: no reader waits for a disk, and one that is slower
// than the network for long loses blocks, which memory needs for others.
type keeping struct {
	queue   []*block
	writing int           // runs on their way to the disk
	over    bool          // no more are given to it
	idle    chan struct{} // closed when there is nothing left to write; nil when nobody waits
}

// maxWriting runs are with the disk at a time: one that is written, and one to
// go on with at once.
const maxWriting = 2

// keep has the n blocks before the next written to disk. They come from a range
// that has ended well.
func (f *fetch) keep(n int64) {
	c := f.cache
	if f.file.disk == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.err != nil {
		return // given up: the last of them may not be published
	}
	c.keeping.queue = append(c.keeping.queue, f.blocks[f.done-int(n):f.done]...)
	f.file.unkept += n
	if int64(len(c.keeping.queue)) > 2*c.mem.limit {
		c.skipGone() // the disk hangs, or is slow; most of them are gone
	}
	c.writeSome()
}

// behind reports whether the disk has so much to write, of a memory of limit
// blocks, that more would push it out.
func (k *keeping) behind(limit int64) bool { return int64(len(k.queue)) > limit/4 }

// skipGone takes out of the queue what memory needed for others.
func (c *Cache) skipGone() {
	c.keeping.queue = slices.DeleteFunc(c.keeping.queue, func(b *block) bool {
		if b.gone {
			c.stats.Unkept++
			c.settle(b.file, 1)
		}
		return b.gone
	})
}

// writeSome gives the disk what it can take.
func (c *Cache) writeSome() {
	for c.keeping.writing < maxWriting && !c.keeping.over {
		run := c.nextRun()
		if len(run) == 0 {
			return
		}
		file := run[0].file
		bufs := make([][]byte, len(run))
		for k, b := range run {
			b.refs++
			bufs[k] = b.buf
		}
		c.keeping.writing++
		if !file.disk.Write(run[0].index, bufs, func() { c.wrote(run) }) {
			c.keeping.writing--
			for _, b := range run {
				c.release(b)
			}
			return // never: the disk has room for maxWriting
		}
	}
}

// nextRun takes the blocks to be written next: neighbours of one file.
func (c *Cache) nextRun() (run []*block) {
	q := c.keeping.queue
	for len(q) > 0 && len(run) < disk.MaxRun {
		b := q[0]
		if b.gone {
			c.stats.Unkept++
			c.settle(b.file, 1)
		} else if last := len(run) - 1; last < 0 || run[last].file == b.file && run[last].index+1 == b.index {
			run = append(run, b)
		} else {
			break
		}
		q = q[1:]
	}
	c.keeping.queue = q
	if len(q) == 0 {
		c.keeping.queue = nil // and what it grew to
	}
	return run
}

// wrote is called when the disk is done with run, well or not.
func (c *Cache) wrote(run []*block) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keeping.writing--
	for _, b := range run {
		c.release(b)
	}
	c.settle(run[0].file, int64(len(run)))
	c.writeSome()
	if c.keeping.idle != nil && c.keeping.writing == 0 {
		close(c.keeping.idle)
		c.keeping.idle = nil
	}
	c.serve()
}

// flushTime is how long the end of the cache waits for the disk: it takes what
// memory holds in less, unless it is very slow, and whoever unmounts waits.
const flushTime = 3 * time.Second

// flush waits until the disk has what it is to have.
func (c *Cache) flush() {
	c.mu.Lock()
	var idle chan struct{}
	if c.keeping.writing > 0 {
		idle = make(chan struct{})
		c.keeping.idle = idle
	}
	c.mu.Unlock()
	if idle != nil {
		select {
		case <-idle:
		case <-time.After(flushTime):
		}
	}
	c.mu.Lock()
	c.keeping.over = true
	c.mu.Unlock()
}

// settle notes that n blocks of f wait for the disk no more. After the last
// one f may be there from end to end.
func (c *Cache) settle(f *file, n int64) {
	f.unkept -= n
	if f.unkept == 0 && f.key.size >= WholeSize {
		f.disk.Check()
	}
}

// ErrLeftAlone is a disk that has failed, and is tried again each minute. What is
// behind it wraps the disk's own error.
var ErrLeftAlone = errors.New("the disk cache is left alone")

// Stored counts the bytes of o that are on disk. What memory has of it and the
// disk has not, as after somebody has cleared it, is written now. The error is
// errors.ErrUnsupported where nothing is kept on disk, and an [ErrLeftAlone]
// while the disk does not work; any other says that it does not tell now.
func (c *Cache) Stored(o Object) (n int64, err error) {
	if c.disk == nil {
		return 0, errors.ErrUnsupported
	}
	n, there, ok := c.disk.File(o.Key(), o.Size()).There()
	if why := c.disk.Trouble(); why != nil {
		return 0, fmt.Errorf("%w: %w", ErrLeftAlone, why)
	}
	if !ok {
		return 0, errors.New("the disk cache does not say what it holds")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.files[fileKey{o.Key(), o.Size()}]
	if f == nil || f.unkept > 0 || c.closed {
		return n, nil
	}
	for _, i := range slices.Sorted(maps.Keys(f.blocks)) {
		if b := f.blocks[i]; b.ready && !there[i] {
			c.keeping.queue = append(c.keeping.queue, b)
			f.unkept++
		}
	}
	c.writeSome()
	return n, nil
}

// WholeSize is the size from which it pays to read a file past this cache, once
// it is all on disk: it takes a few system calls more to open, and a smaller
// one is read in one request.
const WholeSize = 1 << 20

// Whole is a file of which all is on disk, open there.
type Whole struct {
	*disk.Whole
	cache *Cache
}

// Whole opens the file of h on disk if all of it is there and was found right:
// see [disk.File.Whole]. The caller closes it. It is nil for small files, and
// when it is not known: then it may be at the next time.
func (h *Handle) Whole() *Whole {
	if h.file.disk == nil || h.file.key.size < WholeSize {
		return nil
	}
	whole := h.file.disk.Whole()
	if whole == nil {
		return nil
	}
	c := h.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.Passed++
	return &Whole{whole, c}
}

// Read is [disk.Whole.Read], counted.
func (w *Whole) Read(p []byte, off int64) bool {
	if !w.Whole.Read(p, off) {
		return false
	}
	w.cache.readKept(int64(len(p)))
	return true
}

func (c *Cache) readKept(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.BytesRead += n
	c.stats.BytesKept += n
}
