package test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// show DIR [PATH…] prints everything below DIR, or the given paths alone: each
// path and what is there, both quoted. A file has its content, a link "-> " and
// its target, and what cannot be read has the reason in the place of that. The
// path of a folder ends in a slash, and is left out where something is in it.
// The records of assets are left out too. It goes on after an error, as cp -r does.
func show(args []string) error {
	dir, paths := args[0], args[1:]
	if len(paths) == 0 {
		showBelow(dir, "")
	}
	for _, path := range paths {
		info, err := os.Lstat(filepath.Join(dir, path))
		switch {
		case err != nil:
			fmt.Printf("%q %q\n", path, reason(err))
		case info.IsDir():
			fmt.Printf("%q \"\"\n", strings.TrimSuffix(path, "/")+"/")
		default:
			showFile(dir, path, info.Mode())
		}
	}
	return nil
}

func showBelow(root, dir string) {
	entries, err := os.ReadDir(filepath.Join(root, dir))
	empty := true
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case e.IsDir():
			showBelow(root, path)
		case isRecord(filepath.Join(root, path)):
			continue
		default:
			showFile(root, path, e.Type())
		}
		empty = false
	}
	switch {
	case err != nil:
		fmt.Printf("%q %q\n", dir+"/", reason(err))
	case empty && dir != "":
		fmt.Printf("%q \"\"\n", dir+"/")
	}
}

func showFile(dir, path string, mode fs.FileMode) {
	var text string
	var err error
	if file := filepath.Join(dir, path); mode.Type() == fs.ModeSymlink {
		text, err = os.Readlink(file)
		text = "-> " + text
	} else {
		text, err = readSized(file)
	}
	if err != nil {
		text = reason(err)
	}
	fmt.Printf("%q %q\n", path, text)
}

// readSized reads a file, which must have as many bytes as it says.
func readSized(path string) (string, error) {
	f, size, err := openSized(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err == nil && int64(len(content)) != size {
		err = fmt.Errorf("%d bytes of %d", len(content), size)
	}
	return string(content), err
}

// isRecord tells an asset's record from a file of that name below its root: it
// is in no place on the platform.
func isRecord(path string) bool {
	if filepath.Base(path) != ".meta.json" {
		return false
	}
	_, err := unix.Getxattr(path, "user.codeocean.path", nil)
	return errors.Is(err, unix.ENODATA)
}

// reason is an error without the path, which may hold anything.
func reason(err error) string {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}

// sums DIR... prints, for each DIR, the SHA-256 and path of every file below it,
// and the path of every directory and the target of every link, in order.
func sums(args []string) error {
	for _, dir := range args {
		if err := sumDir(dir); err != nil {
			return err
		}
	}
	return nil
}

func sumDir(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		switch d.Type() {
		case fs.ModeDir:
			fmt.Printf("dir %q\n", rel)
		case fs.ModeSymlink:
			target, err := os.Readlink(path)
			fmt.Printf("link %q %q\n", rel, target)
			return err
		default:
			sum, err := sumFile(path)
			fmt.Printf("%s %q\n", sum, rel)
			return err
		}
		return nil
	})
}

func sumFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return "", err
	}
	if st, err := f.Stat(); err != nil {
		return "", err
	} else if st.Size() != n {
		return "", fmt.Errorf("%s: stat says %d bytes, and %d were read", path, st.Size(), n)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// errnos prints what looking at each of its arguments says: "ok", or an errno.
func errnos(args []string) error {
	for _, path := range args {
		_, err := os.Lstat(path)
		var errno syscall.Errno
		switch {
		case err == nil:
			fmt.Println("ok")
		case errors.As(err, &errno):
			fmt.Println(unix.ErrnoName(errno))
		default:
			fmt.Println(err)
		}
	}
	return nil
}

// xattrs PATH prints every extended attribute of PATH, and what the calls say
// that programs make in other ways.
func xattrs(args []string) error {
	path := args[0]
	buf := make([]byte, 1<<16)
	n, err := syscall.Listxattr(path, buf)
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(buf[:n]), "\x00"), "\x00") {
		if name == "" {
			continue
		}
		value := make([]byte, 1<<16)
		n, err := syscall.Getxattr(path, name, value)
		if err != nil {
			return err
		}
		fmt.Printf("%s %s\n", strings.TrimPrefix(name, "user.codeocean."), value[:n])
	}
	const id = "user.codeocean.id"
	_, unknown := syscall.Getxattr(path, "user.codeocean.colour", buf)
	_, foreign := syscall.Getxattr(path, "security.selinux", buf)
	_, small := syscall.Getxattr(path, id, buf[:1])
	needs, _ := syscall.Getxattr(path, id, nil)
	_, short := syscall.Listxattr(path, buf[:1])
	set := syscall.Setxattr(path, id, []byte("x"), 0)
	remove := syscall.Removexattr(path, id)
	fmt.Printf("unknown: %v\nforeign: %v\nsmall: %v\nneeds: %d\nshort list: %v\nset: %v\nremove: %v\n",
		unknown, foreign, small, needs, short, set, remove)
	return nil
}

// pathXattrs DIR prints as JSON the path of every file below DIR, and as its name
// what it says of its path on the platform. Records say nothing.
func pathXattrs(args []string) error {
	type file struct{ Path, Name []byte }
	var list []file
	err := filepath.WalkDir(args[0], func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || isRecord(path) {
			return err
		}
		name := make([]byte, 4096)
		n, err := unix.Getxattr(path, "user.codeocean.path", name)
		if err != nil {
			return fmt.Errorf("%q: %w", path, err)
		}
		list = append(list, file{[]byte(path), name[:n]})
		return nil
	})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(list)
}
