package fs

import (
	"context"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

var _ fusefs.NodeGetattrer = (*fixedDir)(nil)

// fixedDir is a directory that is there as long as the mount is: its name and
// its attributes never change.
type fixedDir struct {
	node
	perm uint32 // before the umask
}

// Getattr gives the attributes, which have the time of the mount.
func (d *fixedDir) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	d.fillFixed(&out.Attr, d.perm)
	out.SetTimeout(forever)
	return 0
}

func (d *fixedDir) permissions() uint32 { return d.perm }

// fixedChild is a node that a fixedDir is a part of.
type fixedChild interface {
	fusefs.InodeEmbedder
	permissions() uint32
}

func (n *node) fillFixed(out *fuse.Attr, perm uint32) {
	n.t.fill(out, syscall.S_IFDIR, 0, n.t.started)
	out.Mode = syscall.S_IFDIR | perm&^n.t.cfg.Umask
}

// fixedNode is a fixed directory as a child of n. path is what its inode number
// is made of.
func (n *node) fixedNode(ctx context.Context, name, path string, child fixedChild, out *fuse.EntryOut) *fusefs.Inode {
	out.SetEntryTimeout(forever)
	out.SetAttrTimeout(forever)
	n.fillFixed(&out.Attr, child.permissions())
	return n.child(ctx, name, identity(syscall.S_IFDIR, "", path, ""), func() fusefs.InodeEmbedder { return child })
}

// dirEntry is such a directory in the listing of its parent.
func dirEntry(name, path string) fuse.DirEntry {
	return fuse.DirEntry{Name: name, Mode: syscall.S_IFDIR, Ino: inodeNumber("", path)}
}
