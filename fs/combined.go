package fs

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/remote"
	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/names"
)

// contained are the assets that a combined asset holds: directory name → id.
// The names are their mounts, and equal ones are told apart as equal asset
// names are, the one listed first keeping the plain name.
type contained map[string]string

// contained gives the members of a combined asset, or nil for any other asset.
// One that names no members is read like an internal asset: some deployments
// serve it as one.
func (a *assetDir) contained(asset catalog.Entry) contained {
	if len(asset.Contained) == 0 {
		return nil
	}
	items := make([]names.Item, 0, len(asset.Contained))
	var hidden []remote.Hidden
	for i, c := range asset.Contained {
		switch {
		case c.ID == "":
			hidden = append(hidden, remote.Hidden{Path: c.Mount, Reason: "a member without an id"})
		case c.ID == a.id:
			hidden = append(hidden, remote.Hidden{Path: c.Mount, Reason: "a combined asset that contains itself"})
		case a.within(c.ID):
			// It shows elsewhere; here it would go on for ever.
		default:
			// One asset may be a member twice, under two mounts.
			items = append(items, names.Item{ID: c.ID + memberSep + strconv.Itoa(i), Name: cmp.Or(c.Mount, c.ID), Created: int64(i)})
		}
	}
	a.t.hidden.set(asset.ID, "", len(hidden), hidden[:min(len(hidden), hiddenMembers)])
	byName := make(contained, len(items))
	for item, name := range names.Assign(items, map[string]string{remote.MetaName: ""}) {
		byName[name], _, _ = strings.Cut(item, memberSep)
	}
	return byName
}

// hiddenMembers are the examples that status.json shows of members left out.
const hiddenMembers = 5

// memberSep separates what no id and no name holds.
const memberSep = "\x00"

// inside is the view of a member: the way to it, by assets and names.
func (a *assetDir) inside(name string) string {
	return a.view + "/" + a.id + memberSep + name
}

// within reports whether this directory shows inside the asset id.
func (a *assetDir) within(id string) bool {
	for step := range strings.SplitSeq(a.view, "/") {
		if above, _, ok := strings.Cut(step, memberSep); ok && above == id {
			return true
		}
	}
	return false
}

// entries are the members in order of name.
func (c contained) entries() []fuse.DirEntry {
	all := make([]fuse.DirEntry, 0, len(c)+1)
	for name, id := range c {
		all = append(all, fuse.DirEntry{Name: name, Mode: syscall.S_IFDIR, Ino: inodeNumber("", rootPath(id))})
	}
	slices.SortFunc(all, func(a, b fuse.DirEntry) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// lookupContained finds a member by the name of its directory. A member that is
// gone, or that this user may not see, is listed and fails here.
func (a *assetDir) lookupContained(ctx context.Context, call *call, c contained, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	id, ok := c[name]
	if !ok {
		return miss(out, false)
	}
	asset, err := a.t.dep.Catalog.ByID(call, id)
	if err != nil {
		return nil, a.t.failLookup(out, "lookup", a.id, name, err)
	}
	return a.assetNode(ctx, name, asset, a.inside(name), out), 0
}
