package emulator

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"codeoceanfs/remote/emulator/files"
)

const (
	// ownBucket is where the platform keeps internal assets, as <id>/<path>:
	// it is what signed URLs lead to.
	ownBucket = "codeocean-internal"
	// defaultRegion is that of a bucket which names none, as at AWS.
	defaultRegion = "us-east-1"
)

// buckets are the users' buckets.
type buckets struct {
	dir string // their directory; empty: in memory only

	mu     sync.Mutex
	byName map[string]*bucket // guarded by mu; entries are replaced, not changed
}

// bucket is one of them, with what was put and deleted in memory.
type bucket struct {
	Bucket
	created time.Time
	deleted map[string]bool
	added   []files.Tree // what was copied there, where there is no disk
	objects files.Tree
}

// path is where the bucket's folder is, or would be.
func (b *buckets) path(name string) string { return filepath.Join(b.dir, name) }

// set puts a bucket in place.
func (b *buckets) set(def Bucket, created time.Time, deleted map[string]bool, added ...files.Tree) error {
	if def.Region == "" {
		def.Region = defaultRegion
	}
	next := &bucket{Bucket: def, created: created, deleted: deleted, added: added}
	tree, err := files.NewGenerated(def.Name, created, def.Generate...)
	if err != nil {
		return fmt.Errorf("bucket %s: %w", def.Name, err)
	}
	if b.dir != "" {
		tree = files.Union(tree, files.Dir(filepath.Join(b.path(def.Name), "objects")))
	}
	tree = files.Union(append([]files.Tree{tree}, added...)...)
	next.objects = files.Without(tree, deleted)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byName == nil {
		b.byName = make(map[string]*bucket)
	}
	b.byName[def.Name] = next
	return nil
}

// get finds a bucket, on disk too if it came there meanwhile.
func (b *buckets) get(name string) (*bucket, bool) {
	b.mu.Lock()
	found, ok := b.byName[name]
	b.mu.Unlock()
	if ok {
		return found, true
	}
	if err := b.load(name); err != nil {
		return nil, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	found, ok = b.byName[name]
	return found, ok
}

// load reads a bucket's folder.
func (b *buckets) load(name string) error {
	if b.dir == "" || !fs.ValidPath(name) || strings.ContainsAny(name, "/\x00") || name == "." {
		return fs.ErrNotExist
	}
	info, err := os.Stat(b.path(name))
	if err != nil {
		return err
	}
	def := Bucket{}
	if err := readJSON(filepath.Join(b.path(name), "bucket.json"), &def); err != nil {
		return err
	}
	def.Name = name
	return b.set(def, info.ModTime(), nil)
}

// loadAll reads the buckets directory.
func (b *buckets) loadAll() error {
	if b.dir == "" {
		return nil
	}
	names, err := subfolders(b.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := b.load(name); err != nil {
			return err
		}
	}
	return nil
}

// edit changes a bucket's definition and what is deleted from it.
func (b *buckets) edit(name string, change func(def *Bucket, deleted map[string]bool)) error {
	found, ok := b.get(name)
	if !ok {
		return fmt.Errorf("bucket %s: %w", name, fs.ErrNotExist)
	}
	def, deleted := found.Bucket, maps.Clone(found.deleted)
	def.Generate = slices.Clone(def.Generate)
	if deleted == nil {
		deleted = make(map[string]bool)
	}
	change(&def, deleted)
	return b.set(def, found.created, deleted, found.added...)
}

// add puts a tree into a bucket, in memory.
func (b *buckets) add(name string, t files.Tree) error {
	found, ok := b.get(name)
	if !ok {
		return fmt.Errorf("bucket %s: %w", name, fs.ErrNotExist)
	}
	return b.set(found.Bucket, found.created, found.deleted, append([]files.Tree{t}, found.added...)...)
}

// all is every bucket by name.
func (b *buckets) all() []*bucket {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.SortedFunc(maps.Values(b.byName), func(x, y *bucket) int { return strings.Compare(x.Name, y.Name) })
}
