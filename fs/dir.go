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
)

// dirHandle is an open directory: a snapshot taken at opendir, so that a
// program sees one state of it however long it reads, and an offset is an
// index. go-fuse calls it for one request at a time.
type dirHandle struct {
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

// fixed opens a directory of entries that are all at hand.
func fixed(self uint64, entries []fuse.DirEntry) *dirHandle {
	return &dirHandle{self: self, n: len(entries), at: func(i int) fuse.DirEntry { return entries[i] }}
}
