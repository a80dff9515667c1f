package fs

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

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
	_ fusefs.FileFsyncer     = (*fileHandle)(nil)
	_ fusefs.FileLseeker     = (*fileHandle)(nil)
)

// file is one version of one file of an asset. Its size and time were fixed by
// the listing that it came from; another version is another node.
type file struct {
	node
	id    string       // of the asset
	dir   string       // the folder it is in, see remote.Join
	entry remote.Entry // with the time to show as Modified
	stale atomic.Bool  // the platform had another version, until it is listed again
}

// Getattr gives the attributes that were fixed when the file was looked up.
func (f *file) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	if f.stale.Load() {
		return syscall.ESTALE
	}
	f.t.fill(&out.Attr, syscall.S_IFREG, f.entry.Size, f.entry.Modified)
	out.SetTimeout(forever)
	return 0
}

// Open begins reading; it asks nobody. KEEP_CACHE keeps the pages that the
// kernel has, which is right because the node is one version, and needed:
// without it open waits, unkillably, for every page now being read.
//
// ESTALE makes the kernel look the name up again and open what it finds then.
func (f *file) Open(ctx context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	if writing(flags) {
		return nil, 0, syscall.EROFS
	}
	call := f.t.begin(ctx, f.t.cfg.Lookup, "open", f, "")
	defer call.end()
	s, err := f.t.source(call, f.id)
	if err != nil {
		return nil, 0, f.t.fail("open", f.id, f.path(), err)
	}
	if f.stale.Load() || fileIdentity(f.id, s, f.dir, f.entry) != f.StableAttr() {
		return nil, 0, syscall.ESTALE // the asset's files were moved, say
	}
	h := &fileHandle{
		f: f, data: f.t.cache.Open(s.Object(f.path(), f.entry)),
		listing: listingKey(s, f.dir), final: s.Immutable(),
	}
	if flags&syscall.O_DIRECT != 0 {
		h.read.Store(true) // whoever reads past all caches knows what is next
	}
	f.t.openings.enter(h)
	return h, fuse.FOPEN_KEEP_CACHE | fuse.FOPEN_NOFLUSH, 0
}

// fileIdentity is the identity of the file e in the folder dir. It shows in
// several places as one file, but each of its versions is a file of its own.
func fileIdentity(asset string, s *source, dir string, e remote.Entry) fusefs.StableAttr {
	return identity(syscall.S_IFREG, asset, remote.Join(dir, e), s.Version()+"\x00"+e.Version())
}

// path is where the file is in its asset. There are as many nodes as the kernel
// remembers, millions, and it is seldom asked for, so no node keeps it.
func (f *file) path() string { return remote.Join(f.dir, f.entry) }

// fileHandle is one open(2) of a file, with a read-ahead of its own.
type fileHandle struct {
	f       *file
	data    *cache.Handle
	listing string // of the folder that the file is in
	final   bool   // there is no other version, whatever fails

	whole *cache.Whole // if it is whole on disk: see openings
	read  atomic.Bool  // whether ahead knows of it, or need not

	unheard unheard
}

// Read fills dest from off on: as many bytes as it holds or as the file has
// left, or an errno. The kernel takes one byte fewer for the end of the file
// and cuts the file there for everyone, so nothing else is ever answered.
func (h *fileHandle) Read(ctx context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	if !h.read.Swap(true) {
		h.f.t.ahead.read(h.f)
	}
	want := max(min(int64(len(dest)), h.f.entry.Size-off), 0)
	if h.whole != nil && h.whole.Read(dest[:want], off) {
		return fuse.ReadResultData(dest[:want]), 0 // the kernel will not have it
	}
	if errno := h.unheard.last("", off); errno != 0 {
		return nil, errno
	}
	call := h.f.t.begin(ctx, h.f.t.cfg.Read, "read", h.f, "")
	defer call.end()
	loan, err := h.data.Lend(call, dest[:want], off)
	if err == nil && int64(loan.Len()) != want {
		loan.Release()
		err = &fault.Error{
			Op: "read", Asset: h.f.id, Path: h.f.path(), Kind: fault.ErrMalformed,
			Err: errors.New("the cache gave fewer bytes than the file has"),
		}
	}
	if err != nil {
		if errors.Is(err, fault.ErrNotExist) {
			// It was there when it was listed: to a reader that is a change.
			err = fmt.Errorf("%w: %v", fault.ErrStale, err)
		}
		if errors.Is(err, context.Canceled) && !errors.Is(call.Err(), context.Canceled) {
			// Some work behind it was; this caller is not being killed.
			err = &fault.Error{Op: "read", Asset: h.f.id, Path: h.f.path(), Kind: fault.ErrTimeout, Err: errors.New(err.Error())}
		}
		h.f.t.access.doubt(h.f.id, err)
		errno := h.f.t.fail("read", h.f.id, h.f.path(), err)
		if errno == syscall.ESTALE && !h.final {
			h.gone()
		}
		if call.unsaid() {
			h.unheard.note("", off, want, errno)
		}
		return nil, errno
	}
	if want == 0 {
		return fuse.ReadResultData(nil), 0 // of which go-fuse is never Done
	}
	return lent{loan}, 0
}

// lent is the answer to a read, written to the kernel from where the cache has
// it. Its method Slices makes go-fuse do so, in one call.
type lent struct{ loan *cache.Loan }

// Size is in bytes.
func (l lent) Size() int { return l.loan.Len() }

// Done gives the bytes back.
func (l lent) Done() { l.loan.Release() }

// Slices is the bytes.
func (l lent) Slices() ([][]byte, fuse.Status) { return l.loan.Slices(), fuse.OK }

// Bytes is for the ways of answering that know no slices.
func (l lent) Bytes(buf []byte) ([]byte, fuse.Status) {
	buf = buf[:0]
	for _, s := range l.loan.Slices() {
		buf = append(buf, s...)
	}
	return buf, fuse.OK
}

// Release ends the read-ahead.
func (h *fileHandle) Release(context.Context) syscall.Errno {
	h.f.t.openings.leave(h)
	h.data.Close()
	return 0
}

// gone makes everyone look again: this version of the file is no longer what
// the platform has. The name is not taken back from the kernel: for that it
// takes the lock of the directory, and would wait, with all who look for any
// name there, for a lookup that may be waiting for the network.
func (h *fileHandle) gone() {
	h.f.t.listings.Drop(h.listing)
	if h.f.stale.Swap(true) {
		return
	}
	// Its attributes, which the kernel would keep. The kernel takes locks of
	// its own for a notice, so it may not be sent from a handler that the
	// kernel waits for.
	go h.f.NotifyContent(-1, 0)
}

// Lseek finds data and holes: see seek.
func (h *fileHandle) Lseek(_ context.Context, off uint64, whence uint32) (uint64, syscall.Errno) {
	return seek(off, whence, h.f.entry.Size)
}

// seek answers SEEK_DATA and SEEK_HOLE, the only ones that the kernel asks for,
// of a file without holes: all of it is data, and the hole is at its end. Beyond
// its last byte there is neither.
func seek(off uint64, whence uint32, size int64) (uint64, syscall.Errno) {
	switch {
	case whence != unix.SEEK_DATA && whence != unix.SEEK_HOLE:
		return 0, syscall.EINVAL
	case off >= uint64(size):
		return 0, syscall.ENXIO
	case whence == unix.SEEK_HOLE:
		return uint64(size), 0
	}
	return off, 0
}

// Fsync has nothing to write, which is a success.
func (h *fileHandle) Fsync(context.Context, uint32) syscall.Errno { return 0 }
