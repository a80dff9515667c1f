package files

import (
	"errors"
	"io/fs"
	"iter"
	"strings"
)

// Union is the tree of all that its layers hold; of equal keys the first
// layer's counts.
func Union(layers ...Tree) Tree {
	if len(layers) == 1 {
		return layers[0]
	}
	return union(layers)
}

type union []Tree

// Stat asks the layers in turn.
func (u union) Stat(key string) (File, error) {
	for _, t := range u {
		if f, err := t.Stat(key); !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return File{}, &fs.PathError{Op: "stat", Path: key, Err: fs.ErrNotExist}
}

// Walk merges the layers' listings.
func (u union) Walk(prefix, delimiter, after string, yield func(Item) bool) error {
	var failed error
	heads := make([]head, 0, len(u))
	defer func() {
		for _, h := range heads {
			h.stop()
		}
	}()
	for _, t := range u {
		h := head{}
		h.next, h.stop = iter.Pull(func(yield func(Item) bool) {
			if err := t.Walk(prefix, delimiter, after, yield); err != nil {
				failed = errors.Join(failed, err)
			}
		})
		h.item, h.ok = h.next()
		heads = append(heads, h)
	}
	for failed == nil {
		least := -1
		for i, h := range heads {
			if h.ok && (least < 0 || h.item.Key < heads[least].item.Key) {
				least = i
			}
		}
		if least < 0 {
			break
		}
		item := heads[least].item
		if !yield(item) {
			break
		}
		for i := range heads {
			if heads[i].ok && heads[i].item.Key == item.Key {
				heads[i].item, heads[i].ok = heads[i].next()
			}
		}
	}
	return failed
}

// head is one layer's listing and its first item not yet taken.
type head struct {
	item Item
	ok   bool
	next func() (Item, bool)
	stop func()
}

// At is the tree t moved into a folder: each key with its name and a slash in
// front. Delimiters of more than one byte are not looked for across the seam.
func At(folder string, t Tree) Tree { return at{folder + "/", t} }

type at struct {
	folder string // with the slash
	Tree
}

// Stat cuts the folder off and asks below.
func (a at) Stat(key string) (File, error) {
	rest, ok := strings.CutPrefix(key, a.folder)
	if !ok {
		return File{}, &fs.PathError{Op: "stat", Path: key, Err: fs.ErrNotExist}
	}
	f, err := a.Tree.Stat(rest)
	f.Key = key
	return f, err
}

// Walk lists below, unless the folder itself folds into one prefix.
func (a at) Walk(prefix, delimiter, after string, yield func(Item) bool) error {
	rest, inside := strings.CutPrefix(prefix, a.folder)
	if !inside {
		if !strings.HasPrefix(a.folder, prefix) {
			return nil
		}
		if common, ok := fold(a.folder, prefix, delimiter); ok {
			return a.folded(common, after, yield)
		}
		rest = ""
	}
	below, began := strings.CutPrefix(after, a.folder)
	if !began {
		if after > a.folder {
			return nil
		}
		below = ""
	}
	return a.Tree.Walk(rest, delimiter, below, func(i Item) bool {
		i.Key = a.folder + i.Key
		return yield(i)
	})
}

// folded yields the common prefix of all there is, if there is anything.
func (a at) folded(common, after string, yield func(Item) bool) error {
	empty := true
	err := a.Tree.Walk("", "", "", func(Item) bool { empty = false; return false })
	if err == nil && !empty && common > after {
		yield(Item{File: File{Key: common}, Prefix: true})
	}
	return err
}

// Fold makes a listing of all, all in byte order, what [Tree].Walk is asked for.
func Fold(all func(func(Item) bool) error, prefix, delimiter, after string, yield func(Item) bool) error {
	last := ""
	return all(func(i Item) bool {
		if !strings.HasPrefix(i.Key, prefix) {
			return i.Key < prefix
		}
		if common, ok := fold(i.Key, prefix, delimiter); ok {
			if common == last || common <= after {
				return true
			}
			last = common
			return yield(Item{File: File{Key: common}, Prefix: true})
		}
		return i.Key <= after || yield(i)
	})
}

// Without is t with some keys hidden.
func Without(t Tree, keys map[string]bool) Tree {
	if len(keys) == 0 {
		return t
	}
	return without{t, keys}
}

type without struct {
	Tree
	hidden map[string]bool
}

// Stat does not find what is hidden.
func (t without) Stat(key string) (File, error) {
	if t.hidden[key] {
		return File{}, &fs.PathError{Op: "stat", Path: key, Err: fs.ErrNotExist}
	}
	return t.Tree.Stat(key)
}

// Walk folds by itself: a prefix may be left without any file.
func (t without) Walk(prefix, delimiter, after string, yield func(Item) bool) error {
	return Fold(func(yield func(Item) bool) error {
		return t.Tree.Walk(prefix, "", "", func(i Item) bool { return t.hidden[i.Key] || yield(i) })
	}, prefix, delimiter, after, yield)
}
