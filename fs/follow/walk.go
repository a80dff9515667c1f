package follow

import (
	"slices"
	"sort"
)

// Folders are the directories in one directory, in order of name, as far as
// they are known. A path says which directory one is, to whoever made it.
type Folders struct {
	Dir
	Path func(i int) string
}

const (
	// MaxWalk is how many directories may be listed ahead of a walk: two round
	// trips of as many requests as are made at once.
	MaxWalk = 64

	// proof is how many directories, each the very next after the one before,
	// make a walk of them: three were opened then. A person who looks around
	// seldom does that.
	proof = 2

	// maxWalks go on at once.
	maxWalks = 4

	// maxLevels of directories are remembered, up from where a walk is: deeper
	// than people nest them. In a chain of thousands, each step would else look
	// at all above it.
	maxLevels = 64
)

// Walks notices programs that go through a tree of directories, each before
// what is in it, as find, ls -R, cp -r, tar and rsync do. It is for one goroutine.
type Walks struct {
	folders func(path string) (Folders, bool)
	walks   []*walk // the latest in front
	orders  map[orderKey]*order
}

type orderKey struct {
	path string
	kind Kind
	n    int
}

// NewWalks makes it, with the way to learn what is in a directory, which is
// asked often and must not wait.
func NewWalks(folders func(path string) (Folders, bool)) *Walks {
	return &Walks{folders: folders, orders: map[orderKey]*order{}}
}

// walk is one program's way. It has opened every directory of the stack, so it
// may go on in each of them.
type walk struct {
	stack []string     // from where it began, or maxLevels above, to where it is
	run   map[Kind]int // by order: directories opened one after the other
}

// walkKinds are the orders in which programs walk: readdir's, and that of cp -r.
var walkKinds = []Kind{ByName, ByInode}

// order is the one that the walk has kept for longest.
func (k *walk) order() Kind {
	if k.run[ByInode] > k.run[ByName] {
		return ByInode
	}
	return ByName
}

// Open notes that a directory is opened.
func (w *Walks) Open(path string) {
	for i, k := range w.walks {
		if k.stack[len(k.stack)-1] == path {
			return
		}
		if w.follows(k, path) {
			w.walks = slices.Insert(slices.Delete(w.walks, i, i+1), 0, k)
			return
		}
	}
	k := &walk{stack: []string{path}, run: map[Kind]int{}}
	w.walks = append([]*walk{k}, w.walks[:min(len(w.walks), maxWalks-1)]...)
}

// follows takes path as the next of the walk, if it is ahead of it.
func (w *Walks) follows(k *walk, path string) bool {
	var found []string
	for _, kind := range walkKinds {
		steps := 0
		there := false
		w.ahead(k.stack, kind, func(stack []string) bool {
			if there = stack[len(stack)-1] == path; there {
				found = slices.Clone(stack[max(0, len(stack)-maxLevels):])
				return false
			}
			steps++
			return steps < MaxWalk
		})
		switch {
		case there && steps == 0:
			k.run[kind]++
		case !there || k.run[kind] < proof:
			k.run[kind] = 0 // not one after the other
		}
	}
	if found != nil {
		k.stack = found
	}
	return found != nil
}

// Next are the directories that are likely to be opened next and are not known,
// in that order, when no walk is to have more than limit ahead.
func (w *Walks) Next(limit int) (paths []string) {
	for _, k := range w.walks {
		kind := k.order()
		if k.run[kind] < proof {
			continue
		}
		left := min(2*k.run[kind], limit, MaxWalk) // see Ahead
		w.ahead(k.stack, kind, func(stack []string) bool {
			if left <= 0 {
				return false
			}
			left--
			path := stack[len(stack)-1]
			if _, known := w.folders(path); !known && !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
			return true
		})
	}
	return paths
}

// Beside is the directory that comes after path in parent, on the way of a
// stream of files.
func (w *Walks) Beside(parent, path string, way Way) (next string, ok bool) {
	f, known := w.folders(parent)
	if !known {
		return "", false
	}
	o := w.order(parent, f, way.Kind)
	i := indexOf(f, path)
	if i < 0 {
		return "", false
	}
	rank := o.rankOf(i) + 1
	if way.Back {
		rank -= 2
	}
	if rank < 0 || rank >= f.N {
		return "", false
	}
	return f.Path(o.fileAt(rank)), true
}

// indexOf is the place of a path in f, or -1.
func indexOf(f Folders, path string) int {
	i := sort.Search(f.N, func(i int) bool { return f.Path(i) >= path })
	if i < f.N && f.Path(i) == path {
		return i
	}
	for i = range f.N { // paths need not be in the order of names
		if f.Path(i) == path {
			return i
		}
	}
	return -1
}

// Give forgets all walks: to list ahead for them has failed.
func (w *Walks) Give() { w.walks = nil }

// Ahead is how many directories the walk seen last may have ahead.
func (w *Walks) Ahead(limit int) int {
	if len(w.walks) == 0 {
		return 0
	}
	k := w.walks[0]
	return min(2*k.run[k.order()], limit, MaxWalk)
}

// ahead visits what comes after the directory at the end of stack, until visit
// has enough.
func (w *Walks) ahead(stack []string, kind Kind, visit func(stack []string) bool) {
	if !w.below(stack, kind, visit) {
		return
	}
	for n := len(stack) - 1; n > 0; n-- {
		if !w.in(stack[:n:n], kind, stack[n], visit) {
			return
		}
	}
}

// below visits all that is known to be in the directory at the end of stack.
func (w *Walks) below(stack []string, kind Kind, visit func(stack []string) bool) bool {
	return w.in(stack[:len(stack):len(stack)], kind, "", visit)
}

// in visits what is in the directory at the end of stack, from behind the one
// with the path after on; "" is the beginning.
func (w *Walks) in(stack []string, kind Kind, after string, visit func(stack []string) bool) bool {
	path := stack[len(stack)-1]
	f, known := w.folders(path)
	if !known || f.N == 0 {
		return true
	}
	o := w.order(path, f, kind)
	rank := 0
	if after != "" {
		i := indexOf(f, after)
		if i < 0 {
			return true // it is not there any more
		}
		rank = o.rankOf(i) + 1
	}
	for ; rank < f.N; rank++ {
		child := append(stack, f.Path(o.fileAt(rank)))
		if !visit(child) || !w.below(child, kind, visit) {
			return false
		}
	}
	return true
}

// orderCache bounds the orders that are kept.
const orderCache = 256

func (w *Walks) order(path string, f Folders, kind Kind) *order {
	if kind == ByName || f.N > maxSorted {
		return &order{kind: ByName}
	}
	key := orderKey{path, kind, f.N}
	o := w.orders[key]
	if o == nil {
		if len(w.orders) >= orderCache {
			clear(w.orders)
		}
		o = newOrder(f.Dir, kind, "")
		w.orders[key] = o
	}
	return o
}
