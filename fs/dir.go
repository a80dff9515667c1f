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
	_ fusefs.FileFsyncdirer   = (*dirHandle)(nil)
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
	self, above uint64 // inode numbers of the directory, and of the one above it
	n           int    // entries
	at          func(i int) fuse.DirEntry
	next        uint64 // index of the next entry; 0 and 1 are "." and ".."

	// node gives the node of entry i, or nil where that is not at hand: what a
	// listing shows waits for nothing. It may be nil itself.
	node func(ctx context.Context, i int, out *fuse.EntryOut) *fusefs.Inode
}

// newDirHandle opens a directory of n entries.
func newDirHandle(dir fusefs.InodeEmbedder, n int, at func(i int) fuse.DirEntry) *dirHandle {
	node := dir.EmbeddedInode()
	h := &dirHandle{self: node.StableAttr().Ino, n: n, at: at}
	h.above = h.self // of the root: what is above the mount is the kernel's to know
	if _, parent := node.Parent(); parent != nil {
		h.above = parent.StableAttr().Ino
	}
	return h
}

// openFixed opens a directory of entries that are all at hand.
func openFixed(dir fusefs.InodeEmbedder, entries []fuse.DirEntry) *dirHandle {
	return newDirHandle(dir, len(entries), func(i int) fuse.DirEntry { return entries[i] })
}

// Readdirent gives the next entry, or nil at the end.
func (h *dirHandle) Readdirent(context.Context) (*fuse.DirEntry, syscall.Errno) {
	var e fuse.DirEntry
	switch i := h.next; {
	case i == 0:
		e = fuse.DirEntry{Name: ".", Mode: syscall.S_IFDIR, Ino: h.self}
	case i == 1:
		e = fuse.DirEntry{Name: "..", Mode: syscall.S_IFDIR, Ino: h.above}
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

// Fsyncdir has nothing to write, which is a success.
func (h *dirHandle) Fsyncdir(context.Context, uint32) syscall.Errno { return 0 }

// Lookup gives the node that goes with an entry. Without one the kernel asks
// for it if somebody does.
func (h *dirHandle) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	// It is the entry just read, but for one that did not fit into the answer
	// before this one.
	i := int(h.next) - 3
	if h.node == nil || h.n > plusEntries || i < 0 || h.at(i).Name != name {
		return nil, syscall.ENOENT
	}
	if child := h.node(ctx, i, out); child != nil {
		return child, 0
	}
	return nil, syscall.ENOENT
}
