package fs

import (
	"context"
	"errors"
	"strings"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/cache"
	"codeoceanfs/remote"
	"codeoceanfs/remote/fault"
)

var (
	_ fusefs.NodeGetattrer   = (*file)(nil)
	_ fusefs.NodeOpener      = (*file)(nil)
	_ fusefs.NodeGetxattrer  = (*file)(nil)
	_ fusefs.NodeListxattrer = (*file)(nil)
	_ fusefs.FileReader      = (*fileHandle)(nil)
	_ fusefs.FileReleaser    = (*fileHandle)(nil)
)

// file is one version of one file of an asset. Its size and time were fixed by
// the listing that it came from; another version is another node.
type file struct {
	node
	id    string       // of the asset
	dir   string       // the folder it is in, as the platform has it
	entry remote.Entry // with the time to show as Modified
}

// Getattr gives the attributes that were fixed when the file was looked up.
func (f *file) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	f.t.fill(&out.Attr, syscall.S_IFREG, f.entry.Size, f.entry.Modified)
	out.SetTimeout(forever)
	return 0
}

// Open begins reading; it asks nobody. KEEP_CACHE keeps the pages that the
// kernel has, which is right because the node is one version, and needed:
// without it open waits, unkillably, for every page now being read.
func (f *file) Open(ctx context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	if writing(flags) {
		return nil, 0, syscall.EROFS
	}
	call := newCall(ctx, lookupBudget)
	defer call.end()
	s, err := f.t.source(call, f.id)
	if err != nil {
		return nil, 0, f.t.fail("open", f.id, f.path(), err)
	}
	h := &fileHandle{f: f, data: f.t.cache.Open(s.Object(s.Join(f.dir, f.entry), f.entry))}
	return h, fuse.FOPEN_KEEP_CACHE | fuse.FOPEN_NOFLUSH, 0
}

// path is where the file is in its asset. There are as many nodes as the kernel
// remembers, millions, and it is seldom asked for, so no node keeps it.
func (f *file) path() string {
	dir := strings.TrimSuffix(f.dir, "/")
	if dir == "" {
		return f.entry.Raw
	}
	return dir + "/" + f.entry.Raw
}

// fileHandle is one open(2) of a file, with a read-ahead of its own.
type fileHandle struct {
	f    *file
	data *cache.Handle
}

// Read fills dest from off on: as many bytes as it holds or as the file has
// left, or an errno. The kernel takes one byte fewer for the end of the file
// and cuts the file there for everyone, so nothing else is ever answered.
func (h *fileHandle) Read(ctx context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	call := newCall(ctx, dataBudget)
	defer call.end()
	want := max(min(int64(len(dest)), h.f.entry.Size-off), 0)
	n, err := h.data.ReadAt(call, dest[:want], off)
	if err == nil && int64(n) != want {
		err = &fault.Error{
			Op: "read", Asset: h.f.id, Path: h.f.path(), Kind: fault.ErrMalformed,
			Err: errors.New("the cache gave fewer bytes than the file has"),
		}
	}
	if err != nil {
		errno := h.f.t.fail("read", h.f.id, h.f.path(), err)
		if errno == syscall.ENOENT || errno == syscall.ESTALE {
			h.f.gone()
			errno = syscall.ESTALE
		}
		return nil, errno
	}
	return fuse.ReadResultData(dest[:n]), 0
}

// Release ends the read-ahead.
func (h *fileHandle) Release(context.Context) syscall.Errno {
	h.data.Close()
	return 0
}

// gone makes everyone look again: this version of the file is no longer what
// the platform has.
func (f *file) gone() {
	name, parent := f.Parent()
	if parent == nil {
		return
	}
	// The kernel takes its own locks for a notice, so it may not be sent from
	// a handler that the kernel waits for.
	go func() {
		call := newCall(context.Background(), lookupBudget)
		defer call.end()
		if s, err := f.t.source(call, f.id); err == nil {
			f.t.listings.Drop(listingKey(s, f.dir))
		}
		parent.NotifyEntry(name)
	}()
}
