package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"codeoceanfs/cache/window"
)

// leastStall is the least that Config.Stall can be. What slow means is for the
// Object to say, which sees the bytes; this is the last resort against one that
// neither delivers nor fails, as long as the usual budget of its operations.
const leastStall = 60 * time.Second

// leftToFinish is how much of a fetch that nobody wants any more is waited for
// all the same: half a megabyte is 6 ms at 80 MB/s, and giving up would cost a
// new connection and its handshakes.
const leftToFinish = 4

var (
	errLong    = errors.New("the body is longer than the range asked for")
	errGivenUp = errors.New("fetch given up: nobody waits for it")
)

// fetch is one range in flight: a run of blocks of one file.
type fetch struct {
	cache   *Cache
	file    *file
	object  Object
	span    window.Span
	blocks  []*block // of span; those before done are published
	done    int
	filling bool     // blocks[done] has a buffer, and is held by the fetch
	err     error    // why it ends before all blocks are published
	owner   *Handle  // nil once it went away, or its stream
	by      *request // the read that waits for it; nil when it was fetched ahead
	rent    *Handle  // whose random reads it was bought for; nil for all others
	cancel  context.CancelCauseFunc
}

// start begins to fetch span, whose blocks are reserved and not in the file,
// for a read or, when by is nil, ahead of all.
func (c *Cache) start(h *Handle, span window.Span, by *request) *fetch {
	ctx, cancel := context.WithCancelCause(c.ctx)
	f := &fetch{
		cache: c, file: h.file, object: h.object, span: span,
		blocks: make([]*block, 0, span.Len()),
		owner:  h, by: by, cancel: cancel,
	}
	for i := span.From; i < span.To; i++ {
		b := &block{file: h.file, index: i, fetch: f, owner: h}
		h.file.blocks[i] = b
		h.owned[b] = struct{}{}
		f.blocks = append(f.blocks, b)
	}
	h.fetches[f] = struct{}{}
	h.file.fetches++
	c.slots.busy++
	c.stats.Fetches++
	if by == nil {
		c.slots.ahead++
		c.stats.Ahead++
	}
	c.activate(h)
	c.wg.Add(1)
	go f.run(ctx)
	return f
}

// run downloads the blocks one after the other.
func (f *fetch) run(ctx context.Context) {
	defer f.cache.wg.Done()
	defer f.cancel(nil)
	stall := time.AfterFunc(f.cache.stall, func() {
		f.giveUp(fmt.Errorf("no block within %v: %w", f.cache.stall, os.ErrDeadlineExceeded))
	})
	defer stall.Stop()

	err := f.download(ctx, stall)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	f.end(err)
}

// download brings the blocks one after the other: those that are on disk from
// there, and each run of others by one range of the object.
func (f *fetch) download(ctx context.Context, stall *time.Timer) error {
	for f.next() {
		i, buf := f.buffer()
		if buf == nil {
			return nil
		}
		var kept bool
		if buf, kept = f.kept(i, buf); kept {
			f.publish(true)
			stall.Reset(f.cache.stall)
			continue
		}
		n := f.absent(i)
		if err := f.get(ctx, i, n, buf, stall); err != nil {
			return err
		}
		f.keep(n)
	}
	return nil
}

// get downloads n blocks from block i on, whose buffer is buf.
func (f *fetch) get(ctx context.Context, i, n int64, buf []byte, stall *time.Timer) (err error) {
	off := i * BlockSize
	size := min((i+n)*BlockSize, f.file.key.size) - off
	defer func() {
		if err != nil {
			err = fmt.Errorf("fetch %d bytes at %d: %w", size, off, err)
		}
	}()
	last := time.Now()
	body, err := f.open(ctx, off, size, buf)
	if err != nil {
		return cut(err)
	}
	defer body.Close()
	for left := n; ; {
		if left < n {
			if _, err := io.ReadFull(body, buf); err != nil {
				return cut(err)
			}
		}
		if left < n || n == 1 {
			f.came(time.Since(last))
		}
		last = time.Now()
		if left--; left == 0 {
			// The last block waits for the end of the body: one that is too
			// long is not what was asked for. (Read to its end, an HTTP
			// connection can be used again.)
			if err := ended(body); err != nil {
				return err
			}
		}
		f.publish(false)
		stall.Reset(f.cache.stall)
		if left == 0 {
			return nil
		}
		if _, buf = f.buffer(); buf == nil {
			return context.Cause(ctx)
		}
	}
}

// cut makes the end of a body an error where it comes before that of the range.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// ended checks that nothing is left of body.
func ended(body io.Reader) error {
	var one [1]byte
	switch n, err := io.ReadFull(body, one[:]); {
	case n > 0:
		return errLong
	case errors.Is(err, io.EOF):
		return nil
	default:
		return err
	}
}
