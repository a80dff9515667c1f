package fs

import (
	"context"
	"errors"
	"sort"
	"strings"

	"codeoceanfs/fs/follow"
	"codeoceanfs/remote"
)

const (
	// flatLeast is how many folders one request should tell of: fewer are listed
	// as fast one by one, each by a request of its own at the same time.
	flatLeast = 4

	// flatMost are waited for by who opens one of them meanwhile. Others that come
	// along are kept as well.
	flatMost = follow.MaxWalk

	// eachOf is of how many folders the size is remembered.
	eachOf = 8
)

// listFlat begins to list p and folders after it by one request for their keys,
// if p is of a bucket and they are small. It reports whether p is on its way.
func (f *follower) listFlat(p site) bool {
	if _, coming := f.coming[p]; coming {
		return true // or too long
	}
	most := int(min(keysPerPage/(f.each+1), flatMost))
	s, err := f.known(p.asset)
	if err != nil || !s.asset.External() || most < flatLeast || f.lists >= follow.MaxWalk || p.dir == "" {
		return false
	}
	parent := p.dir[:strings.LastIndexByte(strings.TrimSuffix(p.dir, "/"), '/')+1]
	above := f.peek(site{p.asset, parent})
	if above == nil || f.unfit[site{p.asset, parent}] {
		return false
	}
	var members []string
	at := func(i int) string { return remote.Join(parent, above.Folder(i)) }
	from := sort.Search(above.Folders(), func(i int) bool { return at(i) >= p.dir })
	for i := from; i < above.Folders(); i++ {
		// Keys, and not names, have the order of the bucket; where the two differ
		// a member may not come.
		dir := at(i)
		q := site{p.asset, dir}
		if _, coming := f.coming[q]; coming || f.peek(q) != nil || len(members) == most {
			break
		}
		members = append(members, dir)
	}
	if len(members) < flatLeast {
		return false
	}
	f.makeComing()
	for _, dir := range members {
		f.coming[site{p.asset, dir}] = false
	}
	f.lists++
	go func() {
		err := f.readFlat(s, parent, members)
		select {
		case f.ahead.ended <- ended{site: p, members: members, err: err}:
		case <-f.ctx.Done():
		}
	}()
	return true
}

// errUnfit is a request for keys that did not tell of one whole folder.
var errUnfit = errors.New("the folders are too large to be listed together")

// readFlat lists members, the first of which tells where to begin, and keeps
// what else comes.
func (f *follower) readFlat(s *source, parent string, members []string) error {
	release, err := s.Spare(f.ctx)
	if err != nil {
		return err
	}
	defer release()
	var all map[string]*remote.Listing
	done := make(chan struct{})
	for _, dir := range members {
		go f.listBy(f.ctx, s, dir, func(ctx context.Context) (*remote.Listing, error) {
			select {
			case <-done:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			if l := all[dir]; l != nil {
				return l, nil
			}
			return nil, remote.ErrLong // as it seems: who opened it meanwhile asks for it alone
		})
	}
	all, err = s.Below(f.ctx, parent, members[0])
	close(done)
	if err != nil {
		return err
	}
	for dir, l := range all {
		if _, err := f.listBy(f.ctx, s, dir, func(context.Context) (*remote.Listing, error) { return l, nil }); err != nil {
			return err
		}
	}
	if len(all) == 0 {
		return errUnfit
	}
	return nil
}

// listedFlat takes note of folders that were listed together.
func (f *follower) listedFlat(e ended) {
	for _, dir := range e.members {
		delete(f.coming, site{e.site.asset, dir})
	}
	if errors.Is(e.err, errUnfit) {
		if len(f.unfit) >= longKept {
			clear(f.unfit)
		}
		dir := e.site.dir
		f.unfit[site{e.site.asset, dir[:strings.LastIndexByte(strings.TrimSuffix(dir, "/"), '/')+1]}] = true
		e.err = nil
	}
	if e.err == nil && f.peek(e.site) == nil {
		f.list(e.site) // there is more in it than one request told
		return
	}
	f.listed(e.site, e.err)
}
