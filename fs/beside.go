package fs

import (
	"context"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"codeoceanfs/control/request"
	"codeoceanfs/remote"
)

var (
	_ fusefs.NodeCreater  = (*assetDir)(nil)
	_ fusefs.NodeUnlinker = (*assetDir)(nil)
	_ fusefs.NodeRenamer  = (*assetDir)(nil)
)

// An editor makes files beside the record that it edits, and renames one into
// its place. They are on the desk, by the asset, and nowhere else; whatever else
// is made in an asset's directory is refused as everywhere in the data.

func (a *assetDir) beside(name string) deskName {
	return deskName{request.Verb("\x00" + a.id), name}
}

// editors reports whether name may be an editor's file here.
func (a *assetDir) editors(name string) bool {
	return a.t.cfg.Requests != nil && isMetaScratch(name)
}

// scratch is an editor's file, or nil.
func (a *assetDir) scratch(ctx context.Context, name string, out *fuse.EntryOut) *fusefs.Inode {
	if !a.editors(name) {
		return nil
	}
	f := &formFile{node{t: a.t}, a.beside(name).verb, name, ""}
	if f.stat(ctx, &out.Attr) != 0 {
		return nil
	}
	out.SetEntryTimeout(uncached)
	out.SetAttrTimeout(uncached)
	return a.child(ctx, name, identity(syscall.S_IFREG, a.id, "\x00beside/"+name, ""), func() fusefs.InodeEmbedder { return f })
}

// Create makes an editor's file.
func (a *assetDir) Create(ctx context.Context, name string, flags, _ uint32, out *fuse.EntryOut) (*fusefs.Inode, fusefs.FileHandle, uint32, syscall.Errno) {
	if !a.editors(name) || !a.t.owns(ctx) {
		return nil, nil, 0, syscall.EROFS
	}
	if errno := a.t.desk.create(a.beside(name)); errno != 0 {
		return nil, nil, 0, errno
	}
	node := a.scratch(ctx, name, out)
	if node == nil {
		return nil, nil, 0, syscall.EIO
	}
	return node, node.Operations().(*formFile).open(flags), fuse.FOPEN_DIRECT_IO, 0
}

// Unlink removes an editor's file.
func (a *assetDir) Unlink(ctx context.Context, name string) syscall.Errno {
	if !a.t.owns(ctx) || !a.t.desk.remove(a.beside(name)) {
		return syscall.EROFS
	}
	return 0
}

// Rename makes an editor's file the record, or puts the record aside, which
// copies it.
func (a *assetDir) Rename(ctx context.Context, name string, newParent fusefs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	s, onDesk := a.t.desk.get(a.beside(name))
	switch to, ok := newParent.(*assetDir); {
	case !ok, to.id != a.id, flags&unix.RENAME_EXCHANGE != 0, a.t.cfg.Requests == nil, !a.t.owns(ctx):
		return syscall.EROFS
	case name == remote.MetaName && isMetaScratch(newName):
		node := a.GetChild(name)
		if node == nil {
			return syscall.ESTALE // forgotten this moment: the kernel looks again
		}
		f, ok := node.Operations().(*metaFile)
		if !ok {
			return syscall.EROFS
		}
		c, errno := f.render(ctx)
		if errno != 0 {
			return errno
		}
		return a.t.desk.put(a.beside(newName), c.bytes)
	case !onDesk:
		return syscall.EROFS
	case newName == remote.MetaName:
		if errno := a.t.edit(ctx, a.id, s.data); errno != 0 {
			return ofRename(errno)
		}
	case isMetaScratch(newName):
		if errno := a.t.desk.put(a.beside(newName), s.data); errno != 0 {
			return errno
		}
	default:
		return syscall.EROFS
	}
	a.t.desk.remove(a.beside(name))
	return 0
}
