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

	// rowsKept are the directories of which it is remembered how they are read,
	// and filesKept the files in them, of 50 bytes or less each.
	rowsKept  = 2 * follow.MaxAhead
	filesKept = 200_000
)

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

// note takes in that a file is read, and fetches what may be next.
func (f *follower) note(file *file) {
	s, err := f.known(file.id)
	if err != nil {
		return
	}
	r := f.row(s, file.dir)
	if r == nil {
		f.unlisted(site{file.id, file.dir})
		return
	}
	if i, ok := r.find(file.entry.Name); ok {
		if was := f.reading; was != nil && was != r && was.s.asset.ID == s.asset.ID {
			f.cross(was, r)
		}
		f.reading, f.size = r, file.entry.Size
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
		if r != nil {
			f.drop(r)
		}
		r = newRow(s, dir, key, l)
		f.makeRoom(len(r.files))
		f.rows[key] = r
		f.held += len(r.files)
	}
	r.s, r.used = s, time.Now()
	return r
}

// makeRoom drops the rows that were not used for longest.
func (f *follower) makeRoom(files int) {
	for len(f.rows) > 0 && (len(f.rows) >= rowsKept || f.held+files > filesKept) {
		var oldest *row
		for _, r := range f.rows {
			if oldest == nil || r.used.Before(oldest.used) {
				oldest = r
			}
		}
		f.drop(oldest)
	}
}

func (f *follower) drop(r *row) {
	delete(f.rows, r.key)
	f.held -= len(r.files)
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
	for n := 0; want > 0 && n < crossings; n++ {
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
			case f.ahead.ended <- ended{row: r, err: err}:
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
	ctx, cancel := context.WithTimeout(f.ctx, f.cfg.Read) // as for a reader
	defer cancel()
	if err := o.Prepare(ctx); err != nil {
		return err
	}
	return f.cache.Prefetch(ctx, o, n)
}
