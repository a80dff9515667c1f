package fs

import (
	"context"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

var (
	_ fusefs.NodeGetattrer = (*refreshFile)(nil)
	_ fusefs.NodeSetattrer = (*refreshFile)(nil)
	_ fusefs.NodeOpener    = (*refreshFile)(nil)
	_ fusefs.FileWriter    = (*refreshHandle)(nil)
	_ fusefs.FileReader    = (*refreshHandle)(nil)
)

// refreshFile is control/refresh: to write anything into it lists the deployment
// again, and returns when that is done.
type refreshFile struct{ node }

func (d *controlDir) refreshNode(ctx context.Context, out *fuse.EntryOut) *fusefs.Inode {
	out.SetEntryTimeout(forever)
	out.SetAttrTimeout(forever)
	f := &refreshFile{node{t: d.t}}
	f.fill(&out.Attr)
	return d.child(ctx, refreshName, identity(syscall.S_IFREG, "", controlPath(refreshName), ""), func() fusefs.InodeEmbedder { return f })
}

func (f *refreshFile) fill(out *fuse.Attr) {
	f.t.fill(out, syscall.S_IFREG, 0, f.t.started)
	out.Mode = syscall.S_IFREG | 0o600
}

// Getattr says that it is empty.
func (f *refreshFile) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	f.fill(&out.Attr)
	return 0
}

// Setattr does nothing: the shell truncates what it writes to.
func (f *refreshFile) Setattr(_ context.Context, _ fusefs.FileHandle, _ *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	f.fill(&out.Attr)
	return 0
}

// Open opens it for writing.
func (f *refreshFile) Open(context.Context, uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	return &refreshHandle{f.t}, fuse.FOPEN_DIRECT_IO, 0
}

type refreshHandle struct{ t *tree }

// Write lists the deployment again.
func (h *refreshHandle) Write(ctx context.Context, p []byte, _ int64) (uint32, syscall.Errno) {
	call := h.t.begin(ctx, requestBudget, "refresh", at{"", controlPath(refreshName)}, "")
	defer call.end()
	if err := h.t.dep.Catalog.Refresh(call); err != nil {
		return 0, h.t.fail("refresh", "", controlPath(refreshName), err)
	}
	h.t.cfg.Changes.wait(call)
	return uint32(len(p)), 0
}

// Read gives nothing.
func (h *refreshHandle) Read(context.Context, []byte, int64) (fuse.ReadResult, syscall.Errno) {
	return fuse.ReadResultData(nil), 0
}
