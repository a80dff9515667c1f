package fs

import (
	"context"
	"errors"
	"strings"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/remote"
	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/names"
)

var (
	_ fusefs.NodeLookuper       = (*folder)(nil)
	_ fusefs.NodeGetattrer      = (*folder)(nil)
	_ fusefs.NodeOpendirHandler = (*folder)(nil)
	_ fusefs.NodeGetxattrer     = (*folder)(nil)
	_ fusefs.NodeListxattrer    = (*folder)(nil)
)

// folder is a directory inside an asset: everything below the asset's own.
type folder struct {
	node
	id   string // of the asset
	path string // inside the asset, see remote.Join; "" is its root
	view string // where the asset shows: see identity
}

// Lookup finds one file or folder.
func (f *folder) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	return f.t.lookup(ctx, listBudget, f, name, func(call *call) (*fusefs.Inode, syscall.Errno) {
		s, err := f.t.source(call, f.id)
		if err != nil {
			return nil, f.t.failLookup(out, "lookup", f.id, f.path, err)
		}
		return f.lookupIn(ctx, call, s, name, out)
	})
}

func (f *folder) lookupIn(ctx context.Context, call *call, s *source, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if len(name) > names.MaxLen {
		return nil, syscall.ENAMETOOLONG
	}
	if junk(name) && !s.Immutable() && !f.t.listed(s, f.path) {
		return miss(out, false)
	}
	e, final, err := f.t.find(call, s, f.path, name)
	switch {
	case errors.Is(err, fault.ErrNotExist):
		return miss(out, final)
	case err != nil:
		return nil, f.t.failLookup(out, "lookup", f.id, remote.Join(f.path, remote.Entry{Raw: name}), err)
	}
	return f.entry(ctx, s, e, out), 0
}

// entry is the node of e, with its attributes in out.
func (f *folder) entry(ctx context.Context, s *source, e remote.Entry, out *fuse.EntryOut) *fusefs.Inode {
	if e.Modified.IsZero() {
		e.Modified = s.asset.Created
	}
	out.SetEntryTimeout(f.t.timeout(s))
	out.SetAttrTimeout(f.t.timeout(s))
	id := f.identify(s, e)
	f.t.fill(&out.Attr, id.Mode, e.Size, e.Modified)
	child := f.child(ctx, e.Name, id, func() fusefs.InodeEmbedder {
		if e.Dir {
			return &folder{node: node{t: f.t}, id: f.id, path: remote.Join(f.path, e), view: f.viewOf(e)}
		}
		return &file{node: node{t: f.t}, id: f.id, dir: f.path, entry: e}
	})
	if known, ok := child.Operations().(*file); ok {
		known.stale.Store(false) // it may have changed, and changed back
	}
	return child
}

// identify is the identity of the entry e of f.
func (f *folder) identify(s *source, e remote.Entry) fusefs.StableAttr {
	if e.Dir {
		return identity(syscall.S_IFDIR, f.id, remote.Join(f.path, e), f.viewOf(e))
	}
	return fileIdentity(f.id, s, f.path, e)
}

// viewOf is the view of the folder e. One that the platform lists further up
// than it is, as "a/b", may show in its own place as well: see identity.
func (f *folder) viewOf(e remote.Entry) string {
	if strings.Contains(e.Raw, "/") {
		return f.view + "/" + f.path + memberSep + e.Raw
	}
	return f.view
}

// Getattr gives the attributes of the folder itself: it has no time of its own,
// so it has its asset's.
func (f *folder) Getattr(ctx context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	call := f.t.begin(ctx, f.t.cfg.Lookup, "stat", f, "")
	defer call.end()
	asset, err := f.t.dep.Catalog.ByID(call, f.id)
	if err != nil {
		return f.t.fail("stat", f.id, f.path, err)
	}
	f.t.fill(&out.Attr, syscall.S_IFDIR, 0, asset.Created)
	out.SetTimeout(f.t.cfg.Refresh)
	return 0
}

// OpendirHandle reads the listing and keeps it for as long as it is open.
func (f *folder) OpendirHandle(ctx context.Context, _ uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	call := f.t.begin(ctx, listBudget, "list", f, "")
	defer call.end()
	s, err := f.t.source(call, f.id)
	if err == nil {
		f.t.ahead.open(f.id, f.path)
		var l *remote.Listing
		if l, err = f.t.list(call, s, f.path); err == nil {
			h, flags := f.open(s, l)
			return h, flags, 0
		}
	}
	return nil, 0, f.t.fail("list", f.id, f.path, err)
}

// open is a handle on the listing, with first in front of it. The kernel keeps
// what it reads from it if it can never change.
func (f *folder) open(s *source, l *remote.Listing, first ...fuse.DirEntry) (fusefs.FileHandle, uint32) {
	var flags uint32
	if f.t.settled(s, l) {
		flags = fuse.FOPEN_CACHE_DIR | fuse.FOPEN_KEEP_CACHE
	}
	h := newDirHandle(f, len(first)+l.Len(), func(i int) fuse.DirEntry {
		if i < len(first) {
			return first[i]
		}
		e := l.At(i - len(first))
		id := f.identify(s, e)
		return fuse.DirEntry{Name: e.Name, Mode: id.Mode, Ino: id.Ino}
	})
	h.node = func(ctx context.Context, i int, out *fuse.EntryOut) *fusefs.Inode {
		if i < len(first) {
			return nil
		}
		return f.entry(ctx, s, l.At(i-len(first)), out)
	}
	return h, flags
}
