package test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// byteCalls are what programs rely on when they read files.
var byteCalls = map[string]func(*testing.T, reading){
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
	"a sync of a file or a folder has nothing to write, and succeeds": func(t *testing.T, r reading) {
		for name, flags := range map[string]int{"file": 0, ".": unix.O_DIRECTORY, "sub": unix.O_DIRECTORY} {
			fd := r.open(name, unix.O_RDONLY|flags)
			if err := unix.Fsync(fd); err != nil {
				t.Errorf("fsync %s: %v", name, err)
			}
			if err := unix.Fdatasync(fd); err != nil {
				t.Errorf("fdatasync %s: %v", name, err)
			}
		}
	},
	"fsync, fdatasync and fadvise are taken": func(t *testing.T, r reading) {
		fd := r.open("file", unix.O_RDONLY)
		if err := errors.Join(unix.Fsync(fd), unix.Fdatasync(fd), unix.Fadvise(fd, 0, 0, unix.FADV_SEQUENTIAL)); err != nil {
			t.Error(err)
		}
	},
}
