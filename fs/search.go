package fs

import (
	"context"
	"slices"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/names"
)

var (
	_ fusefs.NodeLookuper       = (*searchDir)(nil)
	_ fusefs.NodeOpendirHandler = (*searchDir)(nil)

	_ fusefs.NodeLookuper       = (*queryDir)(nil)
	_ fusefs.NodeOpendirHandler = (*queryDir)(nil)

	_ fusefs.NodeGetattrer  = (*link)(nil)
	_ fusefs.NodeReadlinker = (*link)(nil)
)

// searchDir is .search: every name in it is a query of the platform's search.
// It lists as empty.
type searchDir struct{ fixedDir }

// Lookup makes the directory of a query. That it has a result is not asked
// before somebody looks into it.
func (d *searchDir) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if junk(name) {
		return miss(out, false)
	}
	child := &queryDir{fixedDir{node{t: d.t}, d.perm}, name}
	return d.fixedNode(ctx, name, searchName+"/"+name, child, out), 0
}

// OpendirHandle lists nothing.
func (d *searchDir) OpendirHandle(context.Context, uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	return openFixed(d, nil), fuse.FOPEN_CACHE_DIR, 0
}

// queryDir holds a symbolic link to each asset that its query finds.
type queryDir struct {
	fixedDir
	query string
}

// hit is one asset that a search found, with the name of its link.
type hit struct {
	name  string
	asset catalog.Entry
}

// hits asks the platform, at most once in the refresh interval. Assets of
// different types can have one name: the later ones show by name@id8.
func (d *queryDir) hits(ctx context.Context) ([]hit, error) {
	found, err := d.t.searches.Get(ctx, d.query, d.t.cfg.Refresh, func(ctx context.Context) ([]catalog.Entry, error) {
		return d.t.dep.Catalog.Search(ctx, false, d.query)
	})
	if err != nil {
		return nil, err
	}
	hits := make([]hit, 0, len(found))
	taken := make(map[string]bool, len(found))
	for _, asset := range found {
		name := asset.Dir
		if taken[name] {
			name = names.Decorated(asset.Name, asset.ID)
		}
		taken[name] = true
		hits = append(hits, hit{name, asset})
	}
	return hits, nil
}

// Lookup finds one result.
func (d *queryDir) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	call := newCall(ctx, lookupBudget)
	defer call.end()
	hits, err := d.hits(call)
	if err != nil {
		return nil, d.t.failLookup(out, "search", "", d.query, err)
	}
	i := slices.IndexFunc(hits, func(h hit) bool { return h.name == name })
	if i < 0 {
		return miss(out, false)
	}
	asset := hits[i].asset
	l := &link{node: node{t: d.t}, target: "../../" + typePath(asset.Type, asset.Archived) + "/" + asset.Dir}
	l.fill(&out.Attr)
	out.SetEntryTimeout(d.t.cfg.Refresh)
	out.SetAttrTimeout(d.t.cfg.Refresh)
	id := identity(syscall.S_IFLNK, asset.ID, searchName, d.query+"\x00"+l.target)
	return d.child(ctx, name, id, func() fusefs.InodeEmbedder { return l }), 0
}

// OpendirHandle lists the results.
func (d *queryDir) OpendirHandle(ctx context.Context, _ uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	call := newCall(ctx, lookupBudget)
	defer call.end()
	hits, err := d.hits(call)
	if err != nil {
		return nil, 0, d.t.fail("search", "", d.query, err)
	}
	return newDirHandle(d, len(hits), func(i int) fuse.DirEntry {
		return fuse.DirEntry{Name: hits[i].name, Mode: syscall.S_IFLNK, Ino: inodeNumber(hits[i].asset.ID, searchName)}
	}), 0, 0
}

// link points from a search to an asset, by names of ours only: nothing that
// the platform says becomes a path outside the mount.
type link struct {
	node
	target string
}

// Readlink gives the target.
func (l *link) Readlink(context.Context) ([]byte, syscall.Errno) { return []byte(l.target), 0 }

// Getattr gives the attributes of the link itself.
func (l *link) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	l.fill(&out.Attr)
	out.SetTimeout(l.t.cfg.Refresh)
	return 0
}

func (l *link) fill(out *fuse.Attr) {
	l.t.fill(out, syscall.S_IFLNK, int64(len(l.target)), l.t.started)
	out.Mode = syscall.S_IFLNK | 0o777 // what every link has
}
