package fs

import (
	"context"
	"strings"
	"sync"
	"syscall"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/cache"
	"codeoceanfs/control"
	"codeoceanfs/remote"
)

// How long the kernel may answer by itself.
const (
	// forever is for what never changes: names, attributes and misses inside
	// a ready internal asset. A day bounds what a clock gone wrong can do.
	forever = 24 * time.Hour
	// uncached makes the kernel ask each time. Any more would be a tick of its
	// clock, some milliseconds: long enough for the next command of a script,
	// after a rename say, to meet a file that is no longer there.
	uncached = 0
	// notFinal makes it ask again for what was not there. It is not 0, because
	// go-fuse takes a 0 in a miss for "use the mount's default", which is forever.
	notFinal = time.Nanosecond
)

// tree is what all nodes of one mount share. Nodes hold no listing and no
// record of their own: they ask here, so that nothing outlives the kernel's
// interest in a node and there is one place where data goes stale.
type tree struct {
	cfg      Config
	dep      *remote.Deployment
	cache    *cache.Cache
	listings *cache.Table[*remote.Listing]
	searches *cache.Table[[]hit]
	faults   *control.Faults
	flights  flights
	lookups  unheard // that failed
	hidden   hiddenNames
	asked    askedNames
	members  knownMembers
	access   access
	openings openings
	named    sync.Map // versions of assets whose names are on disk
	desk     desk
	seen     seenRecords
	ahead    ahead
	started  time.Time
}

// node is what every node of the tree has.
type node struct {
	fusefs.Inode
	readOnly
	t *tree
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
		out.SetEntryTimeout(notFinal)
	}
	return nil, syscall.ENOENT
}

// failLookup is fail for a lookup. A miss that came from a failure is not final:
// the kernel is not to keep it.
func (t *tree) failLookup(out *fuse.EntryOut, op, asset, path string, err error) syscall.Errno {
	out.SetEntryTimeout(notFinal)
	return t.fail(op, asset, path, err)
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
