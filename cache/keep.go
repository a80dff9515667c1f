package cache

import (
	"codeoceanfs/cache/disk"
)

const (
	defaultDiskSize = 20 << 30

	// queuePart of the memory may wait to be written to disk: enough for the
	// ranges that end at one time, and little enough to stay out of the way.
	queuePart = 8
)

func openDisk(cfg Config, blocks int64) (*disk.Store, error) {
	if cfg.DiskSize == 0 {
		cfg.DiskSize = defaultDiskSize
	}
	return disk.Open(disk.Config{
		Dir: cfg.Dir, Size: cfg.DiskSize, BlockSize: BlockSize,
		Queue: int(blocks / queuePart), Logger: cfg.Logger,
	})
}

// kept fills buf with block i from the disk, if it is there.
func (f *fetch) kept(i int64, buf []byte) bool {
	return f.file.disk != nil && f.file.disk.Read(i, buf)
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

// keep queues the n blocks before the next to be written to disk. They come
// from a range that has ended well; those that are evicted already, or that
// the queue has no room for, are not kept, for no reader waits for a disk.
func (f *fetch) keep(n int64) {
	if f.file.disk == nil {
		return
	}
	c := f.cache
	c.mu.Lock()
	if f.err != nil {
		c.mu.Unlock()
		return // given up: the last of them may not be published
	}
	var blocks []*block
	for _, b := range f.blocks[f.done-int(n) : f.done] {
		if !b.gone {
			b.refs++
			blocks = append(blocks, b)
		}
	}
	c.mu.Unlock()
	for _, b := range blocks {
		if !f.file.disk.Write(b.index, b.buf, func() { c.letGo(b) }) {
			c.letGo(b)
		}
	}
}
