package fs

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

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

// searchDir is .search: every name in it is a query of the platform's search,
// but those that begin with a dot, such as .git, which shells look for
// everywhere. It lists as empty.
type searchDir struct {
	fixedDir
	archived bool // .archived/.search, which searches among archived assets
}

// path is what inode numbers are made of. No type has it: one of that name is
// called otherwise.
func (d *searchDir) path() string {
	if d.archived {
		return archivedName + "/" + searchName
	}
	return searchName
}

// Lookup makes the directory of a query. That it has a result is not asked
// before somebody looks into it. A query may be longer than a file name.
func (d *searchDir) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if junk(name) || strings.HasPrefix(name, ".") {
		return miss(out, false)
	}
	child := &queryDir{fixedDir{node{t: d.t}, d.perm}, unescapeQuery(name), d.archived}
	return d.fixedNode(ctx, name, d.path()+"/"+name, child, out), 0
}

// OpendirHandle lists nothing.
func (d *searchDir) OpendirHandle(context.Context, uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	return openFixed(d, nil), fuse.FOPEN_CACHE_DIR, 0
}

// unescapeQuery reads %XX in the name of a query as the byte that it stands for:
// a name has no other way to hold a slash.
func unescapeQuery(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] == '%' && i+2 < len(name) {
			if c, err := hex.DecodeString(name[i+1 : i+3]); err == nil {
				b.Write(c)
				i += 2
				continue
			}
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// queryDir holds a symbolic link to each asset that its query finds.
type queryDir struct {
	fixedDir
	query    string
	archived bool
}

// hit is one asset that a search found, with the name of its link.
type hit struct {
	name  string
	asset catalog.Entry
}

// hits asks the platform, at most once in the refresh interval. They are in
// order of name. Assets of different types can have one name: the oldest keeps
// it, and the others show by name@id8.
func (d *queryDir) hits(ctx context.Context) ([]hit, error) {
	key := strconv.FormatBool(d.archived) + " " + d.query // which may hold any byte
	return d.t.searches.Get(ctx, key, d.t.cfg.Refresh, func(ctx context.Context) ([]hit, error) {
		found, err := d.t.dep.Catalog.Search(ctx, d.archived, d.query)
		if err != nil {
			return nil, err
		}
		return named(found), nil
	})
}

func named(found []catalog.Entry) []hit {
	byAge := slices.SortedFunc(slices.Values(found), func(a, b catalog.Entry) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	hits := make([]hit, 0, len(found))
	taken := make(map[string]bool, len(found))
	for _, asset := range byAge {
		name := asset.Dir
		if taken[name] {
			name = names.Decorated(asset.Name, asset.ID)
		}
		taken[name] = true
		hits = append(hits, hit{name, asset})
	}
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(a.name, b.name) })
	return hits
}

// Lookup finds one result.
func (d *queryDir) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	return d.t.lookup(ctx, listBudget, d, name, func(call *call) (*fusefs.Inode, syscall.Errno) {
		hits, err := d.hits(call)
		if err != nil {
			return nil, d.t.failLookup(out, "search", "", d.query, err)
		}
		i, ok := slices.BinarySearchFunc(hits, name, func(h hit, name string) int { return cmp.Compare(h.name, name) })
		if !ok {
			return miss(out, false)
		}
		return d.linkNode(ctx, hits[i], out), 0
	})
}

// OpendirHandle lists the results.
func (d *queryDir) OpendirHandle(ctx context.Context, _ uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	call := d.t.begin(ctx, listBudget, "search", d, "")
	defer call.end()
	hits, err := d.hits(call)
	if err != nil {
		return nil, 0, d.t.fail("search", "", d.query, err)
	}
	h := newDirHandle(d, len(hits), func(i int) fuse.DirEntry {
		return fuse.DirEntry{Name: hits[i].name, Mode: syscall.S_IFLNK, Ino: inodeNumber(hits[i].asset.ID, searchName)}
	})
	h.node = func(ctx context.Context, i int, out *fuse.EntryOut) *fusefs.Inode {
		return d.linkNode(ctx, hits[i], out)
	}
	return h, 0, 0
}

// linkNode is the link to a result. It is relative, so that it leads to the same
// place wherever the mount is seen from, and made of names of ours: a type may
// be called "..".
func (d *queryDir) linkNode(ctx context.Context, h hit, out *fuse.EntryOut) *fusefs.Inode {
	l := &link{node: node{t: d.t}, target: "../../" + typeName(h.asset.Type) + "/" + h.asset.Dir, created: h.asset.Created}
	l.fill(&out.Attr)
	out.SetEntryTimeout(d.t.cfg.Refresh)
	out.SetAttrTimeout(d.t.cfg.Refresh)
	id := identity(syscall.S_IFLNK, h.asset.ID, searchName, d.query+"\x00"+l.target)
	return d.child(ctx, h.name, id, func() fusefs.InodeEmbedder { return l })
}

// link points from a search to an asset, by names of ours only: nothing that
// the platform says becomes a path outside the mount.
type link struct {
	node
	target  string
	created time.Time // the asset's: ls -t sorts by it
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
	l.t.fill(out, syscall.S_IFLNK, int64(len(l.target)), l.created)
	out.Mode = syscall.S_IFLNK | 0o777 // what every link has
}
