package fs

import (
	"context"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

var (
	_ fusefs.FileReaddirenter = (*dirHandle)(nil)
	_ fusefs.FileSeekdirer    = (*dirHandle)(nil)
	_ fusefs.FileLookuper     = (*dirHandle)(nil)
)

// plusEntries is the largest directory whose entries the kernel gets with their
// attributes (READDIRPLUS). That saves a request for each when somebody looks
// at them, but makes a node of each, of about 1 KiB here and as much in the
// kernel, and a folder of a million is mostly listed for its names.
const plusEntries = 20_000

// dirHandle is an open directory: a snapshot taken at opendir, so that a
// program sees one state of it however long it reads, and an offset is an
// index. go-fuse calls it for one request at a time.
type dirHandle struct {
	dir  fusefs.NodeLookuper
	self uint64 // inode number of the directory
	n    int    // entries
	at   func(i int) fuse.DirEntry
	next uint64 // index of the next entry; 0 and 1 are "." and ".."
}

// Readdirent gives the next entry, or nil at the end.
func (h *dirHandle) Readdirent(context.Context) (*fuse.DirEntry, syscall.Errno) {
	var e fuse.DirEntry
	switch i := h.next; {
	case i == 0:
		e = fuse.DirEntry{Name: ".", Mode: syscall.S_IFDIR, Ino: h.self}
	case i == 1:
		// The kernel knows the parent's number and shows it instead.
		e = fuse.DirEntry{Name: "..", Mode: syscall.S_IFDIR, Ino: h.self}
	case i-2 < uint64(h.n):
		e = h.at(int(i - 2))
	default:
		return nil, 0
	}
	h.next++
	e.Off = h.next
	return &e, 0
}

// Seekdir continues at an offset that Readdirent gave, or at the start.
func (h *dirHandle) Seekdir(_ context.Context, off uint64) syscall.Errno {
	h.next = off
	return 0
}

// Lookup gives the attributes that go with an entry, or none.
func (h *dirHandle) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if h.n > plusEntries {
		return nil, syscall.ENOENT // no node, which READDIRPLUS takes for "ask if you need it"
	}
	return h.dir.Lookup(ctx, name, out)
}

// directory is what a dirHandle is of.
type directory interface {
	fusefs.InodeEmbedder
	fusefs.NodeLookuper
}

// openDir opens a directory of n entries.
func openDir(dir directory, n int, at func(i int) fuse.DirEntry) *dirHandle {
	return &dirHandle{dir: dir, self: dir.EmbeddedInode().StableAttr().Ino, n: n, at: at}
}

// openFixed opens a directory of entries that are all at hand.
func openFixed(dir directory, entries []fuse.DirEntry) *dirHandle {
	return openDir(dir, len(entries), func(i int) fuse.DirEntry { return entries[i] })
}
