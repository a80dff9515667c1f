package test

import (
	"bytes"
	endian "encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"codeoceanfs/remote/emulator"
)

// readingCalls are what programs rely on when they read, each of them tried on
// the files of an internal and of an external asset.
var readingCalls = map[string]func(*testing.T, reading){
	"a read gives what the file has there, and at its end and after it nothing": func(t *testing.T, r reading) {
		fd := r.open("file", unix.O_RDONLY)
		for _, off := range []int64{0, 1, 4095, 131_071, 299_999, readingSize - 1, readingSize, readingSize + 1, 1 << 40} {
			r.wants(fd, off, 10_000)
		}
		if _, err := unix.Pread(fd, make([]byte, 1), -1); err != unix.EINVAL {
			t.Errorf("before the beginning: %v", err)
		}
	},
	"preadv fills several buffers": func(t *testing.T, r reading) {
		bufs := [][]byte{make([]byte, 10), make([]byte, 5000), make([]byte, 1)}
		n, err := unix.Preadv(r.open("file", unix.O_RDONLY), bufs, 131_000)
		if err != nil || n != 5011 || !bytes.Equal(bytes.Join(bufs, nil), r.content(131_000, 5011)) {
			t.Errorf("%d bytes, %v", n, err)
		}
	},
	"O_DIRECT reads the same bytes": func(t *testing.T, r reading) {
		fd := r.open("file", unix.O_RDONLY|unix.O_DIRECT)
		for _, off := range []int64{0, 512, 4096, 131_072, 299_008, readingSize, 1 << 30} {
			r.wants(fd, off, 8192)
		}
	},
	"O_NOATIME, O_CLOEXEC and O_NONBLOCK change nothing": func(_ *testing.T, r reading) {
		r.wants(r.open("file", unix.O_RDONLY|unix.O_NOATIME|unix.O_CLOEXEC|unix.O_NONBLOCK), 7, 5000)
	},
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
	"SEEK_DATA and SEEK_HOLE tell a file without holes, and ENXIO at its end": func(t *testing.T, r reading) {
		fd := r.open("file", unix.O_RDONLY)
		for _, c := range []struct {
			off    int64
			whence int
			want   int64
			err    error
		}{
			{0, unix.SEEK_DATA, 0, nil},
			{1234, unix.SEEK_DATA, 1234, nil},
			{readingSize - 1, unix.SEEK_DATA, readingSize - 1, nil},
			{0, unix.SEEK_HOLE, readingSize, nil},
			{1234, unix.SEEK_HOLE, readingSize, nil},
			{readingSize, unix.SEEK_DATA, -1, unix.ENXIO},
			{readingSize, unix.SEEK_HOLE, -1, unix.ENXIO},
			{-5, unix.SEEK_END, readingSize - 5, nil},
			{-1, unix.SEEK_SET, -1, unix.EINVAL},
			{10, unix.SEEK_END, readingSize + 10, nil},
		} {
			if got, err := unix.Seek(fd, c.off, c.whence); err != c.err || err == nil && got != c.want {
				t.Errorf("lseek(%d, %d) is %d, %v", c.off, c.whence, got, err)
			}
		}
	},
	"a map shows zeros to the end of the file's last page, and SIGBUS after it": func(t *testing.T, r reading) {
		const page = 4096
		last := int64(readingSize) / page * page
		data, err := unix.Mmap(r.open("file", unix.O_RDONLY), last, 3*page, unix.PROT_READ, unix.MAP_PRIVATE)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Munmap(data)
		rest := readingSize - last
		if !bytes.Equal(data[:rest], r.content(last, rest)) || !bytes.Equal(data[rest:page], make([]byte, page-rest)) {
			t.Error("the last page is wrong")
		}
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		defer func() {
			if recover() == nil {
				t.Error("a page after the file can be read")
			}
		}()
		t.Log(data[page])
	},
	"a private map can be written to, and the file stays; a shared one cannot": func(t *testing.T, r reading) {
		fd := r.open("file", unix.O_RDONLY)
		data, err := unix.Mmap(fd, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Munmap(data)
		copy(data, "scribble")
		r.wants(fd, 0, 4096)
		if _, err := unix.Mmap(fd, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != unix.EACCES {
			t.Errorf("a shared map for writing: %v", err)
		}
	},
	"sendfile, splice and copy_file_range copy the bytes": func(t *testing.T, r reading) {
		want := r.content(0, readingSize)
		for name, move := range map[string]func(to, from int, n int) (int, error){
			"sendfile":        func(to, from, n int) (int, error) { return unix.Sendfile(to, from, nil, n) },
			"copy_file_range": func(to, from, n int) (int, error) { return unix.CopyFileRange(from, nil, to, nil, n, 0) },
			"splice":          r.splice,
		} {
			to, err := os.CreateTemp(t.TempDir(), "")
			if err != nil {
				t.Fatal(err)
			}
			from := r.open("file", unix.O_RDONLY)
			for {
				n, err := move(int(to.Fd()), from, 1<<20)
				if errors.Is(err, unix.EXDEV) && name == "copy_file_range" {
					break // the kernel's own word for "not between these two"
				}
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if n == 0 {
					if got, err := os.ReadFile(to.Name()); err != nil || !bytes.Equal(got, want) {
						t.Errorf("%s: %d bytes, wrong ones, %v", name, len(got), err)
					}
					break
				}
			}
			to.Close()
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
	"flock and fcntl lock, and a lock that another has is told": func(t *testing.T, r reading) {
		one, two := r.open("file", unix.O_RDONLY), r.open("file", unix.O_RDONLY)
		if err := errors.Join(unix.Flock(one, unix.LOCK_SH|unix.LOCK_NB), unix.Flock(two, unix.LOCK_SH|unix.LOCK_NB)); err != nil {
			t.Errorf("shared: %v", err)
		}
		if err := unix.Flock(one, unix.LOCK_EX|unix.LOCK_NB); err != unix.EWOULDBLOCK {
			t.Errorf("exclusive: %v", err)
		}
		if err := errors.Join(unix.Flock(two, unix.LOCK_UN), unix.Flock(one, unix.LOCK_EX|unix.LOCK_NB)); err != nil {
			t.Errorf("exclusive, alone: %v", err)
		}
		lock := unix.Flock_t{Type: unix.F_RDLCK}
		if err := unix.FcntlFlock(uintptr(two), unix.F_OFD_SETLK, &lock); err != nil {
			t.Errorf("fcntl: %v", err)
		}
		lock.Type = unix.F_WRLCK
		if err := unix.FcntlFlock(uintptr(two), unix.F_OFD_SETLK, &lock); err != unix.EBADF {
			t.Errorf("fcntl, a lock for writing on what is open for reading: %v", err)
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
	"two thousand files can be open at once, and each reads its own": func(t *testing.T, r reading) {
		limit := unix.Rlimit{Cur: 4096, Max: 4096}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Skipf("NOT TESTED: %v", err)
		}
		var open []int
		for range 1000 {
			open = append(open, r.open("file", unix.O_RDONLY), r.open("sub/one", unix.O_RDONLY))
		}
		for i := 0; i < len(open); i += 100 {
			r.wants(open[i], int64(i), 100)
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
	"a file opened by many threads at once is one file": func(t *testing.T, r reading) {
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				f, err := os.Open(filepath.Join(r.dir, "file"))
				if err != nil {
					t.Error(err)
					return
				}
				defer f.Close()
				if err := compare(f, r.name+"/file", int64(i)*4000, 4000, readingSize); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
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
	"statvfs answers": func(t *testing.T, r reading) {
		var s unix.Statfs_t
		if err := unix.Statfs(filepath.Join(r.dir, "file"), &s); err != nil || s.Namelen != 255 || s.Bsize == 0 {
			t.Errorf("%+v, %v", s, err)
		}
	},
}

// TestReadingCalls tries the calls in one process, which is not ours, for an
// internal and an external asset each.
func TestReadingCalls(t *testing.T) {
	t.Parallel()
	d := serve(t)
	files := []emulator.Generated{
		{Path: "file", Size: readingSize},
		{Path: "sub/one", Size: readingSize},
		{Path: "huge/f%05d", Count: []int{25_000}, Size: 3},
	}
	for i := range files[:2] {
		files[i].Seed = "reading/file"
	}
	if err := d.AddBucket(emulator.Bucket{Name: "lab", Public: true, Generate: files}); err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]*emulator.SourceBucket{
		"internal": nil, "external": {Origin: "aws", Bucket: "lab", External: true},
	} {
		a := emulator.Asset{Record: emulator.Record{Name: name, SourceBucket: source}}
		if source == nil {
			a.Generate = files
		}
		if _, err := d.Add(a); err != nil {
			t.Fatal(err)
		}
	}
	m := d.mount(t, "--refresh-interval", "1h") // so that the folder is listed once
	before := m.descriptors()
	for _, asset := range []string{"internal", "external"} {
		t.Run(asset, func(t *testing.T) {
			said := m.outcomes("conform", m.path("dataset", asset))
			if len(said) != len(readingCalls) {
				t.Errorf("%d of %d ran", len(said), len(readingCalls))
			}
			each(t, said)
		})
	}
	eventually(t, "the mount's descriptors, when all programs are gone", func() error {
		if now := m.descriptors(); now > before+40 { // connections
			return fmt.Errorf("%w: %d before, %d after", errNotYet, before, now)
		}
		return nil
	})
}

// descriptors is how many files the mount itself has open.
func (m *mounted) descriptors() int {
	all, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", m.process.Pid))
	return len(all)
}

// conform DIR tries the calls on the files in DIR.
func conform(args []string) error {
	tests := make(map[string]func(*testing.T))
	for name, f := range readingCalls {
		tests[name] = func(t *testing.T) { f(t, reading{t, args[0], "reading"}) }
	}
	return inside(tests)
}

// readingSize is of no whole block and no whole page.
const readingSize = 300_001

// reading is a directory of files to be read.
type reading struct {
	t         *testing.T
	dir, name string
}

// open opens a file until the end of the test.
func (r reading) open(name string, flags int) int {
	r.t.Helper()
	fd, err := unix.Open(filepath.Join(r.dir, name), flags, 0)
	if err != nil {
		r.t.Fatalf("open %s: %v", name, err)
	}
	r.t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// fails opens a file, and expects that error.
func (r reading) fails(want error, name string, flags int) {
	r.t.Helper()
	fd, err := unix.Open(filepath.Join(r.dir, name), flags, 0o600)
	if err == nil {
		unix.Close(fd)
	}
	if err != want {
		r.t.Errorf("open %s, %#x: %v, not %v", name, flags, err, want)
	}
}

// content is what a file has in some place.
func (r reading) content(off, n int64) []byte {
	b := make([]byte, max(min(n, readingSize-off), 0))
	if _, err := emulator.Pattern(r.name+"/file").ReadAt(b, off); err != nil && !errors.Is(err, io.EOF) {
		r.t.Fatal(err)
	}
	return b
}

// wants reads n bytes at off, into memory that O_DIRECT takes, and compares.
func (r reading) wants(fd int, off, n int64) {
	r.t.Helper()
	const page = 4096
	buf := make([]byte, n+page)
	buf = buf[page-uintptr(unsafe.Pointer(&buf[0]))%page:][:n]
	got, err := unix.Pread(fd, buf, off)
	if err != nil || !bytes.Equal(buf[:max(got, 0)], r.content(off, n)) {
		r.t.Errorf("at %d: %d bytes instead of %d, or wrong ones: %v", off, got, len(r.content(off, n)), err)
	}
}

// splice moves bytes through a pipe, the only way that splice has.
func (r reading) splice(to, from, n int) (int, error) {
	var p [2]int
	if err := unix.Pipe(p[:]); err != nil {
		return 0, err
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	moved, err := unix.Splice(from, nil, p[1], nil, min(n, 1<<16), 0)
	for left := moved; err == nil && left > 0; {
		var some int64
		some, err = unix.Splice(p[0], nil, to, nil, int(left), 0)
		left -= some
	}
	return int(moved), err
}

// dirent is an entry as getdents64 gives it.
type dirent struct {
	name string
	off  int64 // of what comes after it
}

func (r reading) getdents(fd, size int) (all []dirent) {
	r.t.Helper()
	buf := make([]byte, size)
	n, err := unix.Getdents(fd, buf)
	if err != nil {
		r.t.Fatal(err)
	}
	for buf = buf[:n]; len(buf) > 0; {
		var d unix.Dirent // only for where its fields are
		length := endian.NativeEndian.Uint16(buf[unsafe.Offsetof(d.Reclen):])
		name, _, _ := bytes.Cut(buf[unsafe.Offsetof(d.Name):length], []byte{0})
		all = append(all, dirent{string(name), int64(endian.NativeEndian.Uint64(buf[unsafe.Offsetof(d.Off):]))})
		buf = buf[length:]
	}
	return all
}

func (r reading) list(fd, size int) (names []string) {
	for {
		some := r.getdents(fd, size)
		if len(some) == 0 {
			return names
		}
		for _, e := range some {
			names = append(names, e.name)
		}
	}
}
