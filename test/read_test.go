package test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"codeoceanfs/remote/emulator"
)

// An asset of files whose bytes follow from their names, internal and external,
// so that every byte read of them can be checked and none is stored.
const (
	generatedID = "11111111-0000-4000-8000-000000000001"
	externalID  = "11111111-0000-4000-8000-000000000002"
	bigSize     = 5 << 30
	middleSize  = 48<<20 + 12345
)

var generatedFiles = []emulator.Generated{
	{Path: "empty", Size: 0},
	{Path: "one", Size: 1},
	{Path: "block", Size: 128 << 10},
	{Path: "block-1", Size: 128<<10 - 1},
	{Path: "block+1", Size: 128<<10 + 1},
	{Path: "middle", Size: middleSize},
	{Path: "big", Size: bigSize},
	{Path: "many/f%03d", Count: []int{150}, Size: 4321},
}

// generated serves the files as an internal asset and as an external one.
func generated(t *testing.T, edit ...func(*emulator.Config)) *deployment {
	t.Helper()
	d := serve(t, edit...)
	d.add(t, emulator.Asset{
		Record:   emulator.Record{ID: generatedID, Name: "internal", Type: "dataset", State: "ready"},
		Generate: generatedFiles,
	})
	d.addBucket(t, emulator.Bucket{Name: "lab-bucket", Region: "us-west-2"})
	var objects []emulator.Generated
	for _, g := range generatedFiles {
		g.Path = "the/prefix/" + g.Path
		objects = append(objects, g)
	}
	d.putObject(t, "lab-bucket", objects...)
	d.add(t, emulator.Asset{Record: emulator.Record{
		ID: externalID, Name: "external", Type: "dataset", State: "ready",
		SourceBucket: inBucket("lab-bucket", "the/prefix"),
	}})
	return d
}

// contentName is what the content of a generated file follows from.
func contentName(asset, path string) string {
	if asset == "external" {
		return "lab-bucket/the/prefix/" + path
	}
	return generatedID + "/" + path
}

// TestSizes reads whole files of the sizes where mistakes are.
func TestSizes(t *testing.T) {
	t.Parallel()
	m := generated(t).mount(t)
	for _, asset := range []string{"internal", "external"} {
		for _, g := range generatedFiles[:6] {
			out, err := m.helper("pattern", m.path("dataset", asset, g.Path), contentName(asset, g.Path))
			if err != nil || strings.TrimSpace(out) != fmt.Sprint(g.Size) {
				t.Errorf("%s/%s: %q, %v", asset, g.Path, out, err)
			}
		}
	}
}

// TestBigFile reads in a file that no cache holds: at random, at its end, and
// where its offsets outgrow 32 bits.
func TestBigFile(t *testing.T) {
	t.Parallel()
	m := generated(t).mount(t, "--memory-limit", "64M")
	for _, asset := range []string{"internal", "external"} {
		file := m.path("dataset", asset, "big")
		if got := strings.TrimSpace(m.run("stat", "-c", "%s", file)); got != fmt.Sprint(int64(bigSize)) {
			t.Errorf("%s: %s bytes", asset, got)
		}
		if _, err := m.helper("random", file, contentName(asset, "big"), "1", "60"); err != nil {
			t.Error(err)
		}
		for _, at := range []int64{1 << 31, 1 << 32, bigSize - 16<<20} {
			if _, err := m.helper("pattern", file, contentName(asset, "big"), fmt.Sprint(at-16<<20), fmt.Sprint(at+16<<20)); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestRandomReaders reads one file in eight processes at random places.
func TestRandomReaders(t *testing.T) {
	t.Parallel()
	m := generated(t).mount(t, "--memory-limit", "64M")
	for _, asset := range []string{"internal", "external"} {
		var wg sync.WaitGroup
		for seed := range 8 {
			wg.Go(func() {
				if _, err := m.helper("random", m.path("dataset", asset, "middle"), contentName(asset, "middle"), strconv.Itoa(seed), "120"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
}

// TestMmap reads through maps of files, from several processes at once.
func TestMmap(t *testing.T) {
	t.Parallel()
	m := generated(t).mount(t)
	for _, asset := range []string{"internal", "external"} {
		for _, name := range []string{"empty", "one", "block-1", "middle"} {
			file := m.path("dataset", asset, name)
			read := strings.Fields(m.run("sha256sum", file))[0]
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					got, err := m.helper("mmap", file)
					if err != nil || strings.TrimSpace(got) != read {
						t.Errorf("%s/%s: %q instead of %q, %v", asset, name, got, read, err)
					}
				})
			}
			wg.Wait()
		}
	}
}

// TestCopies copies a tree with the tools people copy with.
func TestCopies(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	m := d.mount(t)
	for _, asset := range []string{"dataset/MRI_721832_2024-02-11_09-30-00", "dataset/ecephys_661398_2023-03-31_17-01-09", "dataset/legacy-rig-export"} {
		from := m.path(asset)
		want := m.sums(from)
		for tool, command := range map[string][]string{
			"cp":    {"cp", "-r", from, "TO"},
			"cp -a": {"cp", "-a", from, "TO"},
			"rsync": {"rsync", "-a", from + "/", "TO"},
			"tar":   {"sh", "-c", "mkdir TO && tar -C '" + from + "' -cf - . | tar -C TO -xf -"},
		} {
			to := filepath.Join(t.TempDir(), "copy")
			for i := range command {
				command[i] = strings.ReplaceAll(command[i], "TO", to)
			}
			if _, err := m.try(command[0], command[1:]...); err != nil {
				t.Errorf("%s: %v", tool, err)
				continue
			}
			if got := m.sums(to); !slices.Equal(got, want) {
				t.Errorf("%s of %s:\n got %q\nwant %q", tool, asset, got, want)
			}
			if err := os.RemoveAll(to); err != nil {
				t.Errorf("%s: the copy cannot be removed: %v", tool, err)
			}
		}
	}
}

// TestRequests counts what reading costs: nothing is asked twice.
func TestRequests(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t)
	dir := m.path("dataset", "internal", "many")
	count := func(what func()) map[string]int64 {
		d.ResetCounts()
		what()
		counts := make(map[string]int64)
		for route, c := range d.Counts() {
			if route != "search" && route != "get" && c.Requests > 0 { // refreshes
				counts[route] = c.Requests
			}
		}
		return counts
	}
	if got := count(func() { m.run("ls", "-l", dir) }); got["files"] != 2 || len(got) != 1 {
		t.Errorf("a first ls -l of a folder of 150 files took %v, not 2 listings", got)
	}
	if got := count(func() { m.run("ls", "-lR", dir); m.try("cat", dir+"/missing") }); len(got) != 0 {
		t.Errorf("a second one took %v", got)
	}
	if got := count(func() { m.run("cat", dir+"/f000", dir+"/f001") }); got["urls"] != 2 || got["s3.GetObject"] != 2 {
		t.Errorf("two files took %v", got)
	}
	if got := count(func() { m.run("cat", dir+"/f000", dir+"/f001") }); len(got) != 0 {
		t.Errorf("again they took %v", got)
	}
	if _, err := m.helper("random", dir+"/f000", contentName("internal", "many/f000"), "7", "20"); err != nil {
		t.Error(err)
	}
}

// TestRemount reads in a second mount what a first one has read: it is on disk,
// and is not asked for again; another token gets nothing of it.
func TestRemount(t *testing.T) {
	t.Parallel()
	d := generated(t)
	env, dir := d.environment(t), t.TempDir()
	read := func(env []string) (downloads int64) {
		m, err := d.tryMount(t, t.TempDir(), env, "--cache-dir", filepath.Join(dir, "cache"))
		if err != nil {
			t.Fatal(err)
		}
		defer m.stop()
		d.ResetCounts()
		for _, asset := range []string{"internal", "external"} {
			for _, name := range []string{"one", "block", "block+1", "many/f007"} {
				if _, err := m.helper("pattern", m.path("dataset", asset, name), contentName(asset, name)); err != nil {
					t.Error(err)
				}
			}
		}
		return d.Requests("s3.GetObject")
	}
	if n := read(env); n == 0 {
		t.Error("the first mount asked for nothing")
	}
	if n := read(env); n != 0 {
		t.Errorf("the second mount asked for %d ranges", n)
	}
	if n := read(append(env, "CODEOCEAN_TOKEN=cop_demo_admin")); n == 0 {
		t.Error("another user's mount read from the cache of the first")
	}
}

// TestPassingFailure loses the URLs of a file of an asset that cannot change:
// when they are back, so is the file.
func TestPassingFailure(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t)
	file := m.path("dataset", "internal", "block")
	m.run("stat", file)
	heal := d.Inject(emulator.Fault{Path: "block", Status: 404})
	if _, err := m.try("cat", file); err == nil {
		t.Error("the fault is not in force")
	}
	heal()
	if _, err := m.helper("pattern", file, contentName("internal", "block")); err != nil {
		t.Errorf("after it: %v", err)
	}
}
