package fs

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/remote"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/names"
)

// contained are the assets that a combined asset holds, in order of name.
type contained []member

// member is one of them: the name of its folder, and its id.
type member struct{ name, id string }

// find is the member of that name.
func (c contained) find(name string) (member, bool) {
	i, ok := slices.BinarySearchFunc(c, name, func(m member, name string) int { return strings.Compare(m.name, name) })
	if !ok {
		return member{}, false
	}
	return c[i], true
}

// contained gives the members of a combined asset, or nil for any other asset.
// One that names no members is read like an internal asset: some deployments
// serve it as one.
//
// A member's folder is named by its mount. The platform's list has no order
// that it promises, so of equal mounts the lower id keeps the plain name, and a
// name that was only made up never takes it from one that was given.
func (a *assetDir) contained(ctx context.Context, asset catalog.Entry) contained {
	if len(asset.Contained) == 0 {
		return nil
	}
	place := a.id + memberSep + a.view
	if all, ok := a.t.members.of(place, asset.Asset); ok {
		return all
	}
	const given, madeUp = 0, 1
	var items []names.Item
	var hidden []remote.Hidden
	ids := make(map[string]string, len(asset.Contained)) // of items: of the assets
	for _, c := range asset.Contained {
		mount := strings.Trim(c.Mount, "/")
		why := a.hides(c)
		key := c.ID + memberSep + mount // one asset may be there twice, under two mounts
		ids[key] = c.ID
		switch {
		case why != "":
			hidden = append(hidden, remote.Hidden{Path: cmp.Or(mount, c.ID), Reason: why})
		case mount != "":
			items = append(items, names.Item{ID: key, Name: mount, Created: given})
		default:
			items = append(items, names.Item{ID: key, Created: madeUp})
		}
	}
	final := a.nameMountless(ctx, items, ids)
	where := "" // by whatever name
	if strings.Contains(a.view, memberSep) {
		where = a.view // inside another one, where it may show less
	}
	a.t.hidden.set(asset.ID, where, len(hidden), hidden[:min(len(hidden), hiddenMembers)])
	all := make(contained, 0, len(items))
	for key, name := range names.Assign(items, nil, remote.MetaName) {
		all = append(all, member{name, ids[key]})
	}
	slices.SortFunc(all, func(a, b member) int { return strings.Compare(a.name, b.name) })
	if final {
		a.t.members.keep(place, asset.Asset, all)
	}
	return all
}

// knownMembers remembers what combined assets show, so that who looks at one
// member after the other does not have all of them named each time. Its zero
// value is ready.
type knownMembers struct {
	mu sync.Mutex // guards by
	by map[string]shown
}

// shown is what one record makes a directory show.
type shown struct {
	record *api.Asset
	all    contained
}

// knownAtMost bounds the directories that are remembered. To name the members
// of one again takes milliseconds.
const knownAtMost = 100

func (k *knownMembers) of(place string, record *api.Asset) (contained, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, ok := k.by[place]
	return s.all, ok && s.record == record
}

func (k *knownMembers) keep(place string, record *api.Asset, all contained) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.by == nil || len(k.by) >= knownAtMost {
		k.by = make(map[string]shown)
	}
	k.by[place] = shown{record, all}
}

// hides is why a member is not shown here, or "".
func (a *assetDir) hides(c api.Contained) string {
	switch {
	case c.ID == "":
		return "a member without an id"
	case c.ID == a.id:
		return "a combined asset that contains itself"
	case a.within(c.ID):
		return "a combined asset that contains, by way of others, itself: it shows further up"
	case strings.Count(a.view, memberSep) >= maxNesting:
		return "too many combined assets, one inside the other"
	}
	return ""
}

// maxNesting is how deep combined assets show inside combined ones. Assets that
// hold each other make more paths than there are atoms, and all are finite.
const maxNesting = 8

// nameMountless gives members that have no mount the one that their own record
// has, or its name, or, if there is no such record, their id. It reports whether
// there were none: those names can change.
func (a *assetDir) nameMountless(ctx context.Context, items []names.Item, ids map[string]string) (none bool) {
	var unknown []string
	for _, it := range items {
		if it.Name == "" {
			unknown = append(unknown, ids[it.ID])
		}
	}
	if unknown == nil {
		return true
	}
	a.t.dep.Catalog.Expect(unknown)
	for i, it := range items {
		if it.Name != "" {
			continue
		}
		id := ids[it.ID]
		items[i].Name = id
		if m, err := a.t.dep.Catalog.ByID(ctx, id); err == nil {
			items[i].Name = cmp.Or(strings.Trim(m.Mount, "/"), m.Name, id)
		}
	}
	return false
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

// openContained lists the members. Nothing is asked about any of them: one that
// cannot be reached holds up nobody who does not look into it.
func (a *assetDir) openContained(s *source, c contained, meta fuse.DirEntry) *dirHandle {
	h := newDirHandle(a, len(c)+1, func(i int) fuse.DirEntry {
		if i == len(c) {
			return meta
		}
		return fuse.DirEntry{Name: c[i].name, Mode: syscall.S_IFDIR, Ino: inodeNumber("", rootPath(c[i].id))}
	})
	h.node = func(ctx context.Context, i int, out *fuse.EntryOut) *fusefs.Inode {
		if i == len(c) {
			return nil
		}
		return a.memberNode(ctx, s.asset, c[i], out)
	}
	return h
}

// lookupContained finds a member by the name of its directory.
func (a *assetDir) lookupContained(ctx context.Context, s *source, c contained, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if len(name) > names.MaxLen {
		return nil, syscall.ENAMETOOLONG
	}
	m, ok := c.find(name)
	if !ok {
		return miss(out, false)
	}
	return a.memberNode(ctx, s.asset, m, out), 0
}
