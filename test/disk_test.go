package test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"codeoceanfs/remote/emulator"
)

// cacheStats is what status.json says of the cache.
type cacheStats struct {
	BytesRead    int64 `json:"bytes_read"`
	BytesFetched int64 `json:"bytes_fetched"`
	BytesKept    int64 `json:"bytes_kept"`
	DiskUsed     int64 `json:"disk_used"`
	Passed       int64 `json:"passed"`
}

func (m *mounted) cacheStats() cacheStats {
	m.t.Helper()
	var status struct{ Cache cacheStats }
	must(m.t, json.Unmarshal([]byte(m.run("cat", m.path("control", "status.json"))), &status))
	return status.Cache
}

// whole makes a file whole on disk, and waits until the kernel gets it.
func (m *mounted) whole(t *testing.T, asset, name string) {
	t.Helper()
	eventually(t, "a whole "+name, func() error {
		before := m.cacheStats().Passed
		if _, err := m.helper("pattern", m.path("dataset", asset, name), contentName(asset, name)); err != nil {
			t.Fatal(err)
		}
		if m.cacheStats().Passed == before {
			return errNotYet
		}
		return nil
	})
}

// wholeSize is that of a file which is read past our cache, and quick to check.
const wholeSize = 3<<20 + 777

// withWhole serves such a file in both assets.
func withWhole(t *testing.T) *deployment {
	t.Helper()
	d := generated(t)
	d.addWhole(t)
	return d
}

func (d *deployment) addWhole(t *testing.T) {
	t.Helper()
	d.change(t, generatedID, func(a *emulator.Asset) {
		a.Generate = append(a.Generate, emulator.Generated{Path: "whole", Size: wholeSize})
	})
	d.putObject(t, "lab-bucket", emulator.Generated{Path: "the/prefix/whole", Size: wholeSize})
}

// needRoot skips a test loudly: what it tests needs rights.
func needRoot(t *testing.T, why string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED, only root can " + why)
	}
}

// TestPassthrough opens a file while it is read, when it is whole, again and in
// several processes: no open fails, no byte is wrong, and once it is whole this
// program is not asked for any.
func TestPassthrough(t *testing.T) {
	t.Parallel()
	needRoot(t, "have the kernel read files itself")
	d := withWhole(t)
	m := d.mount(t)
	for _, asset := range []string{"internal", "external"} {
		file := m.path("dataset", asset, "whole")
		finish := m.hold(file, "1000000") // read by way of us, and open all the while
		for range 3 {
			if _, err := m.helper("pattern", file, contentName(asset, "whole")); err != nil {
				t.Error(err)
			}
		}
		if sum := finish(); len(sum) != 64 {
			t.Errorf("%s: %s", asset, sum)
		}
		m.whole(t, asset, "whole")
		before := m.cacheStats().BytesRead
		d.ResetCounts()
		finish = m.hold(file, "1000000") // read by the kernel, and open all the while
		want, err := m.helper("mmap", file)
		must(t, err)
		var wg sync.WaitGroup
		for seed := range 4 {
			wg.Go(func() {
				if _, err := m.helper("random", file, contentName(asset, "whole"), strconv.Itoa(seed), "50"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if sum := finish(); sum != strings.TrimSpace(want) {
			t.Errorf("%s: %s, not %s", asset, sum, want)
		}
		if n := m.cacheStats().BytesRead - before; n > 0 {
			t.Errorf("%s: we were asked for %d bytes", asset, n)
		}
		if n := d.Requests("s3.GetObject"); n > 0 {
			t.Errorf("%s: it took %d ranges", asset, n)
		}
	}
}

// TestPassthroughLosesItsFile takes the files of the cache away, and shortens and
// damages them, while and before the kernel reads them.
func TestPassthroughLosesItsFile(t *testing.T) {
	t.Parallel()
	needRoot(t, "have the kernel read files itself")
	d := withWhole(t)
	env, dir := d.environment(t), filepath.Join(t.TempDir(), "cache")
	mount := func() *mounted {
		m, err := d.tryMount(t, t.TempDir(), env, "--cache-dir", dir)
		must(t, err)
		return m
	}
	data := func() string { // of the largest file
		t.Helper()
		names, err := filepath.Glob(filepath.Join(dir, "blocks", "*", "*.data"))
		must(t, err)
		for _, name := range names {
			if info, err := os.Stat(name); err == nil && info.Size() == wholeSize {
				return name
			}
		}
		t.Fatal("it is not on disk")
		return ""
	}
	m := mount()
	file, name := m.path("dataset", "internal", "whole"), contentName("internal", "whole")
	m.whole(t, "internal", "whole")
	finish := m.hold(file)
	must(t, exec.Command("sh", "-c", "rm "+filepath.Join(dir, "blocks", "*", "*")).Run())
	if _, err := m.helper("pattern", file, name); err != nil {
		t.Errorf("deleted while it is open: %v", err)
	}
	finish()
	m.stop()
	m = mount()
	for what, damage := range map[string]func(f *os.File) error{
		"a flipped bit": func(f *os.File) error { _, err := f.WriteAt([]byte("x"), wholeSize/2); return err },
		"cut":           func(f *os.File) error { return f.Truncate(wholeSize / 3) },
		"zeros": func(f *os.File) error {
			return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 1<<20, 1<<20)
		},
		"cut and back": func(f *os.File) error {
			if err := f.Truncate(wholeSize / 3); err != nil {
				return err
			}
			return f.Truncate(wholeSize)
		},
	} {
		m.whole(t, "internal", "whole")
		m.stop()
		f, err := os.OpenFile(data(), os.O_RDWR, 0)
		must(t, err)
		must(t, damage(f))
		must(t, f.Close())
		m = mount()
		file = m.path("dataset", "internal", "whole")
		if _, err := m.helper("pattern", file, name); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	m.whole(t, "internal", "whole") // it heals
}

// TestPassthroughRefused keeps the cache on a file system of which the kernel
// will not read files for us: we read them, and check them once, too.
func TestPassthroughRefused(t *testing.T) {
	t.Parallel()
	needRoot(t, "mount an overlay")
	base := t.TempDir()
	dirs := map[string]string{}
	for _, name := range []string{"lower", "upper", "work", "all"} {
		dirs[name] = filepath.Join(base, name)
		must(t, os.Mkdir(dirs[name], 0o700))
	}
	err := unix.Mount("overlay", dirs["all"], "overlay", 0, "lowerdir="+dirs["lower"]+",upperdir="+dirs["upper"]+",workdir="+dirs["work"])
	if err != nil {
		t.Skip("SKIPPED, no overlay can be mounted here: ", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dirs["all"], unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	d := withWhole(t)
	env := d.environment(t)
	for round := range 3 {
		m, err := d.tryMount(t, t.TempDir(), env, "--cache-dir", filepath.Join(dirs["all"], "cache"))
		must(t, err)
		file, name := m.path("dataset", "internal", "whole"), contentName("internal", "whole")
		if round == 0 {
			m.whole(t, "internal", "whole")
			m.stop()
			continue
		}
		d.ResetCounts()
		before := m.cacheStats().BytesRead
		finish := m.hold(file)
		for seed := range 3 {
			if _, err := m.helper("random", file, name, strconv.Itoa(seed), "20"); err != nil {
				t.Error(err)
			}
		}
		if sum := finish(); len(sum) != 64 {
			t.Error(sum)
		}
		if m.cacheStats().BytesRead == before {
			t.Error("the kernel read it all the same")
		}
		if asked := d.asked(); len(asked) > 0 {
			t.Errorf("it takes %v", asked)
		}
		m.stop()
	}
}

// TestFullDisk keeps the cache on a disk that is full after a few files: nobody
// who reads notices.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	needRoot(t, "mount a small file system to fill")
	dir := t.TempDir()
	must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size=20m"))
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	m := generated(t).mount(t, "--cache-dir", dir, "--memory-limit", "64M")
	for range 2 {
		for _, asset := range []string{"internal", "external"} {
			for _, name := range []string{"middle", "block+1", "many/f001"} {
				if _, err := m.helper("pattern", m.path("dataset", asset, name), contentName(asset, name)); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// TestDeletedCache removes the directory of the cache again and again while it
// is read.
func TestDeletedCache(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cache")
	m := generated(t).mount(t, "--cache-dir", dir, "--memory-limit", "64M")
	for round := range 4 {
		for _, asset := range []string{"internal", "external"} {
			if _, err := m.helper("random", m.path("dataset", asset, "middle"), contentName(asset, "middle"), strconv.Itoa(round), "40"); err != nil {
				t.Error(err)
			}
			must(t, os.RemoveAll(dir))
		}
	}
}

// TestKilledNeighbour has two mounts share a cache directory. One is killed again
// and again in the middle of reading, the other reads on: no byte is wrong, and
// what one of them has on disk the other does not fetch.
func TestKilledNeighbour(t *testing.T) {
	t.Parallel()
	kills := 4
	if full() {
		kills = 200
	}
	d := serve(t, func(c *emulator.Config) { c.ConnRate, c.TotalRate = 40<<20, 40<<20 }) // a file takes half a second
	const size = 20 << 20
	d.add(t, emulator.Asset{
		Record:   emulator.Record{ID: generatedID, Name: "internal", Type: "dataset", State: "ready"},
		Generate: []emulator.Generated{{Path: "f%04d", Count: []int{1000}, Size: size}},
	})
	env, dir := d.environment(t), filepath.Join(t.TempDir(), "cache")
	mount := func() *mounted {
		m, err := d.tryMount(t, t.TempDir(), env, "--cache-dir", dir)
		must(t, err)
		return m
	}
	read := func(m *mounted, i int) error {
		name := fmt.Sprintf("f%04d", i)
		_, err := m.helper("pattern", m.path("dataset", "internal", name), contentName("internal", name))
		return err
	}
	survivor := mount()
	var slowest time.Duration // to mount, after the one before was killed
	for i := range kills {
		start := time.Now()
		victim := mount()
		slowest = max(slowest, time.Since(start))
		began := d.Counts()["s3.GetObject"].Bytes
		ended := make(chan struct{})
		go func() {
			_ = read(victim, i) // until it is killed
			close(ended)
		}()
		eventually(t, "the victim's reading", func() error {
			if d.Counts()["s3.GetObject"].Bytes < began+int64(i%4+1)*size/5 {
				return errNotYet
			}
			return nil
		})
		must(t, victim.process.Kill())
		<-victim.exited
		<-ended
		if err := read(survivor, i); err != nil {
			t.Error(err)
		}
		// It has written to disk at once what it fetched, but for what was on its
		// way: as much as may be in flight, and read ahead.
		if got := d.Counts()["s3.GetObject"].Bytes - began; got > 2*size {
			t.Errorf("%d bytes fetched of a file of %d", got, size)
		}
	}
	survivor.stop()
	last := mount()
	d.ResetCounts()
	for i := range kills {
		if err := read(last, i); err != nil {
			t.Error(err)
		}
	}
	if asked := d.asked(); len(asked) > 0 {
		t.Errorf("what both have read takes %v", asked)
	}
	figure(t, ofKills, "mounts killed in mid-read, and mounted again", kills, "200", kills >= 200)
	figure(t, ofKills, "slowest of them to answer", slowest.Round(time.Millisecond), "1s", slowest <= time.Second)
}
