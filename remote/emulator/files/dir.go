package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Dir is the tree of the regular files below a directory, as they are at each
// call; a directory that is not there is an empty tree. Links are followed.
type Dir string

func (d Dir) path(key string) string {
	return filepath.Join(string(d), filepath.FromSlash(key))
}

// Stat finds a file; a directory is not one.
func (d Dir) Stat(key string) (File, error) {
	missing := &fs.PathError{Op: "stat", Path: key, Err: fs.ErrNotExist}
	if !fs.ValidPath(key) || strings.ContainsRune(key, 0) {
		return File{}, missing
	}
	info, err := os.Stat(d.path(key))
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG):
		return File{}, missing
	case err != nil:
		return File{}, err
	case !info.Mode().IsRegular():
		return File{}, missing
	}
	return d.file(key, info), nil
}

func (d Dir) file(key string, info fs.FileInfo) File {
	return File{
		Key: key, Size: info.Size(), Modified: info.ModTime(),
		ETag: etag([]string{key}, info.Size(), info.ModTime().UnixNano()),
		open: func() (Content, error) { return os.Open(d.path(key)) },
	}
}

// Walk reads the directories that hold what it yields, each once.
func (d Dir) Walk(prefix, delimiter, after string, yield func(Item) bool) error {
	if delimiter != "" && delimiter != "/" {
		return Fold(func(yield func(Item) bool) error {
			return d.Walk("", "", "", yield)
		}, prefix, delimiter, after, yield)
	}
	top := prefix[:strings.LastIndex(prefix, "/")+1]
	if top != "" && !fs.ValidPath(strings.TrimSuffix(top, "/")) || strings.ContainsRune(top, 0) {
		return nil // no such names on disk
	}
	w := dirWalk{Dir: d, prefix: prefix, fold: delimiter != "", after: after, yield: yield}
	_, err := w.folder(top)
	return err
}

// dirWalk is one walk through a directory.
type dirWalk struct {
	Dir
	prefix, after string
	fold          bool
	yield         func(Item) bool
}

// folder walks one directory, whose key ends in a slash, and tells whether to
// go on.
func (w *dirWalk) folder(dir string) (bool, error) {
	names, err := w.read(dir)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		key := dir + name
		isDir := strings.HasSuffix(name, "/")
		if !strings.HasPrefix(key, w.prefix) || key <= w.after && !(isDir && strings.HasPrefix(w.after, key)) {
			continue
		}
		more := true
		switch {
		case isDir && w.fold:
			if key > w.after && w.holdsFile(key) {
				more = w.yield(Item{File: File{Key: key}, Prefix: true})
			}
		case isDir:
			more, err = w.folder(key)
		default:
			f, err := w.Stat(key)
			if errors.Is(err, fs.ErrNotExist) {
				continue // gone meanwhile, or nothing regular
			}
			if err != nil {
				return false, err
			}
			more = w.yield(Item{File: f})
		}
		if !more || err != nil {
			return false, err
		}
	}
	return true, nil
}

// read lists one directory in the order of the keys: a directory's name sorts
// with its slash.
func (w *dirWalk) read(dir string) ([]string, error) {
	entries, err := os.ReadDir(w.path(dir))
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG):
		return nil, nil
	case err != nil:
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		isDir := e.IsDir()
		if e.Type()&fs.ModeSymlink != 0 {
			info, err := os.Stat(filepath.Join(w.path(dir), e.Name()))
			if err != nil {
				continue // a link to nowhere
			}
			isDir = info.IsDir()
		}
		if isDir {
			names = append(names, e.Name()+"/")
		} else {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// holdsFile tells a directory that S3 would know from an empty one.
func (w *dirWalk) holdsFile(dir string) bool {
	found := false
	inner := dirWalk{Dir: w.Dir, yield: func(Item) bool { found = true; return false }}
	_, err := inner.folder(dir)
	return found && err == nil
}
