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
	f.walks.Open(p.path())
	f.lead()
}

// lead lists what walks are about to open.
func (f *follower) lead() {
	if time.Now().Before(f.calm) {
		return
	}
	for _, path := range f.walks.Next(f.listLimit()) {
		f.list(siteOf(path))
	}
}

// listLimit is how many listings may be ahead of a walk: as many as fit into a
// quarter of the memory for listings, going by those that are there.
func (f *follower) listLimit() int {
	used, n := f.listings.Used()
	each := used/int64(max(1, n)) + 1
	return int(min(follow.MaxWalk, max(1, f.cfg.Listings/4/each)))
}

// list begins to list a folder that nobody has opened yet.
func (f *follower) list(p site) {
	if _, known := f.coming[p]; known || f.lists >= follow.MaxWalk {
		return
	}
	s, err := f.known(p.asset)
	if err != nil {
		return
	}
	if len(f.coming) > longKept+follow.MaxWalk {
		for p, long := range f.coming {
			if long {
				delete(f.coming, p)
			}
		}
	}
	f.coming[p] = false
	f.lists++
	go func() {
		err := f.listAhead(s, p.dir)
		select {
		case f.ahead.ended <- ended{site: p, err: err}:
		case <-f.ctx.Done():
		}
	}()
}

func (f *follower) listAhead(s *source, dir string) error {
	release, err := s.Spare(f.ctx)
	if err != nil {
		return err
	}
	defer release()
	_, err = f.listSome(f.ctx, s, dir, longFolder)
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

// after is the row of files that comes after r on that way, if it is listed;
// else it is listed now, for the next file that is read.
func (f *follower) after(r *row, way follow.Way) *row {
	p := site{r.s.asset.ID, r.dir}
	for p.dir != "" {
		up := site{p.asset, p.dir[:strings.LastIndexByte(strings.TrimSuffix(p.dir, "/"), '/')+1]}
		if path, ok := f.walks.Beside(up.path(), p.path(), way); ok {
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
