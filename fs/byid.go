package fs

import (
	"context"
	"errors"
	"regexp"
	"strings"
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
	if junk(name) || strings.HasPrefix(name, ".") { // .git, say, which shells look for
		return miss(out, false)
	}
	return d.t.lookup(ctx, d.t.cfg.Lookup, at{"", byIDName}, name, func(call *call) (*fusefs.Inode, syscall.Errno) {
		asset, err := d.t.dep.Catalog.ByID(call, name)
		if id := canonical(name); id != name && errors.Is(err, fault.ErrNotExist) {
			asset, err = d.t.dep.Catalog.ByID(call, id)
		}
		switch {
		case errors.Is(err, fault.ErrNotExist), errors.Is(err, fault.ErrInvalid):
			// What is no id at all, the platform may call a bad request.
			return miss(out, false)
		case err != nil:
			return nil, d.t.failLookup(out, "lookup", name, "", err)
		}
		view := byIDName
		if name != asset.ID {
			view += "/" + name // the kernel allows a directory one place only
		}
		return d.assetNode(ctx, name, asset, view, out), 0
	})
}

var uuid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// canonical is an id as the platform writes it: people copy UUIDs from programs
// that write them in upper case.
func canonical(id string) string {
	if uuid.MatchString(id) {
		return strings.ToLower(id)
	}
	return id
}

// OpendirHandle lists nothing.
func (d *byID) OpendirHandle(context.Context, uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	return openFixed(d, nil), fuse.FOPEN_CACHE_DIR, 0
}
