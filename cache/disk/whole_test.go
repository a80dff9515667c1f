package disk

import (
	"bytes"
	"os"
	"testing"
	"time"
)

// whole waits until s knows the file of key to be whole, or not.
func whole(t testing.TB, s *Store, key string, want bool) *Whole {
	t.Helper()
	f := s.File(key, fileSize)
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		data := f.Whole()
		if (data != nil) == want {
			return data
		}
		if data != nil {
			data.Close()
			t.Fatalf("%s is whole", key)
		}
		if time.Now().After(end) {
			t.Fatalf("%s is never whole", key)
		}
	}
}

func readWhole(t *testing.T, data *Whole, key string) {
	t.Helper()
	defer data.Close()
	for i := range int64(11) {
		p := make([]byte, sizeOf(i))
		if !data.Read(p, i*blockSize) || !bytes.Equal(p, content(key, i, sizeOf(i))) {
			t.Errorf("block %d is wrong", i)
		}
	}
	if data.Read(make([]byte, 1), fileSize) {
		t.Error("a byte behind the end")
	}
}

// TestWhole opens a file past the checks once it was checked, and not after
// anything happened to it.
func TestWhole(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(dir string) error
		blocks int64 // right ones left
	}{
		"a flipped bit": {func(dir string) error {
			f, err := os.OpenFile(path(dir, "a", dataName), os.O_RDWR, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			p := make([]byte, 1)
			if _, err := f.ReadAt(p, 5000); err != nil {
				return err
			}
			_, err = f.WriteAt([]byte{p[0] ^ 1}, 5000)
			return err
		}, 10},
		"cut":          {func(dir string) error { return os.Truncate(path(dir, "a", dataName), 100) }, 0},
		"longer":       {func(dir string) error { return os.Truncate(path(dir, "a", dataName), fileSize+1) }, 11},
		"data deleted": {func(dir string) error { return os.Remove(path(dir, "a", dataName)) }, 0},
		"deleted":      {func(dir string) error { return os.Remove(path(dir, "a", tableName)) }, 0},
		"other data": {func(dir string) error {
			return os.Rename(path(dir, "b", dataName), path(dir, "a", dataName))
		}, 0},
		"no mark": {func(dir string) error {
			return os.Truncate(path(dir, "a", tableName), (&File{size: fileSize, store: &Store{cfg: Config{BlockSize: blockSize}}}).tail())
		}, 11},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := openStore(t, dir, 1<<30)
			fill(t, s, "a")
			fill(t, s, "b")
			open := whole(t, s, "a", true)
			readWhole(t, whole(t, openStore(t, dir, 1<<30), "a", true), "a") // another process takes its word
			s.drop(s.directory(), s.File("a", fileSize).id.name())
			readWhole(t, open, "a") // dropped, it is whole for whoever has it open
			fill(t, s, "a")
			whole(t, s, "a", true).Close()
			if err := c.damage(dir); err != nil {
				t.Fatal(err)
			}
			s = openStore(t, dir, 1<<30)
			if data := s.File("a", fileSize).Whole(); data != nil {
				t.Error("it is still whole")
			}
			if n := good(t, s, "a"); n != c.blocks {
				t.Errorf("%d blocks, not %d", n, c.blocks)
			}
			fill(t, s, "a")
			fill(t, s, "a")
			readWhole(t, whole(t, s, "a", true), "a")
		})
	}
}

// TestRottenIsNotWhole finds what went wrong before the first look.
func TestRottenIsNotWhole(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, 1<<30)
	fill(t, s, "a")
	f := s.File("a", fileSize)
	open, err := f.open(false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open.data.WriteAt([]byte("rot"), 7*blockSize); err != nil {
		t.Fatal(err)
	}
	if err := f.verify(); err != errCorrupt {
		t.Errorf("verify: %v", err)
	}
	if err := f.verify(); err != nil { // it has a hole now
		t.Errorf("verify again: %v", err)
	}
	if data := f.Whole(); data != nil {
		t.Error("it is whole")
	}
}

// TestFailingDisk reads from a disk that has only errors, which /proc/self/mem
// has at 0: after some it is left alone.
func TestFailingDisk(t *testing.T) {
	s := openStore(t, t.TempDir(), 1<<30)
	fill(t, s, "a")
	f := s.File("a", fileSize)
	for range maxFailures {
		if s.directory() == nil {
			t.Fatal("left alone too early")
		}
		broken, err := os.Open("/proc/self/mem")
		if err != nil {
			t.Skipf("SKIPPED, no file here that fails: %v", err)
		}
		open, err := f.open(false)
		if err != nil {
			t.Fatal(err)
		}
		_ = open.data.Close()
		open.data = broken
		if ok, lost := f.Read(0, make([]byte, blockSize), func() {}); ok || lost {
			t.Error("it reads")
		}
	}
	if s.directory() != nil {
		t.Error("it is still used")
	}
}

func TestMarks(t *testing.T) {
	id, boot := identify("a", 5), [16]byte{1}
	s := stamp{1, 2, 3, 4}
	right := mark(id, boot, s)
	if len(right) != markSize || !marked(right, id, boot, s) {
		t.Fatalf("%d bytes", len(right))
	}
	for i := range right {
		wrong := bytes.Clone(right)
		wrong[i] ^= 1
		if marked(wrong, id, boot, s) {
			t.Errorf("byte %d does not matter", i)
		}
	}
	for _, other := range []stamp{{0, 2, 3, 4}, {1, 0, 3, 4}, {1, 2, 0, 4}, {1, 2, 3, 0}} {
		if marked(right, id, boot, other) {
			t.Errorf("%v is like %v", other, s)
		}
	}
	if marked(right, identify("b", 5), boot, s) || marked(right, id, [16]byte{2}, s) || marked(nil, id, boot, s) || marked(make([]byte, markSize), id, boot, s) {
		t.Error("another file, another start, or nothing")
	}
}
