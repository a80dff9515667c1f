package disk

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// value waits until the value of key is as wanted; "" is none.
func waitValue(t testing.TB, s *Store, key, want string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		got, ok := s.Value(key)
		if string(got) == want && ok == (want != "") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%q, %t, not %q", got, ok, want)
		}
	}
}

func keep(s *Store, key, v string) { s.KeepValue(key, func() []byte { return []byte(v) }) }

func TestValuesComeBack(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, 1<<30)
	keep(s, "a", "first")
	keep(s, "a", "second")
	keep(s, "b", strings.Repeat("x", 1<<20))
	waitValue(t, s, "b", strings.Repeat("x", 1<<20))
	waitValue(t, s, "a", "second")
	other := openStore(t, dir, 1<<30)
	waitValue(t, other, "a", "second")
	waitValue(t, other, "c", "")
	other.DropValue("a")
	waitValue(t, other, "a", "")
	waitValue(t, s, "a", "")
}

// TestValuesAreWrittenAtTheEnd closes a store right after it was given some.
func TestValuesAreWrittenAtTheEnd(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Config{Dir: dir, Size: 1 << 30, BlockSize: blockSize, Queue: 4})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		keep(s, fmt.Sprint(i), "v")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, 1<<30)
	for i := range 100 {
		if _, ok := s.Value(fmt.Sprint(i)); !ok {
			t.Fatalf("%d is not there", i)
		}
	}
}

// TestDamagedValues cuts and changes a value at each byte: it is right or not
// there, and can be kept again.
func TestDamagedValues(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, 1<<30)
	keep(s, "a", "value")
	waitValue(t, s, "a", "value")
	name := filepath.Join(dir, folder, valueID("a").name()+valueName)
	right, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := range right {
		flipped := bytes.Clone(right)
		flipped[i] ^= 1
		for _, wrong := range [][]byte{flipped, right[:i], append(bytes.Clone(right), right[:i+1]...)} {
			if err := os.WriteFile(name, wrong, 0o600); err != nil {
				t.Fatal(err)
			}
			if v, ok := s.Value("a"); ok {
				t.Fatalf("byte %d: %q", i, v)
			}
		}
	}
	keep(s, "a", "value")
	waitValue(t, s, "a", "value")
}

// TestValuesOutliveBlocks fills the space with blocks: they go, and values stay
// within their part.
func TestValuesOutliveBlocks(t *testing.T) {
	dir := t.TempDir()
	const size = 1000 * blockSize
	s := openStore(t, dir, size)
	keep(s, "a", "value")
	waitValue(t, s, "a", "value")
	for i := range 120 {
		fill(t, s, fmt.Sprint(i))
	}
	s.trim()
	waitValue(t, s, "a", "value")
	for i := range 100 {
		keep(s, fmt.Sprint(i), strings.Repeat("x", blockSize))
	}
	waitValue(t, s, "99", strings.Repeat("x", blockSize))
	s.trim()
	d, err := Look(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, n, taken, err := d.Files(); err != nil || n == 0 || taken > size/valuesPart {
		t.Errorf("%d values of %d bytes, %v", n, taken, err)
	}
}

// TestLook tells what is held, and clears it under a store that goes on.
func TestLook(t *testing.T) {
	dir := t.TempDir()
	if _, err := Look(dir); !os.IsNotExist(err) {
		t.Errorf("a look at nothing: %v", err)
	}
	s := openStore(t, dir, 1<<30)
	fill(t, s, "a\x00key")
	half := s.File("half", fileSize)
	if err := half.use(true, func(open *files) error {
		return half.writeRun(open, 9, [][]byte{content("half", 9, blockSize), content("half", 10, 100)})
	}); err != nil {
		t.Fatal(err)
	}
	keep(s, "v", "value")
	waitValue(t, s, "v", "value")
	d, err := Look(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	files, values, _, err := d.Files()
	if err != nil || len(files) != 2 || values != 1 {
		t.Fatalf("%v, %d values, %v", files, values, err)
	}
	there := map[string]int64{}
	for _, f := range files {
		there[f.Key] = f.There
		if f.Size != fileSize || f.Taken < f.There || time.Since(f.Used) > time.Minute {
			t.Errorf("%+v", f)
		}
	}
	if there["a\x00key"] != fileSize || there["half"] != blockSize+100 {
		t.Errorf("%v", there)
	}
	if v, ok := d.Value("v"); !ok || string(v) != "value" {
		t.Errorf("%q", v)
	}
	if n, blocks, ok := half.There(); !ok || n != blockSize+100 || len(blocks) != 11 || blocks[0] || !blocks[9] {
		t.Errorf("%d, %v, %t", n, blocks, ok)
	}
	if n, _, err := d.Clear(); err != nil || n != 3 {
		t.Errorf("%d cleared, %v", n, err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, folder)); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	fill(t, s, "a\x00key") // not into the files that are gone
	if n := good(t, openStore(t, dir, 1<<30), "a\x00key"); n != 11 {
		t.Errorf("%d blocks after it", n)
	}
}

func FuzzTables(f *testing.F) {
	f.Add(header(identify("a", 5), 512, 5), encodeLabel("a"), encodeValue(valueID("a"), []byte("x")))
	f.Fuzz(func(t *testing.T, h, l, v []byte) {
		if len(h) >= headerSize {
			if size, n, ok := parseHeader(h); ok && (size <= 0 || n < 0) {
				t.Errorf("%d, %d", size, n)
			}
		}
		if key, ok := decodeLabel(l); ok && !bytes.HasPrefix(l, encodeLabel(key)) {
			t.Errorf("%q", key)
		}
		if got, ok := decodeValue(valueID("a"), v); ok && !bytes.Equal(encodeValue(valueID("a"), got)[:valueHead], v[:valueHead]) {
			t.Errorf("%q", got)
		}
	})
}
