package disk

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	blockSize = 4096
	fileSize  = 10*blockSize + 100
)

func openStore(t testing.TB, dir string, size int64) *Store {
	t.Helper()
	s, err := Open(Config{Dir: dir, Size: size, BlockSize: blockSize, Queue: 4096})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// sizeOf is the length of block i of a file of fileSize.
func sizeOf(i int64) int64 { return min(blockSize, fileSize-i*blockSize) }

// content is what block i of the file of key holds.
func content(key string, i, n int64) []byte {
	var seed [32]byte
	copy(seed[:], key)
	binary.LittleEndian.PutUint64(seed[24:], uint64(i))
	p := make([]byte, n)
	_, _ = rand.NewChaCha8(seed).Read(p)
	return p
}

// fill writes all blocks of the file of key, and waits until they are.
func fill(t testing.TB, s *Store, key string) {
	t.Helper()
	f := s.File(key, fileSize)
	done := make(chan struct{})
	const n = (fileSize + blockSize - 1) / blockSize
	for i := range int64(n) {
		if !f.Write(i, [][]byte{content(key, i, sizeOf(i))}, func() { done <- struct{}{} }) {
			t.Fatal("the queue is full")
		}
	}
	for range n {
		<-done
	}
}

// good counts the blocks of key that can be read, and fails on a wrong one.
func good(t testing.TB, s *Store, key string) (n int64) {
	t.Helper()
	f := s.File(key, fileSize)
	for i := range int64((fileSize + blockSize - 1) / blockSize) {
		p := make([]byte, sizeOf(i))
		if ok, _ := f.Read(i, p, func() {}); !ok {
			continue
		}
		n++
		if !bytes.Equal(p, content(key, i, sizeOf(i))) {
			t.Fatalf("block %d of %s is wrong", i, key)
		}
	}
	return n
}

// path is where a file of the store is.
func path(dir, key string, suffix string) string {
	id := identify(key, fileSize)
	return filepath.Join(dir, folder, id.name()+suffix)
}

func TestBlocksComeBack(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, 1<<30)
	fill(t, s, "a")
	if n := good(t, s, "a"); n != 11 {
		t.Errorf("%d blocks", n)
	}
	again := openStore(t, dir, 1<<30) // another process, or the next mount
	if n := good(t, again, "a"); n != 11 {
		t.Errorf("%d blocks after opening again", n)
	}
	for _, other := range []string{"", "b", "a\x00"} {
		if n := good(t, s, other); n != 0 {
			t.Errorf("%d blocks of %q", n, other)
		}
	}
	if n := s.File("a", fileSize-1).Absent(0, 11); n != 11 {
		t.Errorf("size is not part of the identity: %d absent", n)
	}
}

func TestAbsentCountsUpToTheNextBlock(t *testing.T) {
	s := openStore(t, t.TempDir(), 1<<30)
	f := s.File("a", fileSize)
	if n := f.Absent(0, 11); n != 11 {
		t.Errorf("of nothing: %d", n)
	}
	write := func(open *files) error { return f.writeRun(open, 6, [][]byte{content("a", 6, blockSize)}) }
	if err := f.use(true, write); err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int64]int64{0: 6, 5: 1, 6: 0, 7: 4} {
		if n := f.Absent(i, 11-i); n != want {
			t.Errorf("from %d: %d, want %d", i, n, want)
		}
	}
}

// TestDamageIsNoticed is row 78 of the failure catalogue: a block is right or
// not there, and what was damaged can be written again.
func TestDamageIsNoticed(t *testing.T) {
	change := func(t *testing.T, name string, edit func(p []byte) []byte) {
		t.Helper()
		p, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, edit(p), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		good   int64
		damage func(t *testing.T, dir string)
	}{
		"a flipped bit": {10, func(t *testing.T, dir string) {
			change(t, path(dir, "a", dataName), func(p []byte) []byte { p[5000] ^= 4; return p })
		}},
		"data cut": {5, func(t *testing.T, dir string) {
			change(t, path(dir, "a", dataName), func(p []byte) []byte { return p[:5*blockSize+7] })
		}},
		"data gone": {0, func(t *testing.T, dir string) {
			if err := os.Remove(path(dir, "a", dataName)); err != nil {
				t.Fatal(err)
			}
		}},
		"a block of zeros": {10, func(t *testing.T, dir string) {
			change(t, path(dir, "a", dataName), func(p []byte) []byte { clear(p[blockSize : 2*blockSize]); return p })
		}},
		"two blocks swapped": {9, func(t *testing.T, dir string) {
			swap := func(p []byte, n int) []byte {
				one := bytes.Clone(p[n : 2*n])
				copy(p[n:], p[3*n:4*n])
				copy(p[3*n:], one)
				return p
			}
			change(t, path(dir, "a", dataName), func(p []byte) []byte { return swap(p, blockSize) })
			change(t, path(dir, "a", tableName), func(p []byte) []byte { swap(p[headerSize:], entrySize); return p })
		}},
		"another file's data": {0, func(t *testing.T, dir string) {
			p, _ := os.ReadFile(path(dir, "b", dataName))
			change(t, path(dir, "a", dataName), func([]byte) []byte { return p })
		}},
		"another file's data and table": {0, func(t *testing.T, dir string) {
			for _, suffix := range []string{dataName, tableName} {
				p, _ := os.ReadFile(path(dir, "b", suffix))
				change(t, path(dir, "a", suffix), func([]byte) []byte { return p })
			}
		}},
		"another block size": {0, func(t *testing.T, dir string) {
			change(t, path(dir, "a", tableName), func([]byte) []byte { return header(identify("a", fileSize), 512, fileSize) })
		}},
		"half an entry": {10, func(t *testing.T, dir string) {
			change(t, path(dir, "a", tableName), func(p []byte) []byte { clear(p[headerSize+4 : headerSize+8]); return p })
		}},
		"table cut": {2, func(t *testing.T, dir string) {
			change(t, path(dir, "a", tableName), func(p []byte) []byte { return p[:headerSize+2*entrySize+3] })
		}},
		"table empty": {0, func(t *testing.T, dir string) {
			change(t, path(dir, "a", tableName), func([]byte) []byte { return nil })
		}},
		"half a header": {0, func(t *testing.T, dir string) {
			change(t, path(dir, "a", tableName), func(p []byte) []byte { return p[:20] })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openStore(t, dir, 1<<30)
			fill(t, s, "a")
			fill(t, s, "b")
			c.damage(t, dir)
			s = openStore(t, dir, 1<<30)
			if n := good(t, s, "a"); n != c.good {
				t.Errorf("%d blocks, want %d", n, c.good)
			}
			fill(t, s, "a") // what is damaged may go with the first write
			fill(t, s, "a")
			if n := good(t, s, "a"); n != 11 {
				t.Errorf("%d blocks after writing again", n)
			}
			if n := good(t, s, "b"); n != 11 {
				t.Errorf("%d blocks of the other file", n)
			}
		})
	}
}

func TestSizeIsKept(t *testing.T) {
	const size = 100 * blockSize
	dir := t.TempDir()
	s := openStore(t, dir, size)
	keys := strings.Split(strings.Repeat("f", 30), "")
	for i := range keys {
		keys[i] += string(rune('a' + i))
		fill(t, s, keys[i])
	}
	s.trim()
	root, err := os.OpenRoot(filepath.Join(dir, folder))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if _, total, err := count(root); err != nil || total > size {
		t.Errorf("%d bytes of %d allowed, %v", total, size, err)
	}
	if n := good(t, s, keys[len(keys)-1]); n != 11 {
		t.Errorf("%d blocks of the file written last", n)
	}
	if n := good(t, s, keys[0]); n != 0 {
		t.Errorf("%d blocks of the file written first", n)
	}
}
