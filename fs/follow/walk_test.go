package follow

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// forest is a tree of directories, by path, all of which have their parents.
// Those that are not listed hide what is in them.
type forest struct {
	below  map[string][]string
	listed map[string]bool
}

func newForest(paths ...string) *forest {
	f := &forest{map[string][]string{}, map[string]bool{}}
	for _, p := range paths {
		parent := p[:strings.LastIndexByte(p, '/')]
		f.below[parent] = append(f.below[parent], p)
	}
	return f
}

func (f *forest) folders(path string) (Folders, bool) {
	d := dirOf(f.below[path]...)
	return Folders{d, d.Name}, f.listed[path]
}

// walkOrder is all below dir, each before what is in it.
func (f *forest) walkOrder(dir string, kind Kind) []string {
	all := []string{dir}
	for _, p := range sorted(dirOf(f.below[dir]...), kind) {
		all = append(all, f.walkOrder(p, kind)...)
	}
	return all
}

func bush(n, m int) *forest {
	var paths []string
	for i := range n {
		a := fmt.Sprintf("/t%02d", i)
		paths = append(paths, a)
		for j := range m {
			paths = append(paths, fmt.Sprintf("%s/d%02d", a, j))
		}
	}
	return newForest(paths...)
}

// TestWalks walks whole trees: nearly every directory is listed before it is
// opened, and none in vain.
func TestWalks(t *testing.T) {
	for _, kind := range walkKinds {
		for name, f := range map[string]*forest{
			"wide": bush(400, 0), "deep": bush(20, 20), "a chain": newForest("/a", "/a/b", "/a/b/c", "/a/b/c/d"),
		} {
			w := NewWalks(f.folders)
			hits, ahead := 0, 0
			order := f.walkOrder("", kind)
			for i, path := range order {
				if f.listed[path] {
					hits++
				}
				w.Open(path)
				f.listed[path] = true
				for _, p := range w.Next(MaxWalk) {
					if at := slices.Index(order, p); at <= i && kind == ByName {
						t.Errorf("%s: %s is listed ahead after %s", name, p, path)
					}
					f.listed[p] = true
					ahead++
				}
			}
			if len(order) > 10 && (hits < len(order)-40 || hits != ahead) {
				t.Errorf("%s in order %d: of %d directories %d were listed ahead, %d of them for use", name, kind, len(order), ahead, hits)
			}
		}
	}
}

// TestNoWalk opens directories in ways that are no walk.
func TestNoWalk(t *testing.T) {
	for name, opens := range map[string]string{
		"one":                       "/t03",
		"a look around":             "/t03 /t03/d04 /t03/d02 /t03/d07",
		"the same again":            "/t03 /t03/d00 /t03/d00 /t03/d00",
		"here and there":            "/t01 /t05 /t02 /t03/d01 /t01/d04",
		"those in one, not further": "/t03 /t03/d18 /t03/d19",
	} {
		f := bush(20, 20)
		f.listed[""] = true
		w := NewWalks(f.folders)
		for path := range strings.FieldsSeq(opens) {
			w.Open(path)
			f.listed[path] = true
		}
		if next := w.Next(MaxWalk); len(next) > 0 {
			t.Errorf("%s: %q are next", name, next)
		}
	}
}

// TestWalkStaysBelow does not go on where the walk never was: beside its root.
func TestWalkStaysBelow(t *testing.T) {
	f := bush(20, 20)
	f.listed[""] = true
	w := NewWalks(f.folders)
	for _, path := range f.walkOrder("/t03", ByName) {
		w.Open(path)
		f.listed[path] = true
		for _, p := range w.Next(MaxWalk) {
			if !strings.HasPrefix(p, "/t03/") {
				t.Fatalf("after %s: %s", path, p)
			}
		}
	}
}

// FuzzWalks opens anything in any order.
func FuzzWalks(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 9, 10, 11})
	f.Add([]byte{0, 21, 42, 22, 23, 24, 0, 0, 255})
	f.Fuzz(func(t *testing.T, opens []byte) {
		tree := bush(6, 6)
		all := tree.walkOrder("", ByName)
		w := NewWalks(tree.folders)
		for _, b := range opens {
			path := all[int(b)%len(all)]
			w.Open(path)
			tree.listed[path] = b < 200
			next := w.Next(10)
			if len(next) > 10*maxWalks {
				t.Fatalf("%d are next", len(next))
			}
			for _, p := range next {
				if tree.listed[p] {
					t.Fatalf("%s is known", p)
				}
			}
		}
	})
}

// TestWalkTime counts the round trips that a walk waits for, when a listing
// takes one, and listings begin when a directory is opened or another ends.
func TestWalkTime(t *testing.T) {
	for name, c := range map[string]struct {
		f    *forest
		most int
	}{
		"400 in one":       {bush(400, 0), 12},
		"20 in each of 20": {bush(20, 20), 14},
		"4 in each of 100": {bush(100, 4), 16},
	} {
		t.Run(name, func(t *testing.T) {
			w := NewWalks(c.f.folders)
			due := map[string]int{} // listings on their way: when they end
			now := 0
			lead := func() {
				for _, p := range w.Next(MaxWalk) {
					if due[p] == 0 {
						due[p] = now + 1
					}
				}
			}
			for _, path := range c.f.walkOrder("", ByName) {
				w.Open(path)
				if !c.f.listed[path] && due[path] == 0 {
					due[path] = now + 1
				}
				lead()
				for !c.f.listed[path] {
					now++
					for p, at := range due {
						if at == now {
							c.f.listed[p] = true
						}
					}
					lead()
				}
			}
			if now > c.most {
				t.Errorf("%d round trips", now)
			}
		})
	}
}

// TestDeepWalkLooksAtFewFolders goes down a chain of folders: a step looks at no
// more of it when it is deep than when it is not.
func TestDeepWalkLooksAtFewFolders(t *testing.T) {
	const deep = 1000
	looks, path := 0, ""
	w := NewWalks(func(at string) (Folders, bool) {
		looks++
		return Folders{
			Dir:  Dir{N: 1, Name: func(int) string { return "d" }, Inode: func(int) uint64 { return 1 }},
			Path: func(int) string { return at + "d/" },
		}, len(at) < len(path) // what is below has yet to be listed
	})
	for range deep {
		path += "d/"
		w.Open(path)
		w.Next(1)
	}
	if most := deep * 4 * maxLevels; looks > most {
		t.Errorf("%d looks at folders in %d steps, more than %d", looks, deep, most)
	}
}
