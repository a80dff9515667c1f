package fs

import (
	"context"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/remote/names"
)

var (
	_ fusefs.NodeLookuper       = (*root)(nil)
	_ fusefs.NodeOpendirHandler = (*root)(nil)
)

// The directories of the root beside those of the types.
const (
	controlName  = "control"
	byIDName     = ".by-id"
	archivedName = ".archived"
	searchName   = ".search"
)

// root is the top of the mount.
type root struct{ fixedDir }

// Lookup finds one of the fixed directories. The dotted ones answer by name
// only, so that find and grep -r meet every asset once.
func (r *root) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if len(name) > names.MaxLen {
		return nil, syscall.ENAMETOOLONG
	}
	perm := uint32(0o777)
	dir := func() fixedDir { return fixedDir{node{t: r.t}, perm} }
	var child fixedChild
	switch name {
	case controlName:
		perm = 0o700
		child = &controlDir{dir()}
	case byIDName:
		child = &byID{dir()}
	case archivedName:
		child = &archivedDir{dir()}
	case searchName:
		child = &searchDir{dir(), false}
	default:
		typ, ok := r.t.typeNamed(name, false)
		if !ok {
			return miss(out, false)
		}
		child = &typeDir{dir(), typ, false}
	}
	return r.fixedNode(ctx, name, name, child, out), 0
}

// OpendirHandle lists the types and the control directory.
func (r *root) OpendirHandle(context.Context, uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	entries := r.t.typeEntries(false)
	entries = append(entries, dirEntry(controlName, controlName))
	return openFixed(r, entries), 0, 0
}
