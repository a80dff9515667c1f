package fs

import (
	"bytes"
	"context"
	"encoding/json"
	"syscall"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

var (
	_ fusefs.NodeGetattrer = (*textFile)(nil)
	_ fusefs.NodeOpener    = (*textFile)(nil)
	_ fusefs.FileReader    = (*textHandle)(nil)
	_ fusefs.FileFsyncer   = (*textHandle)(nil)
	_ fusefs.FileLseeker   = (*textHandle)(nil)
)

// text is a file that we write ourselves: a function that gives its content.
type text struct {
	asset string // whose it is, or ""
	path  string // for messages
	perm  uint32 // before the umask
	read  func(context.Context) (content, error)
}

// content is what a text is at one moment.
type content struct {
	bytes    []byte
	modified time.Time
}

type textFile struct {
	node
	text
}

// textNode is a text as a child of n. The kernel asks for its attributes each
// time, because they are those of the content.
func (n *node) textNode(ctx context.Context, name string, id fusefs.StableAttr, t text, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	f := &textFile{node{t: n.t}, t}
	return n.textChild(ctx, name, id, f, f, out)
}

// textChild is textNode for a node that is a text and something more.
func (n *node) textChild(ctx context.Context, name string, id fusefs.StableAttr, f *textFile, whole fusefs.InodeEmbedder, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if errno := f.stat(ctx, &out.Attr); errno != 0 {
		out.SetEntryTimeout(notFinal)
		return nil, errno
	}
	out.SetEntryTimeout(n.t.cfg.Refresh)
	out.SetAttrTimeout(uncached)
	return n.child(ctx, name, id, func() fusefs.InodeEmbedder { return whole }), 0
}

func (f *textFile) stat(ctx context.Context, out *fuse.Attr) syscall.Errno {
	c, errno := f.render(ctx)
	if errno != 0 {
		return errno
	}
	f.t.fill(out, syscall.S_IFREG, int64(len(c.bytes)), c.modified)
	out.Mode = syscall.S_IFREG | f.perm&^f.t.cfg.Umask
	return 0
}

func (f *textFile) render(ctx context.Context) (content, syscall.Errno) {
	call := f.t.begin(ctx, f.t.cfg.Lookup, "read", at{f.asset, f.text.path}, "")
	defer call.end()
	c, err := f.read(call)
	if err != nil {
		return content{}, f.t.fail("read", f.asset, f.path, err)
	}
	return c, 0
}

// Getattr gives the size and time of the content as it is now.
func (f *textFile) Getattr(ctx context.Context, fh fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.SetTimeout(uncached)
	if h, ok := fh.(*textHandle); ok {
		// A program that has it open sees the size of what it reads.
		f.t.fill(&out.Attr, syscall.S_IFREG, int64(len(h.bytes)), h.modified)
		out.Mode = syscall.S_IFREG | f.perm&^f.t.cfg.Umask
		return 0
	}
	return f.stat(ctx, &out.Attr)
}

// Open takes the content as it is now; what is read does not change while it is
// open. Direct I/O, because the pages the kernel keeps would be another one's.
func (f *textFile) Open(ctx context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	if writing(flags) {
		return nil, 0, syscall.EROFS
	}
	c, errno := f.render(ctx)
	if errno != 0 {
		return nil, 0, errno
	}
	return &textHandle{c}, fuse.FOPEN_DIRECT_IO | fuse.FOPEN_NOFLUSH, 0
}

type textHandle struct{ content }

// Read gives the bytes from off on.
func (h *textHandle) Read(_ context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	rest := h.bytes[min(off, int64(len(h.bytes))):]
	return fuse.ReadResultData(rest[:min(len(dest), len(rest))]), 0
}

// Lseek finds data and holes: see seek.
func (h *textHandle) Lseek(_ context.Context, off uint64, whence uint32) (uint64, syscall.Errno) {
	return seek(off, whence, int64(len(h.bytes)))
}

// Fsync has nothing to write, which is a success.
func (h *textHandle) Fsync(context.Context, uint32) syscall.Errno { return 0 }

// indent makes JSON readable. What is no JSON is given as it came.
func indent(raw []byte) []byte {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return raw
	}
	b.WriteByte('\n')
	return b.Bytes()
}
