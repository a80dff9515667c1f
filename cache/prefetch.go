package cache

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"codeoceanfs/cache/window"
)

// early is what is fetched before anybody has opened it. All of it together
// shares memory and slots with the open files as one of them.
type early struct {
	reader *Handle         // stands for all of it, of no file
	line   []chan struct{} // those that wait for a slot, in order
}

// errCrowded is returned where reads leave no memory for what nobody reads yet.
var errCrowded = errors.New("no memory to fetch ahead")

// Lacks tells whether the beginning of o is neither there, nor on its way, nor
// on disk.
func (c *Cache) Lacks(o Object) bool {
	c.mu.Lock()
	f := c.files[fileKey{o.Key(), o.Size()}]
	has := o.Size() == 0 || c.closed || f != nil && f.blocks[0] != nil
	c.mu.Unlock()
	return !has && (c.disk == nil || c.disk.File(o.Key(), o.Size()).Absent(0, 1) == 1)
}

// Prefetch fetches the first n bytes of o, which nobody has opened yet, after
// what anybody waits for, and returns when they are there. What is fetched so is
// a block like any other, and goes like others when it is not read. The end of
// ctx ends the wait: what has begun goes on.
func (c *Cache) Prefetch(ctx context.Context, o Object, n int64) error {
	for {
		b, turn, err := c.prefetch(o, n)
		if err != nil || b == nil && turn == nil {
			return err
		}
		if b != nil {
			defer c.letGo(b)
			return c.wait(ctx, b)
		}
		select {
		case <-turn:
			continue
		case <-ctx.Done():
			err = context.Cause(ctx)
		case <-c.ctx.Done():
			err = fs.ErrClosed
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if i := slices.Index(c.early.line, turn); i >= 0 {
			c.early.line = slices.Delete(c.early.line, i, i+1)
		} else {
			c.feedEarly() // it is another's turn then
		}
		return err
	}
}

// prefetch begins the fetch, and holds its last block; or gives the turn to wait
// for; or neither, when there is nothing to fetch.
func (c *Cache) prefetch(o Object, n int64) (b *block, turn chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, nil, fs.ErrClosed
	}
	f := c.file(o)
	defer c.tidy(f)
	h := &Handle{cache: c, object: o, file: f, owned: map[*block]struct{}{}, fetches: c.early.reader.fetches}
	run := h.missing(window.Span{To: min((n+BlockSize-1)/BlockSize, f.length(), window.MaxRange)})
	if run.Len() == 0 {
		c.feedEarly() // if it was its turn, it is the next one's
		return nil, nil, nil
	}
	c.early.reader.lastRead = time.Now()
	c.activate(c.early.reader)
	switch {
	case !c.mayPrefetch(f):
		turn = make(chan struct{})
		c.early.line = append(c.early.line, turn)
		return nil, turn, nil
	case !c.reserveAhead(run.Len()):
		c.feedEarly() // likewise
		return nil, nil, errCrowded
	}
	c.start(h, run, nil)
	c.active.Remove(h)
	for i := run.From; i < run.To; i++ {
		// It is in no reader's share, so that one who never comes holds nothing.
		b = f.blocks[i]
		b.owner = nil
	}
	clear(h.owned)
	b.refs++
	return b, nil, nil
}

// mayPrefetch tells whether there is a slot: none while a read is in line, and
// no more than an open file would get.
func (c *Cache) mayPrefetch(f *file) bool {
	return len(c.line) == 0 && c.freeAhead(f, len(c.early.reader.fetches), c.active.Len())
}

// feedEarly gives the next in line its turn, when there may be a slot for it.
func (c *Cache) feedEarly() {
	if len(c.early.line) > 0 && c.slots.busy < c.slots.part(8) {
		close(c.early.line[0])
		c.early.line = slices.Delete(c.early.line, 0, 1)
	}
}
