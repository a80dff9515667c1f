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
	idle  chan struct{} // closed when the queue has been told; nil: it is empty
}

// Changed takes note of a change. It waits for nothing.
func (n *Notifier) Changed(c catalog.Change) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.wake == nil {
		return // nothing is mounted, so nobody was told anything
	}
	n.queue = append(n.queue, c)
	if n.idle == nil {
		n.idle = make(chan struct{})
	}
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
			for queue := n.take(); len(queue) > 0; queue = n.take() {
				for _, c := range queue {
					r.tell(c)
				}
			}
		}
	}()
}

// take empties the queue. An empty one has been told.
func (n *Notifier) take() []catalog.Change {
	n.mu.Lock()
	defer n.mu.Unlock()
	queue := n.queue
	n.queue = nil
	if len(queue) == 0 && n.idle != nil {
		close(n.idle)
		n.idle = nil
	}
	return queue
}

// wait waits until the kernel has been told of all changes so far, or ctx ends.
// It is not for requests about assets: see Notifier.
func (n *Notifier) wait(ctx context.Context) {
	n.mu.Lock()
	idle := n.idle
	n.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-ctx.Done():
	}
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
	moved := make(map[string]bool)
	for _, u := range c.Updated {
		// Files that a record did not count were missing for good, but for those
		// in a bucket.
		more := u.Old.State == u.New.State && u.Old.Files != u.New.Files && !u.New.External()
		if more || u.Old.Source != u.New.Source || !u.Old.LastTransferred.Equal(u.New.LastTransferred) {
			moved[u.New.ID] = true
			continue
		}
		for _, dir := range r.assetDirs(u.New) {
			dir.NotifyContent(0, 0) // the attributes and the listing of a draft
		}
	}
	if len(moved) == 0 {
		return
	}
	for _, dir := range r.placesOf(moved) {
		dir.NotifyContent(0, 0)
		// Files that moved are the same, but not for ever any more, and others
		// may come. With the directory's own name the kernel drops every name
		// below it, also those that it was told are not there, which nobody here
		// remembers.
		if name, parent := dir.Parent(); parent != nil {
			parent.NotifyEntry(name)
		}
	}
}

// assetDirs are the directories of an asset that the kernel knows, by its name
// and by its id. In its other places a draft has nothing that is kept.
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

// placesOf are all directories of some assets that the kernel knows: by any of
// their names and spellings of their ids, and inside combined assets.
func (r *root) placesOf(ids map[string]bool) (dirs []*fusefs.Inode) {
	var in func(parent *fusefs.Inode)
	in = func(parent *fusefs.Inode) {
		for _, child := range parent.Children() {
			var id string
			switch dir := child.Operations().(type) {
			case *typeDir, *archivedDir, *byID:
				in(child)
				continue
			case *assetDir:
				id = dir.id
			case *memberDir:
				id = dir.id
			default:
				continue
			}
			if ids[id] {
				dirs = append(dirs, child)
			}
			// What it shows is not to be gone through unless it is assets.
			if asset, ok := r.t.dep.Catalog.Known(id); ok && len(asset.Contained) > 0 {
				in(child)
			}
		}
	}
	in(r.EmbeddedInode())
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
