// Package cache makes files that are far away quick to read.
//
// A file is an [Object]: a key, a size, and a way to get a range of its bytes,
// which never change. [Cache.Open] gives a [Handle], whose Lend and ReadAt give
// exactly the bytes asked for, or an error.
//
// Bytes are held in blocks of 128 KiB. A block is the unit that is there or
// not; what is asked for are runs of blocks, one range of up to 4 MiB each, of
// which every block can be read as soon as its last byte is there:
//
//		 Lend ─── block there ───────────────────────────→ lend it, or a copy
//		   │ └─── block in flight ── wait for it ────────→ the same
//		   │ └─── block missing ──── start a fetch ──┐
//		   └─ window: what to fetch ahead ─ fetches ─┴─ Object.Range
//
//	  - Whoever needs a block waits for the one fetch that brings it. A
//	    reader's context ends its own wait and nothing else; fetches run under
//	    the cache's, with a deadline of their own, and end with the cache.
//	    What was fetched ahead for a reader who went away is given up.
//	  - One budget of memory holds every block, those in flight included. A
//	    block being waited for or copied is kept; others go, read ones before
//	    unread ones, the longest unused first. Readers fetch ahead within equal
//	    shares. A read asks for one block at a time, so it always gets on:
//	    when memory is short readers wait in line, and slow down.
//	  - What is read is lent where it is (see [Loan]), and copied when memory
//	    is short.
//	  - Random readers who have waited for long enough have paid for more of the
//	    file than they asked for (see [window.Rent]), and a range that is slower
//	    than nearly all were is asked for once more (see hedge).
//	  - Failures are not remembered: the next read asks again.
//
// Package window holds the rules of reading ahead, and package disk keeps
// blocks across restarts.
package cache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"codeoceanfs/cache/disk"
)

// BlockSize is the unit in which bytes are valid: small enough that a random
// read of a few bytes is not slowed by it (1.6 ms at 80 MB/s), and the size of
// the smallest read-ahead a kernel does.
const BlockSize = 128 << 10

const (
	defaultMemory     = 512 << 20
	leastMemory       = 4 << 20 // one fetch of full length, or 32 readers of a block each
	defaultMaxFetches = 32      // 4 MiB each: see package window

	// closeTimeout bounds how long Close waits for fetches to notice. An
	// Object that does not give up with its context must not hang an unmount.
	closeTimeout = 10 * time.Second
)

// Config says what a [Cache] may use.
type Config struct {
	// Memory bounds all buffers together, in bytes, those of fetches in
	// flight included, however many files are open. 0 means 512 MiB; less
	// than 4 MiB is refused.
	Memory int64

	// Dir is where blocks are kept on disk, in a folder of the cache's own;
	// "" keeps them in memory only. Any number of processes of one user may
	// share it. It holds the plain bytes of the files.
	Dir string

	// DiskSize bounds what Dir holds, in bytes. 0 means 20 GiB.
	DiskSize int64

	// MaxFetches bounds the ranges in flight at once. 0 means 32.
	MaxFetches int

	// Stall is how long a fetch may go without completing a block: what an Object
	// takes to give up by itself, with all its attempts. It is a minute at least.
	Stall time.Duration

	// Throttled tells that a server asks for fewer requests: then none is
	// made twice. nil means never. It must not wait.
	Throttled func() bool

	// Logger hears of a disk cache that fails or heals. nil means silence:
	// every other failure is returned to the reader it concerns.
	Logger *slog.Logger
}

// Cache holds blocks of many files. Its methods may be called from many
// goroutines at once.
type Cache struct {
	ctx    context.Context // ends with the cache; fetches run under it
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup // fetches
	disk   *disk.Store    // nil without one

	stall     time.Duration
	throttled func() bool // may be nil
	diskLimit int64       // in blocks; 0 without a disk

	mu      sync.Mutex // guards everything below, and all of Handle, file, block and fetch; never held during I/O
	closed  bool
	files   map[fileKey]*file
	mem     memory
	slots   slots
	pulse   pulse
	flow    flow
	lent    int64                             // blocks out on loan
	bought  int64                             // blocks fetched unasked for random readers of open files
	used    *simplelru.LRU[*block, struct{}]  // blocks read before: the first to go
	ahead   *simplelru.LRU[*block, struct{}]  // blocks fetched and not yet read
	active  *simplelru.LRU[*Handle, struct{}] // handles that share what may be fetched ahead
	line    []*ticket                         // reads that wait for memory or a slot, in order
	hungry  []*Handle                         // handles that would fetch ahead, and found no slot
	early   early
	keeping keeping
	stats   Stats
}

// New makes a cache. It fails when the configuration makes no sense, and when
// Dir cannot be made or belongs to somebody else.
func New(cfg Config) (*Cache, error) {
	if cfg.Memory == 0 {
		cfg.Memory = defaultMemory
	}
	if cfg.Memory < leastMemory {
		return nil, fmt.Errorf("cache memory of %d bytes: at least %d are needed", cfg.Memory, leastMemory)
	}
	if cfg.MaxFetches == 0 {
		cfg.MaxFetches = defaultMaxFetches
	}
	if cfg.MaxFetches < 0 || cfg.DiskSize < 0 {
		return nil, fmt.Errorf("cache with %d fetches at once and %d bytes on disk", cfg.MaxFetches, cfg.DiskSize)
	}
	c := &Cache{
		files: map[fileKey]*file{},
		mem:   memory{limit: cfg.Memory / BlockSize},
		slots: slots{limit: cfg.MaxFetches},

		stall:     max(cfg.Stall, leastStall),
		throttled: cfg.Throttled,

		used:   newLRU[*block](),
		ahead:  newLRU[*block](),
		active: newLRU[*Handle](),
	}
	if cfg.Dir != "" {
		var err error
		if c.disk, err = openDisk(cfg); err != nil {
			return nil, err
		}
		c.diskLimit = cmp.Or(cfg.DiskSize, defaultDiskSize) / BlockSize
	}
	c.early.reader = &Handle{cache: c, owned: map[*block]struct{}{}, fetches: map[*fetch]struct{}{}}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	return c, nil
}

// Close stops every fetch and frees the memory. Reads under way end with an
// error, and so does every later one.
func (c *Cache) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	c.mu.Unlock()
	c.cancel(fs.ErrClosed)

	stopped := make(chan struct{})
	go func() {
		c.wg.Wait()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-time.After(closeTimeout):
		return errors.New("close cache: a fetch does not stop")
	}
	var err error
	if c.disk != nil {
		c.flush()
		err = c.disk.Close()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.evict(c.used) || c.evict(c.ahead) {
	}
	return errors.Join(err, c.mem.free())
}

// newLRU makes a list that is bounded by the memory budget instead of by its
// own length.
func newLRU[K comparable]() *simplelru.LRU[K, struct{}] {
	const unbounded = 1 << 62
	l, err := simplelru.NewLRU[K, struct{}](unbounded, nil)
	if err != nil {
		panic(err) // only for a length that is not positive
	}
	return l
}
