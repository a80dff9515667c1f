package fs

import (
	"context"
	"sync"

	fusefs "github.com/hanwen/go-fuse/v2/fs"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
)

// Notifier carries what the catalog learns to the kernel, which was told
// otherwise before. It is made before both: the catalog calls Changed, and
// Mount takes the other end. Its zero value is ready.
//
// Changes wait in a queue for a goroutine of their own, because the catalog may
// learn of one inside a request of the kernel, and the kernel then holds the
// very locks that it takes for a notice.
type Notifier struct {
	mu    sync.Mutex // guards what follows
	queue []catalog.Change
	wake  chan struct{}
}

// Changed takes note of a change. It waits for nothing.
func (n *Notifier) Changed(c catalog.Change) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.wake == nil {
		return // nothing is mounted, so nobody was told anything
	}
	n.queue = append(n.queue, c)
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// serve gives changes to the kernel until ctx ends.
func (n *Notifier) serve(ctx context.Context, r *root) {
	wake := make(chan struct{}, 1)
	n.mu.Lock()
	n.wake = wake
	n.mu.Unlock()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-wake:
			}
			n.mu.Lock()
			queue := n.queue
			n.queue = nil
			n.mu.Unlock()
			for _, c := range queue {
				r.tell(c)
			}
		}
	}()
}

// tell takes back the names that lead nowhere now, and what is kept of the
// directories of assets that were updated. Names that are new need no notice:
// the kernel keeps no misses beside assets.
func (r *root) tell(c catalog.Change) {
	for _, p := range c.Gone {
		if dir := r.typeDir(p.Type, p.Archived); dir != nil {
			dir.NotifyEntry(p.Dir)
		}
	}
	if len(c.Deleted) > 0 {
		r.t.hidden.forget(c.Deleted)
	}
	for _, u := range c.Updated {
		moved := u.Old.Source != u.New.Source || !u.Old.LastTransferred.Equal(u.New.LastTransferred)
		dirs := r.assetDirs(u.New)
		if moved {
			dirs = append(dirs, r.memberDirs(u.New.ID)...)
		}
		for _, dir := range dirs {
			dir.NotifyContent(0, 0) // the attributes and the listing of a draft
			if !moved {
				continue
			}
			// The files are the same, but not for ever any more.
			for name := range dir.Children() {
				dir.NotifyEntry(name)
			}
		}
	}
}

// assetDirs are the directories of an asset that the kernel knows, by its name
// and by its id. As a member of combined assets a draft has nothing that is kept.
func (r *root) assetDirs(asset catalog.Entry) []*fusefs.Inode {
	var dirs []*fusefs.Inode
	if parent := r.typeDir(asset.Type, asset.Archived); parent != nil {
		if dir := parent.GetChild(asset.Dir); dir != nil {
			dirs = append(dirs, dir)
		}
	}
	if parent := r.GetChild(byIDName); parent != nil {
		if dir := parent.GetChild(asset.ID); dir != nil {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// memberDirs are the directories that the kernel knows of an asset inside
// combined ones.
func (r *root) memberDirs(id string) (dirs []*fusefs.Inode) {
	var in func(parent *fusefs.Inode)
	in = func(parent *fusefs.Inode) {
		for _, child := range parent.Children() {
			if m, ok := child.Operations().(*memberDir); ok {
				if m.id == id {
					dirs = append(dirs, child)
				}
				in(child)
			}
		}
	}
	for _, archived := range []bool{false, true} {
		if combined := r.typeDir(api.Combined, archived); combined != nil {
			for _, asset := range combined.Children() {
				in(asset)
			}
		}
	}
	if byID := r.GetChild(byIDName); byID != nil {
		for _, asset := range byID.Children() {
			in(asset)
		}
	}
	return dirs
}

// typeDir is the directory of a type, if the kernel knows it.
func (r *root) typeDir(typ api.Type, archived bool) *typeDir {
	parent := r.EmbeddedInode()
	if archived {
		if parent = parent.GetChild(archivedName); parent == nil {
			return nil
		}
	}
	child := parent.GetChild(typeName(typ))
	if child == nil {
		return nil
	}
	dir, _ := child.Operations().(*typeDir)
	return dir
}
