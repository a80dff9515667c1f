package fs

import (
	"context"
	"errors"
	"sync"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/control/journal"
	"codeoceanfs/control/request"
	"codeoceanfs/control/run"
)

var (
	_ fusefs.NodeGetattrer = (*formFile)(nil)
	_ fusefs.NodeSetattrer = (*formFile)(nil)
	_ fusefs.NodeOpener    = (*formFile)(nil)

	_ fusefs.NodeSetxattrer    = (*formFile)(nil)
	_ fusefs.NodeRemovexattrer = (*formFile)(nil)

	_ fusefs.FileReader   = (*formHandle)(nil)
	_ fusefs.FileWriter   = (*formHandle)(nil)
	_ fusefs.FileFlusher  = (*formHandle)(nil)
	_ fusefs.FileFsyncer  = (*formHandle)(nil)
	_ fusefs.FileReleaser = (*formHandle)(nil)
)

// formFile is a file of a verb's directory that can be written: a request, or
// anything else that an editor puts beside it.
type formFile struct {
	node
	verb request.Verb
	name string
	key  string // of the request; "" for any other file
}

func (f *formFile) deskName() deskName { return deskName{f.verb, f.name} }

func (f *formFile) id() journal.ID { return journal.ID{Verb: f.verb, Key: f.key} }

func (f *formFile) path() string { return controlPath(string(f.verb) + "/" + f.name) }

// content is what reading it gives: a request as it may be shown.
func (f *formFile) content(ctx context.Context) (content, syscall.Errno) {
	if s, ok := f.t.desk.get(f.deskName()); ok {
		return content{s.data, s.modified}, 0
	}
	if f.key == "" {
		return content{}, syscall.ENOENT
	}
	call := newCall(ctx, lookupBudget)
	defer call.end()
	if c, ok, err := f.t.permissions(call, f.verb, f.key); err != nil {
		return content{}, f.t.fail("read", f.key, f.path(), err)
	} else if ok {
		return c, 0
	}
	res, shown, ok, err := f.t.cfg.Requests.Result(f.id())
	switch {
	case err != nil:
		return content{}, f.t.fail("read", "", f.path(), err)
	case !ok:
		return content{}, syscall.ENOENT
	case shown == nil:
		return content{nil, res.Submitted}, 0
	}
	return content{indent(shown), res.Submitted}, 0
}

func (f *formFile) stat(ctx context.Context, out *fuse.Attr) syscall.Errno {
	c, errno := f.content(ctx)
	if errno == 0 {
		f.fill(out, c)
	}
	return errno
}

func (f *formFile) fill(out *fuse.Attr, c content) {
	f.t.fill(out, syscall.S_IFREG, int64(len(c.bytes)), c.modified)
	out.Mode = syscall.S_IFREG | 0o600
}

// Getattr gives the size of what is there, or of what has been written so far
// to a program that writes.
func (f *formFile) Getattr(ctx context.Context, fh fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.SetTimeout(uncached)
	c, errno := f.content(ctx)
	if h, ok := fh.(*formHandle); ok && f.key != "" {
		if errno != 0 {
			c.modified = f.t.started // it was forgotten, and is still open
		}
		if n := h.written(); n > 0 {
			f.fill(&out.Attr, c)
			out.Size = uint64(n)
			return 0
		}
		errno = 0
	}
	if errno == 0 {
		f.fill(&out.Attr, c)
	}
	return errno
}

// Setattr makes an editor's file as long as it is asked to. A request is not cut
// by truncating it, and owner, mode and times are what they are.
func (f *formFile) Setattr(ctx context.Context, fh fusefs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		_, onDesk := f.t.desk.get(f.deskName())
		switch {
		case f.key == "" || onDesk && size == 0:
			if errno := f.t.desk.resize(f.deskName(), int64(size), true); errno != 0 {
				return errno
			}
		case size != 0:
			return syscall.EINVAL
		}
	}
	return f.Getattr(ctx, fh, out)
}

// Setxattr says that there are none: programs that copy permissions go on then.
func (f *formFile) Setxattr(context.Context, string, []byte, uint32) syscall.Errno {
	return syscall.ENOTSUP
}

// Removexattr says likewise.
func (f *formFile) Removexattr(context.Context, string) syscall.Errno { return syscall.ENOTSUP }

// Open opens the file. Direct I/O: each write comes here at once, and its answer
// is that of write(2).
func (f *formFile) Open(_ context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	if flags&syscall.O_TRUNC != 0 && f.key == "" {
		if errno := f.t.desk.resize(f.deskName(), 0, true); errno != 0 {
			return nil, 0, errno
		}
	}
	return f.open(flags), fuse.FOPEN_DIRECT_IO, 0
}

func (f *formFile) open(flags uint32) *formHandle {
	return &formHandle{f: f, appends: flags&syscall.O_APPEND != 0, base: -1}
}

// formHandle is an open file. What is written through it is a request of its
// own, whatever is in the file.
type formHandle struct {
	f       *formFile
	appends bool

	mu   sync.Mutex // one write after the other: a request has an order
	scan request.Scanner
	base int64         // offset of the first write, for appends; -1: none yet
	at   int64         // bytes taken
	sent bool          // the request was submitted
	err  syscall.Errno // of the request; it stays
	read *content      // taken at the first read
}

func (h *formHandle) written() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

// Write takes a piece of the request, and submits it when it is complete: the
// error of this call is one that every program sees. What follows the object is
// left for the next write, to be refused.
func (h *formHandle) Write(ctx context.Context, p []byte, off int64) (uint32, syscall.Errno) {
	if h.f.key == "" {
		if errno := h.f.t.desk.write(h.f.deskName(), p, off); errno != 0 {
			return 0, errno
		}
		return uint32(len(p)), 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != 0 {
		return 0, h.err
	}
	if h.base < 0 {
		h.base = 0
		if h.appends {
			h.base = off // behind what is there; it is a request of its own
		}
	}
	if off != h.base+h.at {
		return 0, h.stop(&run.Error{Errno: syscall.EINVAL, Err: errors.New("a request is written from its beginning to its end")})
	}
	n, err := h.scan.Write(p)
	h.at += int64(n)
	if err != nil {
		return 0, h.stop(scanError(err))
	}
	if h.scan.Complete() && !h.sent {
		h.sent = true
		h.err = h.f.t.submit(ctx, h.f.verb, h.f.key, h.scan.Body(), h.f.path())
		h.f.t.desk.remove(h.f.deskName()) // it is a request now, carried out or not
		if h.err != 0 {
			return 0, h.err
		}
	}
	return uint32(n), 0
}

// stop ends the request with an error that stays. mu is held.
func (h *formHandle) stop(err *run.Error) syscall.Errno {
	if !h.sent {
		h.f.t.cfg.Requests.Refuse(h.f.id(), err, h.scan.Body())
		h.f.t.desk.remove(h.f.deskName())
	}
	h.err = h.f.t.refused("write", h.f.path(), err)
	return h.err
}

// Read gives the content as it was when it was first read.
func (h *formHandle) Read(ctx context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.read == nil || h.f.key == "" {
		c, errno := h.f.content(ctx)
		if errno != 0 {
			return nil, errno
		}
		h.read = &c
	}
	rest := h.read.bytes[min(off, int64(len(h.read.bytes))):]
	return fuse.ReadResultData(rest[:min(len(dest), len(rest))]), 0
}

// Flush is called at each close: it tells again what went wrong. Half a request
// is an error, and may go on: programs that share the file close it too.
func (h *formHandle) Flush(context.Context) syscall.Errno {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err == 0 && h.scan.Err() != nil {
		return syscall.EINVAL
	}
	return h.err
}

// Fsync is Flush: whatever was taken is in the journal.
func (h *formHandle) Fsync(ctx context.Context, _ uint32) syscall.Errno { return h.Flush(ctx) }

// Release remembers a request that was never completed as refused.
func (h *formHandle) Release(context.Context) syscall.Errno {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.scan.Err(); err != nil && h.err == 0 && h.f.key != "" {
		h.stop(scanError(err))
	}
	return 0
}
