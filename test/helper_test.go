package test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"codeoceanfs/remote/emulator"
)

// The test binary is also the programs that read the mount: with helperVar set
// it is the one named there.
const helperVar = "CODEOCEANFS_TEST_HELPER"

func helper(command string, args []string) int {
	commands := map[string]func([]string) error{
		"sums": sums, "mmap": mapped, "random": random, "pattern": pattern, "hold": hold, "show": show,
		"look": look, "xattrs": xattrs, "texts": texts, "errnos": errnos, "patterns": patterns,
		"pathxattrs": pathXattrs, "posix": posix, "posix-each": posixEach, "testfs": testfs, "conform": conform,
		"paced": paced, "jumping": jumping,
	}
	run, ok := commands[command]
	if !ok {
		fmt.Fprintf(os.Stderr, "no helper %q\n", command)
		return 2
	}
	if err := run(args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// helper runs one of the programs in a process of its own.
func (m *mounted) helper(command string, args ...string) (string, error) {
	return m.try("env", append([]string{helperVar + "=" + command, os.Args[0]}, args...)...)
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

// openSized opens a file and asks how many bytes it has.
func openSized(path string) (*os.File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, st.Size(), nil
}

// mmap FILE prints the SHA-256 of FILE, read through a map of it.
func mapped(args []string) error {
	f, size, err := openSized(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if size > 0 {
		data, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
		if err != nil {
			return err
		}
		defer syscall.Munmap(data)
		h.Write(data)
	}
	fmt.Println(hex.EncodeToString(h.Sum(nil)))
	return nil
}

// random FILE NAME SEED READS reads FILE at random places and compares with the
// generated content of that name.
func random(args []string) error {
	seed, err := strconv.ParseUint(args[2], 10, 64)
	if err != nil {
		return err
	}
	reads, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	f, size, err := openSized(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	rnd := rand.New(rand.NewPCG(seed, 0))
	for range reads {
		off := rnd.Int64N(size + 1)
		if err := compare(f, args[1], off, 1+rnd.Int64N(300_000), size); err != nil {
			return err
		}
	}
	return nil
}

// pattern FILE NAME [FROM TO] reads FILE from end to end, or between two
// offsets, compares likewise, and prints its size.
func pattern(args []string) error {
	f, size, err := openSized(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	from, to := int64(0), size
	if len(args) > 2 {
		if _, err := fmt.Sscan(args[2]+" "+args[3], &from, &to); err != nil {
			return err
		}
	}
	const step = 1 << 20
	for off := from; off < to; off += step {
		if err := compare(f, args[1], off, step, size); err != nil {
			return err
		}
	}
	fmt.Println(size)
	return nil
}

// compare reads n bytes at off of f, or those that are there, as the one that
// has size bytes, and checks each.
func compare(f *os.File, name string, off, n, size int64) error {
	want := make([]byte, max(min(n, size-off), 0))
	if _, err := emulator.Pattern(name).ReadAt(want, off); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	got := make([]byte, n)
	read, err := f.ReadAt(got, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s at %d: %w", f.Name(), off, err)
	}
	if read != len(want) {
		return fmt.Errorf("%s at %d: %d bytes instead of %d", f.Name(), off, read, len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			return fmt.Errorf("%s: wrong byte at %d", f.Name(), off+int64(i))
		}
	}
	return nil
}

// hold FILE [BYTES] opens FILE, reads so many bytes, says so, waits for its
// standard input to end, and then prints the SHA-256 of the whole file, or why
// it cannot be read.
func hold(args []string) error {
	f, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if len(args) > 1 {
		n, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		if _, err := io.CopyN(h, f, n); err != nil {
			return err
		}
	}
	fmt.Println("open")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	if _, err := io.Copy(h, f); err != nil {
		fmt.Println(err)
		return nil
	}
	fmt.Println(hex.EncodeToString(h.Sum(nil)))
	return nil
}

// show DIR [PATH…] prints, in order, every file below DIR with its content, and
// every empty folder with a slash; or the given paths alone. What fails is
// printed with the reason. An asset's own record is left out.
func show(args []string) error {
	dir, paths := args[0], args[1:]
	if len(paths) == 0 {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			rel, _ := filepath.Rel(dir, path) // path is below dir
			switch {
			case err != nil:
				fmt.Printf("%q %v\n", rel, reason(err))
			case rel == ".meta.json":
			case !d.IsDir():
				paths = append(paths, rel)
			case rel != ".":
				if entries, err := os.ReadDir(path); err == nil && len(entries) == 0 {
					paths = append(paths, rel)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	slices.Sort(paths)
	for _, path := range paths {
		info, err := os.Lstat(filepath.Join(dir, path))
		switch {
		case err != nil:
			fmt.Printf("%q %v\n", path, reason(err))
		case info.IsDir():
			fmt.Printf("%q\n", strings.TrimSuffix(path, "/")+"/")
		default:
			content, err := os.ReadFile(filepath.Join(dir, path))
			if err == nil && int64(len(content)) != info.Size() {
				err = fmt.Errorf("%d bytes of %d", len(content), info.Size())
			}
			if err != nil {
				fmt.Printf("%q %v\n", path, reason(err))
				continue
			}
			fmt.Printf("%q %q\n", path, content)
		}
	}
	return nil
}

// reason is an error without the path, which may hold anything.
func reason(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// texts DIR prints the path and the content of every file below DIR, both
// quoted, and the paths of the directories with a slash behind.
func texts(args []string) error {
	return filepath.WalkDir(args[0], func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(args[0], path)
		if err != nil || d.IsDir() {
			fmt.Printf("%q/\n", rel)
			return err
		}
		content, err := os.ReadFile(path)
		fmt.Printf("%q %q\n", rel, content)
		return err
	})
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

// pathXattrs DIR prints as JSON the path of every file below DIR, and as its name
// what it says of its path on the platform. Records say nothing.
func pathXattrs(args []string) error {
	type file struct{ Path, Name []byte }
	var list []file
	err := filepath.WalkDir(args[0], func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == filepath.Join(args[0], ".meta.json") {
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

// patterns LIST compares every file that the JSON file LIST names, by its path,
// with the generated content that goes with it.
func patterns(args []string) error {
	raw, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var list []struct{ Path, Name []byte }
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(16)
	for _, one := range list {
		g.Go(func() error {
			f, size, err := openSized(string(one.Path))
			if err != nil {
				return err
			}
			defer f.Close()
			return compare(f, string(one.Name), 0, size+1, size)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	fmt.Println(len(list))
	return nil
}
