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
)

var (
	_ fusefs.NodeLookuper       = (*folder)(nil)
	_ fusefs.NodeGetattrer      = (*folder)(nil)
	_ fusefs.NodeOpendirHandler = (*folder)(nil)
)

// folder is a directory inside an asset: everything below the asset's own.
type folder struct {
	node
	id   string // of the asset
	path string // inside the asset, as the platform has it; "" is its root
	view string // where the asset shows: see identity
}

// Lookup finds one file or folder.
func (f *folder) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	call := newCall(ctx, listBudget)
	defer call.end()
	s, err := f.t.source(call, f.id)
	if err != nil {
		return nil, f.t.fail("lookup", f.id, f.path, err)
	}
	return f.lookupIn(ctx, call, s, name, out)
}

func (f *folder) lookupIn(ctx context.Context, call *call, s *source, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if junk(name) {
		// Only a listing that is there already may say otherwise.
		if l, ok := f.t.listings.Peek(listingKey(s, f.path), 0); !ok {
			return miss(out, false)
		} else if _, ok := l.Find(name); !ok {
			return miss(out, s.Immutable())
		}
	}
	e, err := f.t.find(call, s, f.path, name)
	switch {
	case errors.Is(err, fault.ErrNotExist):
		return miss(out, s.Immutable())
	case err != nil:
		return nil, f.t.fail("lookup", f.id, s.Join(f.path, remote.Entry{Raw: name}), err)
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
	return f.child(ctx, e.Name, id, func() fusefs.InodeEmbedder {
		if e.Dir {
			return &folder{node: node{t: f.t}, id: f.id, path: s.Join(f.path, e), view: f.view}
		}
		return &file{node: node{t: f.t}, id: f.id, dir: f.path, entry: e}
	})
}

// identify is the identity of the entry e of f. A file shows in several places
// as one file, but each of its versions is a file of its own.
func (f *folder) identify(s *source, e remote.Entry) fusefs.StableAttr {
	path := s.Join(f.path, e)
	if e.Dir {
		return identity(syscall.S_IFDIR, f.id, strings.TrimSuffix(path, "/")+"/", f.view)
	}
	return identity(syscall.S_IFREG, f.id, path, s.Version()+e.Version())
}

// Getattr gives the attributes of the folder itself: it has no time of its own,
// so it has its asset's.
func (f *folder) Getattr(ctx context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	call := newCall(ctx, lookupBudget)
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
	call := newCall(ctx, listBudget)
	defer call.end()
	s, err := f.t.source(call, f.id)
	if err == nil {
		var l *remote.Listing
		if l, err = f.t.list(call, s, f.path); err == nil {
			return f.open(f, s, l)
		}
	}
	return nil, 0, f.t.fail("list", f.id, f.path, err)
}

// open is a handle on a listing of dir, with first in front of it; dir is f, or
// the asset's directory that f is a part of. The kernel keeps what it reads from
// it if it can never change.
func (f *folder) open(dir directory, s *source, l *remote.Listing, first ...fuse.DirEntry) (fusefs.FileHandle, uint32, syscall.Errno) {
	var flags uint32
	if s.Immutable() {
		flags = fuse.FOPEN_CACHE_DIR | fuse.FOPEN_KEEP_CACHE
	}
	return openDir(dir, len(first)+l.Len(), func(i int) fuse.DirEntry {
		if i < len(first) {
			return first[i]
		}
		e := l.At(i - len(first))
		id := f.identify(s, e)
		return fuse.DirEntry{Name: e.Name, Mode: id.Mode, Ino: id.Ino}
	}), flags, 0
}
