package fs

import (
	"context"
	"strconv"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/remote"
	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/fault"
)

var (
	_ fusefs.NodeLookuper       = (*assetDir)(nil)
	_ fusefs.NodeGetattrer      = (*assetDir)(nil)
	_ fusefs.NodeOpendirHandler = (*assetDir)(nil)
	_ fusefs.NodeGetxattrer     = (*assetDir)(nil)
	_ fusefs.NodeListxattrer    = (*assetDir)(nil)
)

// assetDir is the directory of an asset: its record and its files. An asset
// whose data cannot be read (a draft, a failed one, one that the platform
// refuses) has its record alone, and gets its files by itself when they are
// there, because each request looks at the record as it is then.
type assetDir struct {
	folder
}

// assetNode is the directory of an asset as a child of n.
func (n *node) assetNode(ctx context.Context, name string, asset catalog.Entry, view string, out *fuse.EntryOut) *fusefs.Inode {
	n.t.fill(&out.Attr, syscall.S_IFDIR, 0, asset.Created)
	out.SetEntryTimeout(n.t.cfg.Refresh)
	out.SetAttrTimeout(n.t.cfg.Refresh)
	return n.child(ctx, name, assetIdentity(asset.ID, view), func() fusefs.InodeEmbedder {
		return &assetDir{folder{node: node{t: n.t}, id: asset.ID, view: view}}
	})
}

func assetIdentity(id, view string) fusefs.StableAttr {
	return identity(syscall.S_IFDIR, "", rootPath(id), view)
}

// The paths that stand for an asset's directory and its record in inode numbers
// are of no asset: inside one, any path can be a file's.
func rootPath(id string) string { return "\x00root/" + id }
func metaPath(id string) string { return "\x00meta/" + id }

// Lookup finds the record, a file, or a contained asset.
func (a *assetDir) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if name == remote.MetaName {
		return a.meta(ctx, out)
	}
	if node := a.scratch(ctx, name, out); node != nil {
		return node, 0
	}
	return a.t.lookup(ctx, listBudget, a, name, func(call *call) (*fusefs.Inode, syscall.Errno) {
		s, err := a.t.source(call, a.id)
		if err != nil {
			return nil, a.t.failLookup(out, "lookup", a.id, name, err)
		}
		if contained := a.contained(call, s.asset); contained != nil {
			return a.lookupContained(ctx, s, contained, name, out)
		}
		return a.lookupIn(ctx, call, s, name, out)
	})
}

// OpendirHandle lists the record and what can be read beside it.
func (a *assetDir) OpendirHandle(ctx context.Context, _ uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	call := a.t.begin(ctx, listBudget, "list", a, "")
	defer call.end()
	h, flags, err := a.list(call)
	switch {
	case err == nil:
		return h, flags, 0
	case fault.IsRefusal(err):
		// The directory is there, and its record too. What is refused is the
		// data, and the reason is where the data is asked for.
		a.t.faults.Add(a.t.cfg.Logger, "list", a.id, "", syscall.EACCES, err)
		return openFixed(a, []fuse.DirEntry{a.metaEntry()}), 0, 0
	}
	return nil, 0, a.t.fail("list", a.id, "", err)
}

// list opens the record and the data of an asset whose data can be read.
func (a *assetDir) list(ctx context.Context) (fusefs.FileHandle, uint32, error) {
	s, err := a.t.source(ctx, a.id)
	if err != nil {
		return nil, 0, err
	}
	if contained := a.contained(ctx, s.asset); contained != nil {
		return a.openContained(s, contained, a.metaEntry()), 0, nil
	}
	a.t.ahead.open(a.id, "")
	l, err := a.t.list(ctx, s, "")
	if err != nil {
		return nil, 0, err
	}
	h, flags := a.open(s, l, a.metaEntry())
	return h, flags, nil
}

func (a *assetDir) metaEntry() fuse.DirEntry {
	return fuse.DirEntry{Name: remote.MetaName, Mode: syscall.S_IFREG, Ino: inodeNumber("", metaPath(a.id))}
}

func (a *assetDir) meta(ctx context.Context, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	id := a.id
	f := &metaFile{textFile{node{t: a.t}, text{
		asset: id, path: remote.MetaName, perm: 0o644, // whatever the umask: see tree.owns
		read: func(ctx context.Context) (content, error) {
			asset, err := a.t.dep.Catalog.ByID(ctx, id)
			if err != nil {
				return content{}, err
			}
			record, err := asset.Record()
			if err != nil {
				return content{}, err
			}
			return content{indent(record.Raw), asset.Created}, nil
		},
	}}, id}
	return a.textChild(ctx, remote.MetaName, identity(syscall.S_IFREG, "", metaPath(id), ""), &f.textFile, f, out)
}

// xattrs are the attributes of an asset's directory. None takes a request, but
// for an asset that no listing shows.
func (a *assetDir) xattrs(ctx context.Context) ([]xattr, error) {
	asset, err := a.t.dep.Catalog.ByID(ctx, a.id)
	if err != nil {
		return nil, err
	}
	return []xattr{
		{"user.codeocean.id", asset.ID},
		{"user.codeocean.type", string(asset.Type)},
		{"user.codeocean.state", string(asset.State)},
		{"user.codeocean.archived", strconv.FormatBool(asset.Archived)},
		{"user.codeocean.tags", joinTags(asset.Tags)},
		{"user.codeocean.url", a.t.dep.API.AssetURL(asset.ID)},
	}, nil
}

// Getxattr gives one attribute.
func (a *assetDir) Getxattr(ctx context.Context, name string, dest []byte) (uint32, syscall.Errno) {
	if !ours(name) {
		return 0, none(name)
	}
	call := a.t.begin(ctx, a.t.cfg.Lookup, "getxattr", a, "")
	defer call.end()
	all, err := a.xattrs(call)
	if err != nil {
		return 0, a.t.fail("getxattr", a.id, "", err)
	}
	return getxattr(all, name, dest)
}

// Listxattr names the attributes.
func (a *assetDir) Listxattr(ctx context.Context, dest []byte) (uint32, syscall.Errno) {
	call := a.t.begin(ctx, a.t.cfg.Lookup, "listxattr", a, "")
	defer call.end()
	all, err := a.xattrs(call)
	if err != nil {
		return 0, a.t.fail("listxattr", a.id, "", err)
	}
	return listxattr(all, dest)
}
