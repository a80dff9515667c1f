package fs

import (
	"errors"
	"strings"
	"time"

	"codeoceanfs/fs/follow"
	"codeoceanfs/remote"
)

const (
	// longFolder is the most entries of a folder that is listed ahead: twenty
	// requests of a bucket. One that is longer is for who really wants it.
	longFolder = 20_000

	// longKept bounds the folders that are known to be longer.
	longKept = 1000

	// crossings is how many directories on a stream of files is followed: Zarr's
	// chunks may be one in each.
	crossings = follow.MaxAhead

	// crossingsKept bounds the folders that are known to be gone through so.
	crossingsKept = 1000

	// foundKept bounds the folders of which files are read that nobody listed.
	foundKept = 1000
)

// site is a folder of an asset.
type site struct{ asset, dir string }

func (p site) path() string { return p.asset + "\x00" + p.dir }

func siteOf(path string) site {
	asset, dir, _ := strings.Cut(path, "\x00")
	return site{asset, dir}
}

// folders are those in a folder that is listed.
func (f *follower) folders(path string) (follow.Folders, bool) {
	p := siteOf(path)
	l := f.peek(p)
	if l == nil {
		return follow.Folders{}, false
	}
	below := func(i int) string { return remote.Join(p.dir, l.Folder(i)) }
	return follow.Folders{
		Dir: follow.Dir{
			N:     l.Folders(),
			Name:  func(i int) string { return l.Folder(i).Name },
			Inode: func(i int) uint64 { return inodeNumber(p.asset, below(i)) },
		},
		Path: func(i int) string { return site{p.asset, below(i)}.path() },
	}, true
}

// peek is the listing of a folder, if it is at hand and may be used.
func (f *follower) peek(p site) *remote.Listing {
	s, err := f.known(p.asset)
	if err != nil {
		return nil
	}
	l, ok := f.listings.Peek(listingKey(s, p.dir), f.maxAge(s))
	if !ok {
		return nil
	}
	return l
}

// opened notes that a folder is opened, and lists those that may be next.
func (f *follower) opened(p site) {
	if l := f.peek(f.last); l != nil {
		f.weigh(l)
	}
	f.last = p
	f.walks.Open(p.path())
	if f.idle--; f.idle < 0 {
		f.lead()
	}
}

// weigh notes the size of a folder in a walk.
func (f *follower) weigh(l *remote.Listing) {
	if f.each == 0 {
		f.each = float64(l.Len())
	}
	f.each += (float64(l.Len()) - f.each) / eachOf
}

// lead lists what walks are about to open.
func (f *follower) lead() {
	if time.Now().Before(f.calm) {
		return
	}
	limit := f.listLimit()
	paths := f.walks.Next(limit)
	if f.idle = 0; len(paths) == 0 {
		f.idle = f.walks.Ahead(limit) / 4 // all that may be ahead is
	}
	for _, path := range paths {
		p := siteOf(path)
		if !f.listFlat(p) {
			f.list(p)
		}
	}
}

// listLimit is how many listings may be ahead of a walk: as many as fit into a
// quarter of the memory for listings, going by those that are there.
func (f *follower) listLimit() int {
	used, n := f.listings.Used()
	each := used/int64(max(1, n)) + 1
	return int(min(follow.MaxWalk, max(1, f.cfg.Listings/4/each)))
}

// unlisted notes that a file is read of a folder of a bucket that nobody has
// listed. Each such file takes two requests to be found: when four, eight and so
// on have been read, as many requests are spent on listing the folder.
func (f *follower) unlisted(p site) {
	if len(f.found) >= foundKept {
		clear(f.found)
	}
	f.found[p]++
	if n := f.found[p]; n >= 4 && n&(n-1) == 0 {
		if f.coming[p] {
			delete(f.coming, p) // it was too long for less
		}
		f.listSome(p, min(2*n*keysPerPage, longFolder))
	}
}

// list begins to list a folder that nobody has opened yet.
func (f *follower) list(p site) { f.listSome(p, longFolder) }

// listSome is list for a folder of at most so many entries.
func (f *follower) listSome(p site, most int) {
	if _, known := f.coming[p]; known || f.lists >= follow.MaxWalk {
		return
	}
	s, err := f.known(p.asset)
	if err != nil {
		return
	}
	f.makeComing()
	f.coming[p] = false
	f.lists++
	go func() {
		err := f.listAhead(s, p.dir, most)
		select {
		case f.ahead.ended <- ended{site: p, err: err}:
		case <-f.ctx.Done():
		}
	}()
}

// makeComing keeps the folders that are too long from becoming too many.
func (f *follower) makeComing() {
	if len(f.coming) > longKept+2*flatMost {
		for p, long := range f.coming {
			if long {
				delete(f.coming, p)
			}
		}
	}
}

func (f *follower) listAhead(s *source, dir string, most int) error {
	release, err := s.Spare(f.ctx)
	if err != nil {
		return err
	}
	defer release()
	_, err = f.tree.listSome(f.ctx, s, dir, most)
	return err
}

// listed goes on after a listing, or stops where it failed.
func (f *follower) listed(p site, err error) {
	delete(f.coming, p)
	switch {
	case errors.Is(err, remote.ErrLong):
		f.coming[p] = true
	case err != nil:
		f.walks.Give()
		f.calm = time.Now().Add(coolDown)
		return
	}
	f.lead()
}

// cross notes that reading went on from the files of one folder to those of
// another. The next time it is expected to do that where these two are beside
// each other, and only there.
func (f *follower) cross(from, to *row) {
	a, b := from.dir, to.dir
	n := 0 // of what they have in common
	for i := 0; i < min(len(a), len(b)) && a[i] == b[i]; i++ {
		if a[i] == '/' {
			n = i + 1
		}
	}
	if len(f.crossed) >= crossingsKept {
		clear(f.crossed)
	}
	f.crossed[site{to.s.asset.ID, a[:n]}] = true
	if way, _ := from.Leaving(0); way.Run > 0 {
		to.Enter(way, 0)
	}
}

// after is the row of files that comes after r on that way, if it is listed;
// else it is listed now, for the next file that is read.
func (f *follower) after(r *row, way follow.Way) *row {
	p := site{r.s.asset.ID, r.dir}
	for p.dir != "" {
		up := site{p.asset, p.dir[:strings.LastIndexByte(strings.TrimSuffix(p.dir, "/"), '/')+1]}
		if path, ok := f.walks.Beside(up.path(), p.path(), way); ok {
			if !f.crossed[up] {
				return nil
			}
			return f.enter(siteOf(path), way)
		}
		p = up
	}
	return nil
}

// enter is the first row of files in p or, where it has only folders, below.
func (f *follower) enter(p site, way follow.Way) *row {
	for {
		l := f.peek(p)
		if l == nil {
			f.list(p)
			return nil
		}
		if l.Folders() < l.Len() || l.Len() == 0 {
			s, err := f.known(p.asset)
			if err != nil {
				return nil
			}
			return f.row(s, p.dir)
		}
		i := 0
		if way.Back {
			i = l.Folders() - 1
		}
		p.dir = remote.Join(p.dir, l.Folder(i))
	}
}
