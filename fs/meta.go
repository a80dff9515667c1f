package fs

import (
	"context"
	"os"
	"strings"
	"sync"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/control/run"
	"codeoceanfs/remote"
)

var (
	_ fusefs.NodeOpener        = (*metaFile)(nil)
	_ fusefs.NodeSetattrer     = (*metaFile)(nil)
	_ fusefs.NodeSetxattrer    = (*metaFile)(nil)
	_ fusefs.NodeRemovexattrer = (*metaFile)(nil)
	_ fusefs.FileWriter        = (*metaHandle)(nil)
	_ fusefs.FileFlusher       = (*metaHandle)(nil)
	_ fusefs.FileFsyncer       = (*metaHandle)(nil)
	_ fusefs.FileReleaser      = (*metaHandle)(nil)
	_ fusefs.FileReader        = (*metaHandle)(nil)
)

// metaFile is an asset's record. Written back, it changes what of it can be
// changed.
type metaFile struct {
	textFile
	id string // of the asset
}

// Open gives the record as it is now, and remembers it: what is written later
// is compared with what was read.
func (f *metaFile) Open(ctx context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	if writing(flags) {
		if f.t.cfg.Requests == nil {
			return nil, 0, syscall.EROFS
		}
		if !f.t.owns(ctx) {
			return nil, 0, syscall.EACCES
		}
		return f.write(), fuse.FOPEN_DIRECT_IO, 0
	}
	h, how, errno := f.textFile.Open(ctx, flags)
	if t, ok := h.(*textHandle); ok && f.t.cfg.Requests != nil {
		f.t.seen.put(f.id, reader(ctx), t.bytes)
	}
	return h, how, errno
}

// Setattr takes note of nothing: a record is as long as it is.
func (f *metaFile) Setattr(ctx context.Context, fh fusefs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); f.t.cfg.Requests == nil || ok && size != 0 {
		return syscall.EROFS
	}
	return f.Getattr(ctx, fh, out)
}

// Setxattr says that there are none to set, as of a request.
func (f *metaFile) Setxattr(context.Context, string, []byte, uint32) syscall.Errno {
	if f.t.cfg.Requests == nil {
		return syscall.EROFS
	}
	return syscall.ENOTSUP
}

// Removexattr says likewise.
func (f *metaFile) Removexattr(ctx context.Context, name string) syscall.Errno {
	return f.Setxattr(ctx, name, nil, 0)
}

// metaHandle is a record that is being written.
type metaHandle struct {
	intake
	f *metaFile

	reading sync.Mutex  // guards what follows
	read    *textHandle // taken at the first read
}

// write is a handle that writes. A record is written whole: one that is opened
// to append to it is refused at its first write, which does not begin at 0.
func (f *metaFile) write() *metaHandle {
	h := &metaHandle{f: f}
	h.submit = func(ctx context.Context, body []byte) syscall.Errno { return f.t.edit(ctx, f.id, body) }
	h.fail = func(err *run.Error) syscall.Errno { return f.t.refusedFor("edit", f.id, remote.MetaName, err) }
	return h
}

// Read gives the record, to a program that opened it for both: as it was when
// it was first read.
func (h *metaHandle) Read(ctx context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	h.reading.Lock()
	defer h.reading.Unlock()
	if h.read == nil {
		c, errno := h.f.render(ctx)
		if errno != 0 {
			return nil, errno
		}
		h.read = &textHandle{c}
		h.f.t.seen.put(h.f.id, reader(ctx), c.bytes)
	}
	return h.read.Read(ctx, dest, off)
}

// edit changes a record to what was written.
func (t *tree) edit(ctx context.Context, id string, body []byte) syscall.Errno {
	call := t.begin(ctx, requestBudget, "edit", at{id, remote.MetaName}, "")
	defer call.end()
	if err := t.cfg.Requests.Edit(call, id, body, t.seen.get(id, reader(ctx))); err != nil {
		return t.refusedFor("edit", id, remote.MetaName, err)
	}
	// An editor that stays open knows what it has written.
	if e, ok := t.dep.Catalog.Known(id); ok {
		if a, err := e.Record(); err == nil {
			t.seen.wrote(id, reader(ctx), a.Raw)
		}
	}
	t.cfg.Changes.wait(call)
	return 0
}

// owns reports whether the program that makes a request is the mount's owner's:
// what changes assets is done with the owner's token, and the modes of the data,
// which say who may read it, may be anything.
func (t *tree) owns(ctx context.Context) bool {
	caller, ok := fuse.FromContext(ctx)
	return ok && (caller.Uid == 0 || caller.Uid == t.cfg.UID || int(caller.Uid) == os.Geteuid())
}

// reader is the program that makes a request, or 0.
func reader(ctx context.Context) uint32 {
	if caller, ok := fuse.FromContext(ctx); ok {
		return caller.Pid
	}
	return 0
}

// seenRecords are the records that programs have read: what somebody edits is
// the one that their program has read last, or else, as with cp, the one that
// anybody has.
type seenRecords struct {
	mu  sync.Mutex // guards what follows
	raw map[seenBy][]byte
}

type seenBy struct {
	asset string
	pid   uint32 // 0: anybody
}

// maxSeen bounds them, at two kilobytes each. Without one, a record that is
// written is compared with what it is then.
const maxSeen = 1000

func (s *seenRecords) put(id string, pid uint32, raw []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.raw == nil || len(s.raw) >= maxSeen {
		s.raw = map[seenBy][]byte{}
	}
	s.raw[seenBy{id, pid}] = raw
	s.raw[seenBy{id, 0}] = raw
}

// wrote takes note of what the record is after a program has written it. Others
// have not seen that.
func (s *seenRecords) wrote(id string, pid uint32, raw []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if by := (seenBy{id, pid}); pid != 0 && s.raw[by] != nil {
		s.raw[by] = raw
	}
}

func (s *seenRecords) get(id string, pid uint32) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if raw := s.raw[seenBy{id, pid}]; raw != nil {
		return raw
	}
	return s.raw[seenBy{id, 0}]
}

// isMetaScratch reports whether an editor makes a file of that name beside the
// record: a new version of it, a backup, a lock. They are kept in memory.
func isMetaScratch(name string) bool {
	switch name {
	case remote.MetaName:
		return false
	case "4913", "#" + remote.MetaName + "#": // vim's and Emacs's
		return true
	}
	for _, prefix := range []string{remote.MetaName, "." + remote.MetaName, ".#" + remote.MetaName, ".goutputstream-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	// Those of sed -i, and of Python's tempfile.
	return strings.HasPrefix(name, "sed") && len(name) == len("sedXXXXXX") || strings.HasPrefix(name, "tmp") && len(name) == len("tmpXXXXXXXX")
}
