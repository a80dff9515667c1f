package files_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator/files"
)

var epoch = time.Unix(1700000000, 0)

// onDisk writes keys as files into a new directory.
func onDisk(t *testing.T, keys ...string) files.Dir {
	t.Helper()
	dir := t.TempDir()
	for _, key := range keys {
		path := filepath.Join(dir, key)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(key), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return files.Dir(dir)
}

func inMemory(keys ...string) files.Tree {
	var all []files.File
	for _, key := range keys {
		all = append(all, files.Bytes(key, epoch, []byte(key)))
	}
	return files.Memory(all...)
}

func list(t *testing.T, tree files.Tree, prefix, delimiter, after string) []string {
	t.Helper()
	var keys []string
	if err := tree.Walk(prefix, delimiter, after, func(i files.Item) bool {
		if i.Prefix {
			i.Key += "*"
		}
		keys = append(keys, i.Key)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return keys
}

// want is the listing by the definition: all keys, one after the other.
func want(t *testing.T, keys []string, prefix, delimiter, after string) []string {
	keys = slices.Sorted(slices.Values(keys))
	var got []string
	for _, key := range keys {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		item, shown := key, key
		if delimiter != "" {
			if head, _, ok := strings.Cut(key[len(prefix):], delimiter); ok {
				item = prefix + head + delimiter
				shown = item + "*"
			}
		}
		if item > after && !slices.Contains(got, shown) {
			got = append(got, shown)
		}
	}
	return got
}

func TestEveryTreeListsAsS3Would(t *testing.T) {
	plain := []string{
		"a", "a-b", "a.b/c", "b/a", "b/b/c", "b/b/d", "b/c", "b0", "bb/x", "c/d/e/f", "d d/ü", "m/a", "m/b/c", "m0", "z",
	}
	odd := append([]string{"/a", "a//b", "a/", "b/b/", "..", "./x", ""}, plain...)
	moved := []string{"a", "b/c", "b/d", "x"}
	atMove := make([]string, 0, len(moved))
	for _, key := range moved {
		atMove = append(atMove, "m/n/"+key)
	}
	grid, err := files.NewGenerated("g", epoch, files.Generated{Path: "g%02d/f%d", Count: []int{12, 3}}, files.Generated{Path: "g05/f1x"})
	if err != nil {
		t.Fatal(err)
	}
	gridKeys := []string{"g05/f1x"}
	for i := range 12 {
		for j := range 3 {
			gridKeys = append(gridKeys, fmt.Sprintf("g%02d/f%d", i, j))
		}
	}
	disk := onDisk(t, plain...)
	if err := os.MkdirAll(filepath.Join(string(disk), "empty/inside"), 0o755); err != nil {
		t.Fatal(err)
	}
	trees := map[string]struct {
		tree files.Tree
		keys []string
	}{
		"disk":      {disk, plain},
		"memory":    {inMemory(odd...), odd},
		"generated": {grid, gridKeys},
		"union":     {files.Union(inMemory(odd...), disk, grid), append(slices.Clone(odd), gridKeys...)},
		"moved":     {files.At("m/n", inMemory(moved...)), atMove},
	}
	for name, tt := range trees {
		t.Run(name, func(t *testing.T) {
			points := append([]string{"", "b", "b/", "b/b", "b/b/", "m/n/", "m/n", "m/", "m", "zz", "g0", "g05/", "x/"}, tt.keys...)
			// Each of the trees is asked a part of all questions: disks are slow.
			every := map[string]int{"disk": 7, "union": 7}[name]
			for i, prefix := range points {
				for _, delimiter := range []string{"", "/", "b", "/f"} {
					for j, after := range points {
						if every > 0 && (i+j)%every != 0 {
							continue
						}
						got := list(t, tt.tree, prefix, delimiter, after)
						if want := want(t, tt.keys, prefix, delimiter, after); !slices.Equal(got, want) {
							t.Fatalf("Walk(%q, %q, %q)\n got %q\nwant %q", prefix, delimiter, after, got, want)
						}
					}
				}
			}
			for _, key := range points {
				f, err := tt.tree.Stat(key)
				if found := slices.Contains(tt.keys, key); found != (err == nil) || !found && !errors.Is(err, fs.ErrNotExist) {
					t.Fatalf("Stat(%q) = %v", key, err)
				}
				if err == nil && f.Key != key {
					t.Fatalf("Stat(%q) is of %q", key, f.Key)
				}
			}
		})
	}
}

func TestAMillionFilesCostOnlyWhatIsLookedAt(t *testing.T) {
	tree, err := files.NewGenerated("g", epoch, files.Generated{Path: "chunks/c%07d", Count: []int{1e6}, Size: 10})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	n := 0
	if err := tree.Walk("chunks/", "/", "chunks/c0500000", func(files.Item) bool { n++; return n < 1000 }); err != nil {
		t.Fatal(err)
	}
	if got := list(t, tree, "", "/", ""); !slices.Equal(got, []string{"chunks/*"}) {
		t.Errorf("folded to %q", got)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("a page took %v", took)
	}
}

func TestUnsortedPatternsAreRefused(t *testing.T) {
	for _, g := range []files.Generated{
		{Path: "f%d", Count: []int{11}},
		{Path: "f%d/g%d", Count: []int{2, 11}},
		{Path: "f", Count: []int{2}},
		{Path: "f%03d", Count: []int{2, 2}},
		{Path: "f%03d", Count: []int{0}},
		{Path: "f", Size: -1},
	} {
		if _, err := files.NewGenerated("g", epoch, g); err == nil {
			t.Errorf("%+v was taken", g)
		}
	}
}

func TestPatternIsTheSameFromEverywhere(t *testing.T) {
	p := files.NewPattern("x")
	whole := make([]byte, 600<<10) // over several tiles
	if n, err := p.ReadAt(whole, 5<<30); n != len(whole) || err != nil {
		t.Fatal(n, err)
	}
	for range 2000 {
		off := rand.IntN(len(whole))
		b := make([]byte, rand.IntN(min(10_000, len(whole)-off)+1))
		if n, err := p.ReadAt(b, 5<<30+int64(off)); n != len(b) || err != nil || !bytes.Equal(b, whole[off:off+len(b)]) {
			t.Fatalf("ReadAt(%d, %d) differs: %d, %v", len(b), off, n, err)
		}
	}
	// The client's cache may hold these bytes from another day.
	if b := make([]byte, 4); true {
		_, _ = p.ReadAt(b, 0)
		if got := fmt.Sprintf("%x", b); got != "8eb8c1da" {
			t.Errorf("the pattern has changed: %s", got)
		}
	}
}

// Whoever swaps two pieces of files shall be found out.
func TestPatternIsNowhereElseTheSame(t *testing.T) {
	const size = 64
	names := []string{"x", "y", "a/data.bin", "b/data.bin"}
	offsets := []int64{0, 1, 8, 4096, 128<<10 - 1, 128 << 10, 256<<10 - 2, 1 << 20, 8 << 20, 1 << 30, 5 << 30}
	seen := make(map[string]string)
	for _, name := range names {
		for _, off := range offsets {
			b := make([]byte, size)
			if _, err := files.NewPattern(name).ReadAt(b, off); err != nil {
				t.Fatal(err)
			}
			for i := 0; i+8 <= size; i += 8 {
				here := fmt.Sprintf("%s at %d", name, off+int64(i))
				if there, ok := seen[string(b[i:i+8])]; ok && there != here {
					t.Errorf("%s is as %s", here, there)
				}
				seen[string(b[i:i+8])] = here
			}
		}
	}
}

func TestCopyTakesOneFolderAndNoOther(t *testing.T) {
	tree := inMemory("foo/a", "foo/b/c", "foo/", "foobar/d", "x")
	for _, prefix := range []string{"foo", "foo/"} {
		dir := t.TempDir()
		if err := files.Copy(t.Context(), dir, tree, prefix); err != nil {
			t.Fatal(err)
		}
		if got := list(t, files.Dir(dir), "", "", ""); !slices.Equal(got, []string{"a", "b/c"}) {
			t.Errorf("copied %q", got)
		}
		f, err := files.Dir(dir).Stat("b/c")
		if err != nil {
			t.Fatal(err)
		}
		content, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer content.Close()
		if b, err := io.ReadAll(io.NewSectionReader(content, 0, f.Size)); string(b) != "foo/b/c" || err != nil {
			t.Errorf("content %q, %v", b, err)
		}
	}
	for _, key := range []string{"f/../../x", "f//x", "f/./x"} {
		if err := files.Copy(t.Context(), t.TempDir(), inMemory(key), "f"); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("copy of %q: %v", key, err)
		}
	}
}

func TestCopyStopsWithItsContext(t *testing.T) {
	huge, err := files.NewGenerated("g", epoch, files.Generated{Path: "huge", Size: 1 << 50})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := files.Copy(ctx, t.TempDir(), huge, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("copied: %v", err)
	}
}

func BenchmarkPattern(b *testing.B) {
	buf := make([]byte, 256<<10)
	b.SetBytes(int64(len(buf)))
	p := files.NewPattern("x")
	for b.Loop() {
		if _, err := p.ReadAt(buf, 0); err != nil {
			b.Fatal(err)
		}
	}
}
