package files

import (
	"io/fs"
	"slices"
	"sort"
	"strings"
)

// indexed is a tree whose files are numbered in the order of their keys.
type indexed struct {
	n    int
	key  func(int) string
	file func(int) File
}

// Memory is the tree of the given files; of equal keys the last one counts.
func Memory(all ...File) Tree {
	m := make(map[string]File, len(all))
	for _, f := range all {
		m[f.Key] = f
	}
	return memory(m)
}

func memory(m map[string]File) Tree {
	sorted := make([]File, 0, len(m))
	for _, f := range m {
		sorted = append(sorted, f)
	}
	slices.SortFunc(sorted, func(a, b File) int { return strings.Compare(a.Key, b.Key) })
	return indexed{
		n:    len(sorted),
		key:  func(i int) string { return sorted[i].Key },
		file: func(i int) File { return sorted[i] },
	}
}

// from is the number of the first key that is at least key.
func (t indexed) from(key string) int {
	return sort.Search(t.n, func(i int) bool { return t.key(i) >= key })
}

// Stat finds a file by binary search.
func (t indexed) Stat(key string) (File, error) {
	if i := t.from(key); i < t.n && t.key(i) == key {
		return t.file(i), nil
	}
	return File{}, &fs.PathError{Op: "stat", Path: key, Err: fs.ErrNotExist}
}

// Walk leaps over what a common prefix folds, and so costs as much as it yields.
func (t indexed) Walk(prefix, delimiter, after string, yield func(Item) bool) error {
	for i := t.from(max(prefix, after)); i < t.n; {
		key := t.key(i)
		if !strings.HasPrefix(key, prefix) {
			return nil
		}
		common, ok := fold(key, prefix, delimiter)
		switch {
		case ok:
			if common > after && !yield(Item{File: File{Key: common}, Prefix: true}) {
				return nil
			}
			if i = t.from(beyond(common)); beyond(common) == "" {
				return nil
			}
			continue
		case key > after:
			if !yield(Item{File: t.file(i)}) {
				return nil
			}
		}
		i++
	}
	return nil
}

// fold returns the common prefix that stands for key in a listing, if one does.
func fold(key, prefix, delimiter string) (string, bool) {
	if delimiter == "" {
		return "", false
	}
	if i := strings.Index(key[len(prefix):], delimiter); i >= 0 {
		return key[:len(prefix)+i+len(delimiter)], true
	}
	return "", false
}

// beyond is the least string greater than all that begin with prefix, or ""
// when there is none.
func beyond(prefix string) string {
	b := []byte(prefix)
	for len(b) > 0 {
		if last := len(b) - 1; b[last] < 0xff {
			b[last]++
			return string(b)
		}
		b = b[:len(b)-1]
	}
	return ""
}
