package files

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Below yields the files of t under the prefix with their keys relative to
// it. The prefix is a folder: "foo" and "foo/" are the same, and "foobar" is
// not in it.
func Below(t Tree, prefix string, yield func(key string, f File) error) error {
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	var failed error
	err := t.Walk(prefix, "", "", func(i Item) bool {
		if key := i.Key[len(prefix):]; key != "" && !strings.HasSuffix(key, "/") {
			failed = yield(key, i.File)
		}
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	return err
}

// Snapshot is the tree of the files of t in the folder prefix, as they are now.
func Snapshot(t Tree, prefix string) (Tree, error) {
	var all []File
	err := Below(t, prefix, func(key string, f File) error {
		f.Key = key
		all = append(all, f)
		return nil
	})
	return Memory(all...), err
}

// Copy writes the files of t in the folder prefix below the directory dir,
// which is made. It tells how many there were.
func Copy(dir string, t Tree, prefix string) (n int, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, err
	}
	defer root.Close()
	err = Below(t, prefix, func(key string, f File) error {
		n++
		return copyFile(root, key, f)
	})
	return n, err
}

func copyFile(root *os.Root, key string, f File) error {
	if !fs.ValidPath(key) {
		return fmt.Errorf("copy %q: not a path that a disk can hold: %w", key, fs.ErrInvalid)
	}
	if err := root.MkdirAll(filepath.Dir(filepath.FromSlash(key)), 0o755); err != nil {
		return fmt.Errorf("copy %q: %w", key, err)
	}
	from, err := f.Open()
	if err != nil {
		return fmt.Errorf("copy %q: %w", key, err)
	}
	defer from.Close()
	to, err := root.Create(filepath.FromSlash(key))
	if err != nil {
		return fmt.Errorf("copy %q: %w", key, err)
	}
	_, err = io.Copy(to, io.NewSectionReader(from, 0, f.Size))
	if closed := to.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("copy %q: %w", key, err)
	}
	return nil
}
