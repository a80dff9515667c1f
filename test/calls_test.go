package test

import (
	"bytes"
	endian "encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"codeoceanfs/remote/emulator"
)

// TestReadingCalls tries the calls of both tables on the files of an internal
// and of an external asset, in a process of its own each.
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
	d.addBucket(t, emulator.Bucket{Name: "lab", Public: true, Generate: files})
	d.add(t, emulator.Asset{Record: emulator.Record{Name: "internal"}, Generate: files})
	d.add(t, emulator.Asset{Record: emulator.Record{Name: "external", SourceBucket: inBucket("lab", "")}})
	m := d.mount(t, "--refresh-interval", "1h") // so that the folder is listed once
	before := m.descriptors()
	for _, asset := range []string{"internal", "external"} {
		t.Run(asset, func(t *testing.T) {
			said := m.in(t).outcomes("calls", m.path("dataset", asset))
			if want := len(byteCalls) + len(nameCalls); len(said) != want {
				t.Errorf("%d of %d ran", len(said), want)
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

// memory is how many bytes of memory the mount itself takes.
func (m *mounted) memory() int64 {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", m.process.Pid))
	var all, resident int64
	_, _ = fmt.Sscan(string(raw), &all, &resident) // 0 once it is gone
	return resident * int64(os.Getpagesize())
}

// calls DIR tries the calls on the files in DIR.
func calls(args []string) error {
	tests := make(map[string]func(*testing.T))
	for _, table := range []map[string]func(*testing.T, reading){byteCalls, nameCalls} {
		for name, f := range table {
			tests[name] = func(t *testing.T) { f(t, reading{t, args[0], "reading"}) }
		}
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
	buf := aligned(n)
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
