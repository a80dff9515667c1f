package fs

import (
	"context"
	"time"

	"codeoceanfs/cache"
	"codeoceanfs/fs/follow"
	"codeoceanfs/remote"
)

const (
	// wholeFile is the largest file that is fetched whole before it is opened,
	// and headOf what is fetched of a larger one: as much as its first read
	// would fetch, see package window.
	wholeFile = 1 << 20
	headOf    = 512 << 10

	// aheadPart of the cache's memory may be taken by files that nobody has
	// opened yet: an eighth, so that open files keep theirs.
	aheadPart = 8

	// rowsKept are the directories of which it is remembered how they are read.
	rowsKept = 16

	// coolDown is how long nothing is fetched ahead after a file has failed to
	// come: it is not for what nobody waits for to find out when the network is
	// well again.
	coolDown = 5 * time.Second

	// aheadQueue is how many reads may wait to be looked at. One that finds it
	// full is not noted.
	aheadQueue = 1024
)

// ahead fetches files of a directory before they are opened, where it is being
// read in an order: see package follow. One goroutine has all the state; what a
// reader does is to tell it of a file, which never waits.
type ahead struct {
	reads chan *file
	ended chan fetched
}

// fetched is one file that came, or failed to.
type fetched struct {
	row *row
	err error
}

// row is one directory that is read.
type row struct {
	*follow.Row
	key   string // of the listing
	s     *source
	dir   string
	l     *remote.Listing
	files []int32 // in the listing: those that have bytes
	used  time.Time
}

func newAhead() ahead {
	return ahead{reads: make(chan *file, aheadQueue), ended: make(chan fetched)}
}

// read notes that a file is being read, by its first read that came here.
func (a *ahead) read(f *file) {
	select {
	case a.reads <- f:
	default:
	}
}

// run serves until ctx ends.
func (a *ahead) run(ctx context.Context, t *tree) {
	f := follower{tree: t, ctx: ctx, rows: map[string]*row{}}
	for {
		select {
		case <-ctx.Done():
			return
		case file := <-a.reads:
			f.note(file)
		case e := <-a.ended:
			f.busy--
			if e.err != nil {
				e.row.Give()
				f.calm = time.Now().Add(coolDown)
			} else {
				f.fill(e.row)
			}
		}
	}
}

// follower is the state of that goroutine.
type follower struct {
	*tree
	ctx  context.Context
	rows map[string]*row // by listing
	busy int             // files on their way
	calm time.Time       // nothing is fetched before
	size int64           // of the file read last
}

// note takes in that a file is read, and fetches what may be next.
func (f *follower) note(file *file) {
	s, err := f.known(file.id)
	if err != nil {
		return
	}
	r := f.row(s, file.dir)
	if r == nil {
		return
	}
	if i, ok := r.find(file.entry.Name); ok {
		f.size = file.entry.Size
		r.Read(i)
		f.fill(r)
	}
}

// known is the source of an asset, if that takes no request.
func (f *follower) known(id string) (*source, error) {
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	return f.source(ctx, id)
}

// row is what is known of the reads of a directory that was listed, else nil.
func (f *follower) row(s *source, dir string) *row {
	key := listingKey(s, dir)
	l, ok := f.listings.Peek(key, f.maxAge(s))
	if !ok {
		return nil
	}
	r := f.rows[key]
	if r == nil || r.l != l {
		f.makeRoom()
		r = newRow(s, dir, key, l)
		f.rows[key] = r
	}
	r.s, r.used = s, time.Now()
	return r
}

func (f *follower) makeRoom() {
	for len(f.rows) >= rowsKept {
		oldest := ""
		for key, r := range f.rows {
			if oldest == "" || r.used.Before(f.rows[oldest].used) {
				oldest = key
			}
		}
		delete(f.rows, oldest)
	}
}

func newRow(s *source, dir, key string, l *remote.Listing) *row {
	r := &row{key: key, s: s, dir: dir, l: l}
	for i, e := range l.All() {
		if !e.Dir && e.Size > 0 {
			r.files = append(r.files, int32(i))
		}
	}
	r.Row = follow.NewRow(follow.Dir{
		N:    len(r.files),
		Name: func(i int) string { return r.entry(i).Name },
		Inode: func(i int) uint64 {
			return inodeNumber(s.asset.ID, remote.Join(dir, r.entry(i)))
		},
	})
	return r
}

func (r *row) entry(i int) remote.Entry { return r.l.At(int(r.files[i])) }

// find is the place of a file in the row.
func (r *row) find(name string) (int, bool) {
	lo, hi := 0, len(r.files)
	for lo < hi {
		if mid := (lo + hi) / 2; r.entry(mid).Name < name {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < len(r.files) && r.entry(lo).Name == name
}

// limit is how many files may be ahead of a stream, going by the size of the
// one read last.
func (f *follower) limit() int {
	if f.size > wholeFile {
		return 2 // their readers stay with each for longer than a round trip
	}
	blocks := (f.size + cache.BlockSize - 1) / cache.BlockSize
	return max(1, int(f.cache.Stats().MemoryLimit/aheadPart/cache.BlockSize/max(1, blocks)))
}

// fill fetches what is wanted ahead in r, and in the directories after it.
func (f *follower) fill(r *row) {
	limit := f.limit()
	if time.Now().Before(f.calm) {
		return
	}
	f.fetch(r, limit)
	way, want := r.Leaving(limit)
	for want > 0 {
		if r = f.after(r, way); r == nil {
			return
		}
		want = r.Enter(way, want)
		f.fetch(r, limit)
	}
}

// fetch begins to fetch what r wants.
func (f *follower) fetch(r *row, limit int) {
	for f.busy < follow.MaxAhead {
		i, ok := r.Next(limit)
		if !ok {
			return
		}
		e := r.entry(i)
		o := r.s.Object(remote.Join(r.dir, e), e)
		n := e.Size
		if n > wholeFile {
			n = headOf
		}
		f.busy++
		go func() {
			err := f.bring(o, n)
			select {
			case f.ahead.ended <- fetched{r, err}:
			case <-f.ctx.Done():
			}
		}()
	}
}

// bring fetches the first n bytes of o, if they are not there yet.
func (f *follower) bring(o *remote.Object, n int64) error {
	if !f.cache.Lacks(o) {
		return nil
	}
	ctx, cancel := context.WithTimeout(f.ctx, dataBudget) // as for a reader
	defer cancel()
	if err := o.Prepare(ctx); err != nil {
		return err
	}
	return f.cache.Prefetch(ctx, o, n)
}

// after is the directory that comes after r on that way, if it is known.
func (f *follower) after(r *row, way follow.Way) *row { return nil }
