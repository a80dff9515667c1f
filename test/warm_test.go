package test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"codeoceanfs/remote/emulator"
)

// TestWarm fills the disk cache by command: what it was told of is read without
// a request from then on, in other mounts too; what is there it does not read.
func TestWarm(t *testing.T) {
	t.Parallel()
	d := withWhole(t)
	env, dir := d.environment(t), filepath.Join(t.TempDir(), "cache")
	mount := func(more ...string) *mounted {
		m, err := d.tryMount(t, t.TempDir(), env, append([]string{"--cache-dir", dir}, more...)...)
		must(t, err)
		return m
	}
	warm := func(code int, says string, args ...string) {
		t.Helper()
		out, stderr, got := command(t, env, append([]string{"warm"}, args...)...)
		if got != code || !regexp.MustCompile(says).MatchString(out+stderr) {
			t.Errorf("warm %q: status %d, not %d; no %q in %q %q", args, got, code, says, out, stderr)
		}
		if strings.ContainsAny(out, "\r\x1b") {
			t.Errorf("a bar where no terminal is: %q", out)
		}
	}
	m := mount()
	many, whole := m.path("dataset", "internal", "many"), m.path("dataset", "internal", "whole")
	external := m.path("dataset", "external", "many")
	warm(0, `^301 files, 0 of them there before; 4\.237MiB read in .*; 0 failed\n$`, many, whole, external)
	warm(0, `^301 files, 301 of them there before; 0B read in .*; 0 failed\n$`, many, whole, external)
	m.stop()
	m = mount()
	d.ResetCounts()
	many, whole = m.path("dataset", "internal", "many"), m.path("dataset", "internal", "whole")
	for path, name := range map[string]string{many + "/f000": "many/f000", many + "/f149": "many/f149", whole: "whole"} {
		if _, err := m.helper("pattern", path, contentName("internal", name)); err != nil {
			t.Error(err)
		}
	}
	if asked := d.asked(); len(asked) > 0 {
		t.Errorf("what is warm takes %v", asked)
	}
	// After somebody cleared it, what memory has is written again, not fetched.
	clear := func() {
		t.Helper()
		if out, stderr, code := command(t, env, "cache", "--cache-dir", dir); code != 0 || !strings.Contains(out, "internal ("+generatedID+")") || !strings.Contains(out, "external (") {
			t.Errorf("cache: status %d, %q %q", code, out, stderr)
		}
		if out, stderr, code := command(t, env, "cache", "clear", "--cache-dir", dir); code != 0 || !strings.Contains(out, "removed") {
			t.Errorf("cache clear: status %d, %q %q", code, out, stderr)
		}
		if out, stderr, code := command(t, env, "cache", "--cache-dir", dir); code != 0 || !strings.Contains(out, ": 0 files and 0 listings") {
			t.Errorf("cache after it: status %d, %q %q", code, out, stderr)
		}
	}
	clear()
	warm(0, `0 of them there before`, many, whole)
	m.stop()
	m = mount("--read-only")
	d.ResetCounts()
	if _, err := m.helper("pattern", m.path("dataset", "internal", "whole"), contentName("internal", "whole")); err != nil {
		t.Error(err)
	}
	if n := d.Requests("s3.GetObject"); n > 0 {
		t.Errorf("%d ranges of what is warm again", n)
	}

	heal := d.Inject(emulator.Fault{Route: "s3.GetObject", Path: "block-1", Status: 404})
	warm(2, `failed: ".*block-1": `, m.path("dataset", "internal", "block"), m.path("dataset", "internal", "block-1"))
	heal()
	warm(0, `^0 files`, m.path("control"))
	warm(2, `is in no mount`, t.TempDir())
	warm(2, `no such file`, m.path("dataset", "none"))
	warm(1, `PATH is missing`)
	warm(1, `at least 1`, "--parallel", "0", m.point)
	m.stop()
	m = mount()
	m.run("ls", m.path("dataset", "internal"))
	m.process.Kill()
	<-m.exited
	for _, path := range []string{m.point, m.path("dataset", "internal")} {
		warm(2, `the mount at `+m.point+` is dead, its process is gone: codeoceanfs umount --lazy `, path)
	}
	m = mount("--cache-size", "0")
	many = m.path("dataset", "internal", "many")
	warm(2, `keeps nothing on disk`, many)
	if _, stderr, _ := command(t, env, "warm", many); strings.Count(stderr, "keeps nothing") != 1 {
		t.Errorf("said for each file: %q", stderr)
	}
}

// TestWarmOnAFullDisk ends as soon as nothing more can be kept, and says why.
func TestWarmOnAFullDisk(t *testing.T) {
	t.Parallel()
	needRoot(t, "mount a small file system to fill")
	dir := t.TempDir()
	must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"))
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	d := generated(t)
	env := d.environment(t)
	m, err := d.tryMount(t, t.TempDir(), env, "--cache-dir", dir)
	must(t, err)
	began := time.Now()
	out, stderr, code := command(t, env, "warm", m.path("dataset", "internal"))
	if took := time.Since(began); code != 2 || !strings.Contains(stderr, "is full") || took > 30*time.Second {
		t.Errorf("status %d after %v: %q %q", code, took, out, stderr)
	}
	if s := m.run("cat", m.path("control", "status.json")); !strings.Contains(s, `"disk_trouble": "`) {
		t.Errorf("status.json does not say it: %s", s)
	}
}

// TestCacheCommandFindsTheDirectory reads the same configuration as mount.
func TestCacheCommandFindsTheDirectory(t *testing.T) {
	t.Parallel()
	d := generated(t)
	env := d.environment(t)
	m, err := d.tryMount(t, t.TempDir(), env)
	must(t, err)
	m.run("cat", m.path("dataset", "internal", "one"))
	m.stop()
	if out, stderr, code := command(t, env, "cache"); code != 0 || !strings.Contains(out, "1 files and") || !strings.Contains(out, "below 20GiB") {
		t.Errorf("status %d, %q %q", code, out, stderr)
	}
	if out, stderr, code := command(t, env, "cache", "--cache-size", "3G", "--cache-dir", t.TempDir()); code != 0 || !strings.Contains(out, "nothing is kept there") {
		t.Errorf("status %d, %q %q", code, out, stderr)
	}
	if out, stderr, code := command(t, env, "cache", "--cache-dir", filepath.Join(t.TempDir(), "none")); code != 0 || !strings.Contains(out, "none: there is no such directory") {
		t.Errorf("status %d, %q %q", code, out, stderr)
	}
	for _, args := range [][]string{{"cache", "claer"}, {"cache", "clear", "all"}, {"cache", "--cache-size", "lots"}, {"cache", "--no-such-flag"}, {"cache", "clear", "--no-such-flag"}} {
		if out, _, code := command(t, env, args...); code != 1 {
			t.Errorf("%q: status %d, %q", args, code, out)
		}
	}
}
