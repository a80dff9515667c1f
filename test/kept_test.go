package test

import (
	"path/filepath"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// asked are the requests for files and their bytes since the last reset, by
// route; what keeps the catalog up to date is not counted.
func (d *deployment) asked() map[string]int64 {
	asked := make(map[string]int64)
	for route, c := range d.Counts() {
		if route != "search" && route != "get" && c.Requests > 0 {
			asked[route] = c.Requests
		}
	}
	return asked
}

// readAll reads the files of the internal asset as a user would, with find and
// cat, and checks those that are given.
func (m *mounted) readAll(t *testing.T, names ...string) {
	t.Helper()
	dir := m.path("dataset", "internal")
	m.run("find", dir)
	for _, name := range names {
		if _, err := m.helper("pattern", filepath.Join(dir, name), contentName("internal", name)); err != nil {
			t.Error(err)
		}
	}
	m.run("sh", "-c", "cat "+dir+"/many/* > /dev/null")
}

// TestSecondRunIsLocal reads an asset, again, in a second mount, and with the
// platform away: what was seen before takes no request.
func TestSecondRunIsLocal(t *testing.T) {
	t.Parallel()
	d := generated(t)
	env, cache := d.environment(t), filepath.Join(t.TempDir(), "cache")
	names := []string{"empty", "one", "block", "block-1", "block+1", "middle", "many/f007"}
	mount := func() *mounted {
		m, err := d.tryMount(t, t.TempDir(), env, "--cache-dir", cache)
		must(t, err)
		return m
	}
	m := mount()
	m.readAll(t, names...)
	again := func(when string) {
		t.Helper()
		d.ResetCounts()
		m.readAll(t, names...)
		if asked := d.asked(); len(asked) > 0 {
			t.Errorf("%s it takes %v", when, asked)
		}
	}
	again("a second time")
	m.stop()
	m = mount()
	again("in a second mount")
	m.stop()
	m = mount()
	heal := d.Inject(emulator.Fault{Status: 503})
	again("with the platform away")
	heal()
	m.stop()
	// A refusal of what was not seen ends all of it.
	d.change(t, generatedID, func(a *emulator.Asset) { a.RefuseFiles = true })
	m = mount()
	m.fails("Permission denied", "cat", m.path("dataset", "internal", "big"))
	m.fails("Permission denied", "cat", m.path("dataset", "internal", "one"))
}

// TestPlatformAway mounts without the platform what an earlier mount has seen.
func TestPlatformAway(t *testing.T) {
	t.Parallel()
	d := generated(t)
	env, cache := d.environment(t), filepath.Join(t.TempDir(), "cache")
	m, err := d.tryMount(t, t.TempDir(), env, "--cache-dir", cache)
	must(t, err)
	names := []string{"empty", "one", "block+1", "many/f007"}
	m.readAll(t, names...)
	must(t, d.Close())
	m.readAll(t, names...)
	m.stop()
	m, err = d.tryMount(t, t.TempDir(), env, "--cache-dir", cache)
	must(t, err)
	m.readAll(t, names...)
	if !strings.Contains(m.log.String(), "mounting what is on disk") {
		t.Error("the log does not say that the platform is away")
	}
	m.stop()
	// In the background too: the terminal says it, and all is well.
	point := t.TempDir()
	stdout, stderr, code := command(t, env, "mount", "--cache-dir", cache, point)
	if code != 0 || !strings.Contains(stdout, "is mounted on") || !strings.Contains(stderr, "what is on disk is mounted") {
		t.Errorf("status %d, %q, and no warning in %q", code, stdout, stderr)
	}
	stdout, stderr, code = command(t, append(env[:len(env):len(env)], "CODEOCEAN_DOMAIN="), "doctor", point)
	if code != 0 || !strings.Contains(stdout, "note token") || !strings.Contains(stdout, "note mount") {
		t.Errorf("doctor: status %d, %s%s", code, stdout, stderr)
	}
	if _, stderr, code := command(t, env, "umount", "--lazy", point); code != 0 {
		t.Errorf("umount: %d %s", code, stderr)
	}
	if _, err := d.tryMount(t, t.TempDir(), env, "--cache-dir", filepath.Join(t.TempDir(), "empty")); err == nil {
		t.Error("mounted, with nothing there")
	}
}
