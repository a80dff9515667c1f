package fs

import (
	"context"
	"errors"
	"slices"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/names"
)

var (
	_ fusefs.NodeLookuper       = (*typeDir)(nil)
	_ fusefs.NodeOpendirHandler = (*typeDir)(nil)

	_ fusefs.NodeLookuper       = (*archivedDir)(nil)
	_ fusefs.NodeOpendirHandler = (*archivedDir)(nil)
)

// typeDir holds the assets of one type, archived or not.
type typeDir struct {
	fixedDir
	typ      api.Type
	archived bool
}

// untyped is the directory of assets whose records have no type.
const untyped = "no-type"

// typeName is the directory of a type. A newer platform may have types that
// nobody here knows, in any words.
func typeName(typ api.Type) string {
	if typ == "" {
		return untyped
	}
	return names.Encode(string(typ), controlName, byIDName, archivedName, searchName, untyped)
}

func typePath(typ api.Type, archived bool) string {
	if archived {
		return archivedName + "/" + typeName(typ)
	}
	return typeName(typ)
}

// types are the types that this mount shows: the chosen ones, and if none were,
// others of which there are assets, as far as is known.
func (t *tree) types(archived bool) []api.Type {
	types := slices.Clone(t.cfg.Types)
	for _, typ := range t.dep.Catalog.Types(archived) {
		if !slices.Contains(types, typ) {
			types = append(types, typ)
		}
	}
	return types
}

// typeNamed finds the type that a directory is of.
func (t *tree) typeNamed(name string, archived bool) (api.Type, bool) {
	types := t.types(archived)
	i := slices.IndexFunc(types, func(typ api.Type) bool { return typeName(typ) == name })
	if i < 0 {
		return "", false
	}
	return types[i], true
}

// Lookup finds an asset by its directory name. While the catalog loads it asks
// for that one asset instead of waiting for all.
func (d *typeDir) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if len(name) > names.MaxLen {
		return nil, syscall.ENAMETOOLONG
	}
	if junk(name) && !d.t.dep.Catalog.Status().Loaded {
		return miss(out, false)
	}
	return d.t.lookup(ctx, d.t.cfg.Lookup, d, name, func(call *call) (*fusefs.Inode, syscall.Errno) {
		asset, err := d.t.dep.Catalog.Lookup(call, d.archived, d.typ, name)
		switch {
		case errors.Is(err, fault.ErrNotExist):
			return miss(out, false)
		case err != nil:
			return nil, d.t.failLookup(out, "lookup", "", typePath(d.typ, d.archived)+"/"+name, err)
		}
		return d.assetNode(ctx, name, asset, d.view(asset, name), out), 0
	})
}

// view keeps the two names that lead to one asset apart: the kernel allows a
// directory one place only.
func (d *typeDir) view(asset catalog.Entry, name string) string {
	if name == asset.Dir {
		return ""
	}
	return "@"
}

// OpendirHandle lists the assets, all of them: it waits for a catalog that is
// still loading. The kernel does not keep the listing, since assets come and go.
func (d *typeDir) OpendirHandle(ctx context.Context, _ uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	call := d.t.begin(ctx, listBudget, "list", d, "")
	defer call.end()
	assets, err := d.t.dep.Catalog.List(call, d.archived, d.typ)
	if err != nil {
		return nil, 0, d.t.fail("list", "", typePath(d.typ, d.archived), err)
	}
	h := newDirHandle(d, len(assets), func(i int) fuse.DirEntry {
		return fuse.DirEntry{Name: assets[i].Dir, Mode: syscall.S_IFDIR, Ino: inodeNumber("", rootPath(assets[i].ID))}
	})
	h.node = func(ctx context.Context, i int, out *fuse.EntryOut) *fusefs.Inode {
		return d.assetNode(ctx, assets[i].Dir, assets[i], d.view(assets[i], assets[i].Dir), out)
	}
	return h, 0, 0
}

// archivedDir is .archived: the types again, with the assets put away.
type archivedDir struct{ fixedDir }

// Lookup finds a type, or the search among archived assets, which is not listed.
func (d *archivedDir) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if name == searchName {
		child := &searchDir{fixedDir{node{t: d.t}, d.perm}, true}
		return d.fixedNode(ctx, name, child.path(), child, out), 0
	}
	typ, ok := d.t.typeNamed(name, true)
	if !ok {
		return miss(out, false)
	}
	child := &typeDir{fixedDir{node{t: d.t}, d.perm}, typ, true}
	return d.fixedNode(ctx, name, typePath(typ, true), child, out), 0
}

// OpendirHandle lists the types.
func (d *archivedDir) OpendirHandle(context.Context, uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	return openFixed(d, d.t.typeEntries(true)), 0, 0
}

// typeEntries are the directories of the types.
func (t *tree) typeEntries(archived bool) []fuse.DirEntry {
	types := t.types(archived)
	entries := make([]fuse.DirEntry, 0, len(types)+1)
	for _, typ := range types {
		entries = append(entries, dirEntry(typeName(typ), typePath(typ, archived)))
	}
	return entries
}
