package fs

import (
	"context"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

var (
	_ fusefs.NodeCreater       = (*readOnly)(nil)
	_ fusefs.NodeTmpfiler      = (*readOnly)(nil)
	_ fusefs.NodeMkdirer       = (*readOnly)(nil)
	_ fusefs.NodeMknoder       = (*readOnly)(nil)
	_ fusefs.NodeSymlinker     = (*readOnly)(nil)
	_ fusefs.NodeLinker        = (*readOnly)(nil)
	_ fusefs.NodeUnlinker      = (*readOnly)(nil)
	_ fusefs.NodeRmdirer       = (*readOnly)(nil)
	_ fusefs.NodeRenamer       = (*readOnly)(nil)
	_ fusefs.NodeSetattrer     = (*readOnly)(nil)
	_ fusefs.NodeGetxattrer    = (*readOnly)(nil)
	_ fusefs.NodeSetxattrer    = (*readOnly)(nil)
	_ fusefs.NodeRemovexattrer = (*readOnly)(nil)
)

// readOnly is in every node, and answers EROFS to all that would change it.
// go-fuse's own defaults are not enough: its Unlink without a handler succeeds.
type readOnly struct{}

func (readOnly) Create(context.Context, string, uint32, uint32, *fuse.EntryOut) (*fusefs.Inode, fusefs.FileHandle, uint32, syscall.Errno) {
	return nil, nil, 0, syscall.EROFS
}

func (readOnly) Tmpfile(context.Context, uint32, uint32, *fuse.EntryOut) (*fusefs.Inode, fusefs.FileHandle, uint32, syscall.Errno) {
	return nil, nil, 0, syscall.EROFS
}

func (readOnly) Mkdir(context.Context, string, uint32, *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	return nil, syscall.EROFS
}

func (readOnly) Mknod(context.Context, string, uint32, uint32, *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	return nil, syscall.EROFS
}

func (readOnly) Symlink(context.Context, string, string, *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	return nil, syscall.EROFS
}

func (readOnly) Link(context.Context, fusefs.InodeEmbedder, string, *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	return nil, syscall.EROFS
}

func (readOnly) Unlink(context.Context, string) syscall.Errno { return syscall.EROFS }

func (readOnly) Rmdir(context.Context, string) syscall.Errno { return syscall.EROFS }

func (readOnly) Rename(context.Context, string, fusefs.InodeEmbedder, string, uint32) syscall.Errno {
	return syscall.EROFS
}

func (readOnly) Setattr(context.Context, fusefs.FileHandle, *fuse.SetAttrIn, *fuse.AttrOut) syscall.Errno {
	return syscall.EROFS
}

func (readOnly) Setxattr(context.Context, string, []byte, uint32) syscall.Errno {
	return syscall.EROFS
}

func (readOnly) Removexattr(context.Context, string) syscall.Errno { return syscall.EROFS }

// writing reports whether open(2) flags ask for more than reading.
func writing(flags uint32) bool {
	return flags&syscall.O_ACCMODE != syscall.O_RDONLY || flags&syscall.O_TRUNC != 0
}
