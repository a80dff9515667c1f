package test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// nameCalls are what programs rely on when they look for files, open them, and
// ask about them.
var nameCalls = map[string]func(*testing.T, reading){
	"O_CREAT opens what is there, and O_EXCL says that it is": func(t *testing.T, r reading) {
		r.wants(r.open("file", unix.O_RDONLY|unix.O_CREAT), 7, 5000)
		r.fails(unix.EEXIST, "file", unix.O_RDONLY|unix.O_CREAT|unix.O_EXCL)
	},
	"to open for writing is refused as on a read-only file system": func(_ *testing.T, r reading) {
		for _, flags := range []int{unix.O_WRONLY, unix.O_RDWR, unix.O_RDONLY | unix.O_TRUNC, unix.O_WRONLY | unix.O_APPEND} {
			r.fails(unix.EROFS, "file", flags)
		}
		r.fails(unix.EROFS, "new", unix.O_WRONLY|unix.O_CREAT)
	},
	"a directory is no file, and a file no directory": func(t *testing.T, r reading) {
		r.fails(unix.ENOTDIR, "file", unix.O_RDONLY|unix.O_DIRECTORY)
		r.fails(unix.EISDIR, "sub", unix.O_WRONLY)
		r.fails(unix.ENOTDIR, "file/x", unix.O_RDONLY)
		if _, err := unix.Read(r.open("sub", unix.O_RDONLY), make([]byte, 1)); err != unix.EISDIR {
			t.Errorf("read of a directory: %v", err)
		}
	},
	"openat finds names from a directory that is open": func(t *testing.T, r reading) {
		dir := r.open("sub", unix.O_PATH|unix.O_DIRECTORY)
		for _, name := range []string{"one", "../sub/./one", "../file"} {
			fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_NOFOLLOW, 0)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			unix.Close(fd)
		}
	},
	"statx, stat and fstat say the same": func(t *testing.T, r reading) {
		path := filepath.Join(r.dir, "file")
		var x unix.Statx_t
		if err := unix.Statx(unix.AT_FDCWD, path, unix.AT_STATX_FORCE_SYNC, unix.STATX_BASIC_STATS, &x); err != nil {
			t.Fatal(err)
		}
		var s, f unix.Stat_t
		if err := errors.Join(unix.Stat(path, &s), unix.Fstat(r.open("file", unix.O_RDONLY), &f)); err != nil {
			t.Fatal(err)
		}
		if s != f || x.Size != readingSize || uint64(s.Size) != x.Size || s.Ino != x.Ino || s.Mtim.Sec != x.Mtime.Sec || uint32(s.Mode) != uint32(x.Mode) || x.Mask&unix.STATX_BASIC_STATS != unix.STATX_BASIC_STATS {
			t.Errorf("statx %+v\nstat %+v\nfstat %+v", x, s, f)
		}
		if s.Blocks < readingSize/512 || s.Blocks > readingSize/512+8 || s.Nlink != 1 {
			t.Errorf("%d blocks, %d links", s.Blocks, s.Nlink)
		}
	},
	"access(2) answers by the modes shown": func(t *testing.T, r reading) {
		path := filepath.Join(r.dir, "file")
		for mode, want := range map[uint32]error{unix.F_OK: nil, unix.R_OK: nil, unix.X_OK: unix.EACCES} {
			if err := unix.Access(path, mode); !errors.Is(err, want) {
				t.Errorf("access(%d): %v", mode, err)
			}
		}
		if err := unix.Access(filepath.Join(r.dir, "sub"), unix.X_OK); err != nil {
			t.Errorf("access of a directory: %v", err)
		}
	},
	"inotify watches without hanging, and tells of programs here": func(t *testing.T, r reading) {
		in, err := unix.InotifyInit1(unix.IN_NONBLOCK)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(in)
		for _, name := range []string{"file", "sub", "."} {
			if _, err := unix.InotifyAddWatch(in, filepath.Join(r.dir, name), unix.IN_ALL_EVENTS); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		unix.Close(r.open("file", unix.O_RDONLY))
		if n, err := unix.Read(in, make([]byte, 4096)); err != nil || n < unix.SizeofInotifyEvent {
			t.Errorf("%d bytes of events, %v", n, err)
		}
	},
	"a folder of 25,000 lists every name once, however large the buffer": func(t *testing.T, r reading) {
		for _, size := range []int{512, 4096, 1 << 20} {
			names := r.list(r.open("huge", unix.O_RDONLY|unix.O_DIRECTORY), size)
			slices.Sort(names)
			if len(names) != 25_002 || len(slices.Compact(names)) != 25_002 {
				t.Errorf("%d bytes: %d names", size, len(names))
			}
		}
	},
	"telldir and seekdir lead back to a name, in a folder of 25,000 too; rewinddir to the first": func(t *testing.T, r reading) {
		fd := r.open("huge", unix.O_RDONLY|unix.O_DIRECTORY)
		var all []dirent
		for {
			some := r.getdents(fd, 1<<16)
			if len(some) == 0 {
				break
			}
			all = append(all, some...)
		}
		for _, i := range []int{0, 1, 2, 1000, 19_999, 20_000, 20_001, len(all) - 2} {
			if _, err := unix.Seek(fd, all[i].off, unix.SEEK_SET); err != nil {
				t.Fatal(err)
			}
			if got := r.getdents(fd, 4096); len(got) == 0 || got[0].name != all[i+1].name {
				t.Errorf("after entry %d comes %v, not %s", i, got, all[i+1].name)
			}
		}
		if _, err := unix.Seek(fd, 0, unix.SEEK_SET); err != nil {
			t.Fatal(err)
		}
		if got := r.getdents(fd, 4096); len(got) == 0 || got[0].name != all[0].name {
			t.Errorf("the first is %v", got)
		}
	},
	"a directory listed by many at once is whole for each": func(t *testing.T, r reading) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if names, err := os.ReadDir(filepath.Join(r.dir, "huge")); err != nil || len(names) != 25_000 {
					t.Errorf("%d names, %v", len(names), err)
				}
			})
		}
		wg.Wait()
	},
	"find -inum finds the file that stat has the number of": func(t *testing.T, r reading) {
		var s unix.Stat_t
		if err := unix.Stat(filepath.Join(r.dir, "sub/one"), &s); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("find", r.dir, "-inum", fmt.Sprint(s.Ino)).Output()
		if err != nil || string(out) != filepath.Join(r.dir, "sub/one")+"\n" {
			t.Errorf("%q, %v", out, err)
		}
	},
	"when a program has no descriptors left it is told so, and the mount goes on": func(t *testing.T, r reading) {
		out, err := exec.Command("sh", "-c", "ulimit -n 20; exec python3 -c '"+
			"import errno, os, sys\nfds = []\ntry:\n    while True: fds.append(os.open(sys.argv[1], os.O_RDONLY))\n"+
			"except OSError as e: print(errno.errorcode[e.errno])' "+filepath.Join(r.dir, "file")).CombinedOutput()
		if err != nil || string(out) != "EMFILE\n" {
			t.Errorf("%s, %v", out, err)
		}
		r.wants(r.open("file", unix.O_RDONLY), 0, 100)
	},
	"extended attributes tell their sizes, what is too small, and what is not there": func(t *testing.T, r reading) {
		path := filepath.Join(r.dir, "file")
		n, err := unix.Listxattr(path, nil)
		if err != nil || n == 0 {
			t.Fatalf("listxattr: %d, %v", n, err)
		}
		list := make([]byte, n)
		if got, err := unix.Listxattr(path, list); err != nil || got != n {
			t.Errorf("listxattr: %d, %v", got, err)
		}
		if _, err := unix.Listxattr(path, list[:1]); err != unix.ERANGE {
			t.Errorf("listxattr of a small buffer: %v", err)
		}
		for _, name := range strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00") {
			n, err := unix.Getxattr(path, name, nil)
			if err != nil || n == 0 {
				t.Errorf("%s: %d, %v", name, n, err)
				continue
			}
			value := make([]byte, n)
			if got, err := unix.Getxattr(path, name, value); err != nil || got != n {
				t.Errorf("%s: %d, %v", name, got, err)
			}
			if _, err := unix.Getxattr(path, name, value[:1]); err != unix.ERANGE {
				t.Errorf("%s, of a small buffer: %v", name, err)
			}
		}
		for _, name := range []string{"user.nothing", "user.codeocean.nothing", "security.selinux", "system.posix_acl_access"} {
			if _, err := unix.Getxattr(path, name, nil); err != unix.ENODATA && err != unix.EOPNOTSUPP {
				t.Errorf("%s: %v", name, err)
			}
		}
	},
	"statvfs answers, and no count of it looks used up": func(t *testing.T, r reading) {
		var s unix.Statfs_t
		if err := unix.Statfs(filepath.Join(r.dir, "file"), &s); err != nil || s.Namelen != 255 || s.Bsize == 0 || s.Blocks > s.Bavail || s.Files > s.Ffree {
			t.Errorf("%+v, %v", s, err)
		}
	},
	"a name of more than 255 bytes is too long": func(_ *testing.T, r reading) {
		r.fails(unix.ENAMETOOLONG, "file"+strings.Repeat("x", 300), unix.O_RDONLY)
	},
}
