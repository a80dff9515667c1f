package fs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/cache"
	"codeoceanfs/control"
	"codeoceanfs/remote"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/fault"
)

// How long the kernel may answer by itself.
const (
	// forever is for what never changes: names, attributes and misses inside
	// a ready internal asset. A day bounds what a clock gone wrong can do.
	forever = 24 * time.Hour
	// uncached makes the kernel ask each time. It is not 0, because go-fuse
	// takes a 0 in a miss for "use the mount's default", which is forever.
	uncached = time.Nanosecond
)

// tree is what all nodes of one mount share. Nodes hold no listing and no
// record of their own: they ask here, so that nothing outlives the kernel's
// interest in a node and there is one place where data goes stale.
type tree struct {
	cfg      Config
	dep      *remote.Deployment
	cache    *cache.Cache
	listings *cache.Table[*remote.Listing]
	searches *cache.Table[[]catalog.Entry]
	faults   *control.Faults
	hidden   hiddenNames
	asked    askedNames
	started  time.Time
}

// node is what every node of the tree has.
type node struct {
	fusefs.Inode
	readOnly
	t *tree
}

// source is where the data of one asset comes from, as its record has it now.
type source struct {
	remote.Files
	asset catalog.Entry
}

// source finds the data of an asset. An asset whose data cannot be read yet, or
// never, is refused with the reason.
func (t *tree) source(ctx context.Context, id string) (*source, error) {
	asset, err := t.dep.Catalog.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	refused := func(why string) error {
		return &fault.Error{Op: "open the data", Asset: id, Kind: fault.ErrRefused, Err: errors.New(why)}
	}
	switch {
	case asset.State == api.Draft:
		return nil, refused("the asset is a draft: its files are still being copied, and appear by themselves")
	case asset.State == api.Failed && asset.FailureReason != "":
		return nil, refused(fmt.Sprintf("the asset's creation failed: %s", asset.FailureReason))
	case asset.State == api.Failed:
		return nil, refused("the asset's creation failed")
	}
	return &source{t.dep.Files(asset.Asset), asset}, nil
}

// maxAge is how old a listing of the source may be; 0 is any age.
func (t *tree) maxAge(s *source) time.Duration {
	if s.Immutable() {
		return 0
	}
	return t.cfg.Refresh
}

// timeout is how long the kernel may keep what the source answered.
func (t *tree) timeout(s *source) time.Duration {
	if s.Immutable() {
		return forever
	}
	return t.cfg.Refresh
}

func listingKey(s *source, dir string) string { return s.Version() + "\x00" + dir }

// list reads the folder dir of an asset, whole, once for all who ask.
func (t *tree) list(ctx context.Context, s *source, dir string) (*remote.Listing, error) {
	key := listingKey(s, dir)
	load := func(ctx context.Context) (*remote.Listing, error) {
		l, err := s.List(ctx, dir)
		if err == nil {
			t.hidden.set(s.asset.ID, dir, l.Hidden())
			t.asked.forget(key)
		}
		return l, err
	}
	l, err := t.listings.Get(ctx, key, t.maxAge(s), load)
	if err == nil && s.Immutable() && !t.settled(s, dir, l) {
		return t.listings.Get(ctx, key, t.cfg.Refresh, load)
	}
	return l, err
}

// settled reports whether a listing can never change. An asset that has just
// become ready may show no files for a while, so an empty one is not believed
// for long, unless the record says that there are none.
func (t *tree) settled(s *source, dir string, l *remote.Listing) bool {
	return s.Immutable() && (l.Len() > 0 || dir != "" || s.asset.Files == 0)
}

// listed reports whether the folder was listed, however long ago.
func (t *tree) listed(s *source, dir string) bool {
	_, ok := t.listings.Peek(listingKey(s, dir), 0)
	return ok
}

// find looks one name up in the folder dir of an asset. final tells that a miss
// can never become wrong.
//
// A store that can be asked for one name is not made to list a folder of a
// million for it. But a program that goes through a folder that was listed, and
// whose listing has expired meanwhile, asks for every name: once that has taken
// as many requests as to list it again, it is listed again.
func (t *tree) find(ctx context.Context, s *source, dir, name string) (e remote.Entry, final bool, err error) {
	key := listingKey(s, dir)
	l, fresh := t.listings.Peek(key, t.maxAge(s))
	if !fresh || s.Immutable() && !t.settled(s, dir, l) {
		old, listed := t.listings.Peek(key, 0)
		if !listed || t.asked.more(key) <= old.Len()/keysPerPage/requestsPerFind {
			e, err := s.Find(ctx, dir, name)
			if !errors.Is(err, errors.ErrUnsupported) {
				return e, false, err
			}
		}
		if l, err = t.list(ctx, s, dir); err != nil {
			return remote.Entry{}, false, err
		}
	}
	e, ok := l.Find(name)
	if !ok {
		return remote.Entry{}, t.settled(s, dir, l), fault.ErrNotExist
	}
	return e, false, nil
}

// What requests of a store bring: a page of a listing has 1000 keys, and one
// name takes two requests (is it a file, is it a folder).
const (
	keysPerPage     = 1000
	requestsPerFind = 2
)

// askedNames counts the names that were asked for one by one, by folder.
type askedNames struct {
	mu    sync.Mutex // guards count
	count map[string]int
}

// askedFolders bounds the counts that are kept. To lose one costs a few
// requests.
const askedFolders = 1000

// more counts one name more, and returns how many there were before.
func (a *askedNames) more(key string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.count == nil || len(a.count) >= askedFolders {
		a.count = make(map[string]int)
	}
	a.count[key]++
	return a.count[key] - 1
}

func (a *askedNames) forget(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.count, key)
}

// child gives the kernel a node: the one it has under that name if it is the
// same, else the one that make makes. Reusing it saves most of the work of
// listing a directory a second time.
func (n *node) child(ctx context.Context, name string, id fusefs.StableAttr, make func() fusefs.InodeEmbedder) *fusefs.Inode {
	if old := n.GetChild(name); old != nil && old.StableAttr() == id {
		return old
	}
	return n.NewInode(ctx, make(), id)
}

// fill writes the attributes of a file or directory.
func (t *tree) fill(out *fuse.Attr, mode uint32, size int64, modified time.Time) {
	perm := uint32(0o666)
	if mode&syscall.S_IFMT == syscall.S_IFDIR {
		perm = 0o777
	}
	out.Mode = mode&syscall.S_IFMT | perm&^t.cfg.Umask
	out.Owner = fuse.Owner{Uid: t.cfg.UID, Gid: t.cfg.GID}
	out.Nlink = 1
	out.Size = uint64(size)
	out.Blocks = (uint64(size) + 511) / 512
	sec := uint64(clamp(modified).Unix())
	out.Atime, out.Mtime, out.Ctime = sec, sec, sec
	if modified.Nanosecond() > 0 {
		nsec := uint32(modified.Nanosecond())
		out.Atimensec, out.Mtimensec, out.Ctimensec = nsec, nsec, nsec
	}
}

// clamp keeps times of the platform within what programs can read: some
// deployments have records from before 1970 or in milliseconds.
func clamp(t time.Time) time.Time {
	const latest = 1<<32 - 1 // the year 2106, the end of unsigned 32-bit seconds
	switch {
	case t.Unix() < 0:
		return time.Unix(0, 0)
	case t.Unix() > latest:
		return time.Unix(latest, 0)
	}
	return t
}

// miss answers that name does not exist. The kernel keeps that answer only if
// it can never become wrong.
func miss(out *fuse.EntryOut, final bool) (*fusefs.Inode, syscall.Errno) {
	if !final {
		out.SetEntryTimeout(uncached)
	}
	return nil, syscall.ENOENT
}

// junk are names that desktops ask for in every directory. Where an answer would
// take a request they are answered without.
func junk(name string) bool {
	switch name {
	case ".DS_Store", ".hidden", ".directory", "autorun.inf", "desktop.ini", "Thumbs.db",
		".xdg-volume-info", ".Trash", ".localized", ".metadata_never_index":
		return true
	}
	return strings.HasPrefix(name, "._") || strings.HasPrefix(name, ".Trash-")
}
