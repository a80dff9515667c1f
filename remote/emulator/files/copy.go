package files

import (
	"context"
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
// which is made. When ctx ends it leaves what it has done.
func Copy(ctx context.Context, dir string, t Tree, prefix string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return Below(t, prefix, func(key string, f File) error { return copyFile(ctx, root, key, f) })
}

// copyPiece is how much is copied between two looks at the context: a fraction
// of a second's work for any disk.
const copyPiece = 16 << 20

func copyFile(ctx context.Context, root *os.Root, key string, f File) error {
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
	for off := int64(0); off < f.Size && err == nil; off += copyPiece {
		if err = ctx.Err(); err == nil {
			_, err = io.Copy(to, io.NewSectionReader(from, off, min(copyPiece, f.Size-off)))
		}
	}
	if closed := to.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("copy %q: %w", key, err)
	}
	return nil
}
