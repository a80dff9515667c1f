package fs

import (
	"context"
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

	_ fusefs.FileReader  = (*scratchHandle)(nil)
	_ fusefs.FileWriter  = (*scratchHandle)(nil)
	_ fusefs.FileFsyncer = (*scratchHandle)(nil)
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
	call := f.t.begin(ctx, f.t.cfg.Lookup, "read", at{"", f.path()}, "")
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

// open is a handle that writes. What is written through that of a request is a
// request of its own, whatever is in the file.
func (f *formFile) open(flags uint32) fusefs.FileHandle {
	if f.key == "" {
		return &scratchHandle{f}
	}
	h := &formHandle{f: f}
	h.appends = flags&syscall.O_APPEND != 0
	h.submit = func(ctx context.Context, body []byte) syscall.Errno {
		errno := f.t.submit(ctx, f.verb, f.key, body, f.path())
		f.t.desk.remove(f.deskName()) // it is a request now, carried out or not
		return errno
	}
	h.refuse = func(err *run.Error, body []byte) {
		f.t.cfg.Requests.Refuse(f.id(), err, body)
		f.t.desk.remove(f.deskName())
	}
	h.fail = func(err *run.Error) syscall.Errno { return f.t.refused("write", f.path(), err) }
	return h
}

// formHandle is an open request.
type formHandle struct {
	intake
	f *formFile

	reading sync.Mutex // guards what follows
	read    *content   // taken at the first read
}

// Read gives the content as it was when it was first read.
func (h *formHandle) Read(ctx context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	h.reading.Lock()
	defer h.reading.Unlock()
	if h.read == nil {
		c, errno := h.f.content(ctx)
		if errno != 0 {
			return nil, errno
		}
		h.read = &c
	}
	return (&textHandle{*h.read}).Read(ctx, dest, off)
}

// scratchHandle is any other open file: what is written is what is read.
type scratchHandle struct{ f *formFile }

// Write puts p at off.
func (h *scratchHandle) Write(_ context.Context, p []byte, off int64) (uint32, syscall.Errno) {
	if errno := h.f.t.desk.write(h.f.deskName(), p, off); errno != 0 {
		return 0, errno
	}
	return uint32(len(p)), 0
}

// Read gives the bytes from off on.
func (h *scratchHandle) Read(ctx context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	c, errno := h.f.content(ctx)
	if errno != 0 {
		return nil, errno
	}
	return (&textHandle{c}).Read(ctx, dest, off)
}

// Fsync succeeds: editors ask for it, of a file that lives in memory.
func (h *scratchHandle) Fsync(context.Context, uint32) syscall.Errno { return 0 }
