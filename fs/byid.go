package fs

import (
	"context"
	"errors"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/names"
)

var (
	_ fusefs.NodeLookuper       = (*byID)(nil)
	_ fusefs.NodeOpendirHandler = (*byID)(nil)
)

// byID is .by-id: every asset by a path that stays when it is renamed, archived
// or shares its name. It lists as empty.
type byID struct{ fixedDir }

// Lookup finds an asset by its id, also one that no listing shows.
func (d *byID) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if len(name) > names.MaxLen {
		return nil, syscall.ENAMETOOLONG
	}
	if junk(name) {
		return miss(out, false)
	}
	call := newCall(ctx, lookupBudget)
	defer call.end()
	asset, err := d.t.dep.Catalog.ByID(call, name)
	switch {
	case errors.Is(err, fault.ErrNotExist), errors.Is(err, fault.ErrInvalid):
		// What is no id at all, the platform may call a bad request.
		return miss(out, false)
	case err != nil:
		return nil, d.t.failLookup(out, "lookup", name, "", err)
	}
	return d.assetNode(ctx, name, asset, byIDName, out), 0
}

// OpendirHandle lists nothing.
func (d *byID) OpendirHandle(context.Context, uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	return openFixed(d, nil), fuse.FOPEN_CACHE_DIR, 0
}
