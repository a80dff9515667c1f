package test

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

var quiet = log.New(io.Discard, "", 0)

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// noNamesOnDisk reads assets and files of hostile names, and looks at the names
// of all that was written.
func noNamesOnDisk(t *testing.T) {
	const evil = "evil"
	d := serve(t)
	d.add(t, emulator.Asset{
		Record:   emulator.Record{Name: "../../" + evil},
		Generate: []emulator.Generated{{Path: "../" + evil, Size: 200_000}, {Path: evil + "/../../" + evil, Size: 10}, {Path: evil, Size: 10}},
	})
	d.addExternal(t, evil+"-external", "", emulator.Bucket{
		Name: evil + ".bucket", Public: true, Generate: []emulator.Generated{{Path: "../../" + evil, Size: 200_000}, {Path: "/" + evil, Size: 10}},
	})
	env := d.environment(t)
	home := strings.TrimPrefix(env[0], "HOME=")
	m, err := d.tryMount(t, t.TempDir(), env)
	must(t, err)
	m.try("sh", "-c", `find "$0" -type f -exec cat {} + >/dev/null`, m.path("dataset"))
	m.run("sh", "-c", `echo '{"path": "x"}' > "$0/archive/`+evil+`.json" || true`, m.path("control"))
	m.stop()
	files := 0
	must(t, filepath.WalkDir(filepath.Dir(home), func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			files++
		}
		// A key is the user's own word, and a name in the journal's file alone.
		if strings.Contains(strings.TrimPrefix(path, home), evil) {
			t.Errorf("%s was written", path)
		}
		return err
	}))
	if files < 3 {
		t.Errorf("only %d files were written: nothing was cached?", files)
	}
}

// placesOfOthers mounts with directories that are not the user's alone.
func placesOfOthers(t *testing.T) {
	d := serve(t)
	env := d.environment(t)
	for _, flag := range []string{"--cache-dir", "--state-dir"} {
		for _, below := range []string{"", "below"} {
			open := filepath.Join(t.TempDir(), "open")
			must(t, os.Mkdir(open, 0o700))
			must(t, os.Chmod(open, 0o777))
			if _, stderr, code := command(t, env, "mount", flag, filepath.Join(open, below), t.TempDir()); code != 1 || !strings.Contains(stderr, "chmod o-w "+open) {
				t.Errorf("%s in a directory open to all: %d %s", flag, code, stderr)
			}
			must(t, os.Chmod(open, 0o777|os.ModeSticky)) // as /tmp is
			m, err := d.tryMount(t, t.TempDir(), env, flag, filepath.Join(open, "below"))
			must(t, err)
			m.stop()
		}
	}
	// Whatever the umask was, what is kept is for its owner.
	point := t.TempDir()
	m := &mounted{t: t, point: point}
	m.run("env", append(append([]string{"-i"}, env...), "sh", "-c", `umask 0; exec "$@"`, "sh", binary, "mount", "--s3-endpoint", d.S3URL(), point)...)
	pid := mountPID(t, point)
	m.run("ls", point, m.path("dataset"))
	if _, stderr, code := command(t, env, "umount", point); code != 0 {
		t.Errorf("umount: %s", stderr)
	}
	eventually(t, "the end of the process", func() error { return ended(pid) })
	home := strings.TrimPrefix(env[0], "HOME=")
	if out := m.run("find", home, "-type", "f", "-perm", "/077"); out != "" {
		t.Errorf("files open to others:\n%s", out)
	}
	if out := m.run("find", home, "-type", "d", "-path", "*/codeoceanfs/*", "-perm", "/077"); out != "" {
		t.Errorf("directories open to others:\n%s", out)
	}
}

// checksumsAreExplained looks for what the README promises about the cache.
func checksumsAreExplained(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	must(t, err)
	for _, want := range []string{"holds plain data", "checksums are against accidents, not against people"} {
		if !strings.Contains(strings.Join(strings.Fields(string(text)), " "), want) {
			t.Errorf("the README does not say %q", want)
		}
	}
}

// mountOptions looks at the mount in the kernel's table.
func mountOptions(t *testing.T) {
	d := generated(t)
	for _, flags := range [][]string{nil, {"--read-only"}, {"--allow-other"}} {
		m := d.mount(t, flags...)
		table, err := os.ReadFile("/proc/self/mountinfo")
		must(t, err)
		line := linesWith(string(table), " "+m.point+" ")
		for _, want := range []string{"nosuid", "nodev", "default_permissions", " fuse.codeoceanfs ", strings.TrimPrefix(d.APIURL(), "http://")} {
			if !strings.Contains(line, want) {
				t.Errorf("%q: no %q in %s", flags, want, line)
			}
		}
		has := func(flag string) bool { return len(flags) > 0 && flags[0] == flag }
		if strings.Contains(line, "allow_other") != has("--allow-other") || regexp.MustCompile(` ro,`).MatchString(line) != has("--read-only") {
			t.Errorf("%q: %s", flags, line)
		}
		if secrets.MatchString(line) {
			t.Errorf("a secret in %s", line)
		}
		if out := m.run("find", m.point, "-perm", "/7000"); out != "" {
			t.Errorf("setuid, setgid or sticky:\n%s", out)
		}
	}
}

// onlyFilesAndDirectories looks at the kinds of all that the samples show.
func onlyFilesAndDirectories(t *testing.T) {
	d := deploy(t)
	m := d.mount(t)
	if out, _ := m.try("find", m.point, "!", "-type", "f", "!", "-type", "d"); out != "" {
		t.Errorf("neither files nor directories:\n%s", out)
	}
	file := m.path("dataset", "MRI_721832_2024-02-11_09-30-00", "participants.tsv")
	m.run("python3", "-c", `
import fcntl, os, sys
f = os.open(sys.argv[1], os.O_RDONLY)
for request in (0x6601, 0x80086601, 0x12345678, 0xC0189436):
    try:
        fcntl.ioctl(f, request, b"\0" * 64)
    except OSError:
        continue
    sys.exit("ioctl %x is answered" % request)
for name in os.listxattr(sys.argv[1]):
    if not name.startswith("user.codeocean."):
        sys.exit("the attribute " + name)
`, file)
}

// usersSideBySide mounts for two users with one cache: neither sees, or misses,
// what the other may see.
func usersSideBySide(t *testing.T) {
	w := newWard(t)
	cache := t.TempDir()
	w.flags = append(w.flags, "--cache-dir", cache)
	w.mount()
	grace := w.m
	w.refusesToShow("private/a")
	w.flags, w.env = []string{"--cache-dir", cache}, append(w.environment(t), "CODEOCEAN_TOKEN="+w.ada.Token)
	w.mount()
	w.reads("private/a", "shared/a")
	ada := w.m
	w.m = grace
	w.refusesToShow("private/a")
	w.reads("shared/a", "mine/a")
	w.m = ada
	w.refusesToShow("mine/a")
}

// refusesToShow looks for a file that is not there for this user.
func (w *ward) refusesToShow(file string) {
	w.t.Helper()
	asset, path, _ := strings.Cut(file, "/")
	w.m.fails("No such file", "cat", w.m.path("dataset", file))
	w.m.fails("Permission denied", "cat", w.m.path(".by-id", w.ids[asset], path))
}

// foreignMountsStay mounts over, and unmounts, what is not ours.
func foreignMountsStay(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make another mount")
	}
	d := serve(t)
	point := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "none", point).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", point).Run() })
	env := d.environment(t)
	if _, stderr, code := command(t, env, "mount", point); code != 32 || !strings.Contains(stderr, "already mounted") {
		t.Errorf("a mount over another: %d %s", code, stderr)
	}
	for _, args := range [][]string{{"umount", point}, {"umount", "--lazy", point}} {
		if _, stderr, code := command(t, env, args...); code != 32 || !strings.Contains(stderr, "type tmpfs") {
			t.Errorf("%q: %d %s", args, code, stderr)
		}
	}
	if err := exec.Command("mountpoint", "-q", point).Run(); err != nil {
		t.Errorf("the other mount is gone: %v", err)
	}
}

// dependenciesAreChecked looks at what is built, and at how.
func dependenciesAreChecked(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	must(t, err)
	for _, want := range []string{"go build -trimpath", "go mod verify", "govulncheck@v", "check: "} {
		if !strings.Contains(string(makefile), want) {
			t.Errorf("the Makefile has no %q", want)
		}
	}
	module, err := os.ReadFile("../go.mod")
	must(t, err)
	if strings.Contains(string(module), "\nreplace ") || strings.Contains(string(module), "latest") {
		t.Error("go.mod replaces a module, or does not pin it")
	}
}

// deepFolders shows folders as deep as a key can be, and deeper than a path.
func deepFolders(t *testing.T) {
	d := serve(t)
	const deep = 2500 // a path of 5,000 bytes: more than the kernel takes at once
	d.add(t, emulator.Asset{Record: emulator.Record{Name: "deep"}, Generate: []emulator.Generated{{Path: strings.Repeat("d/", deep) + "f", Size: 1}}})
	d.addExternal(t, "key", "", emulator.Bucket{Name: "deep", Public: true, Generate: []emulator.Generated{{Path: strings.Repeat("d/", 500) + "f", Size: 1}}})
	m := d.mount(t, "--memory-limit", "64M")
	for asset, depth := range map[string]int{"deep": deep, "key": 500} {
		if got := strings.Count(m.run("find", m.path("dataset", asset), "-name", "d", "-printf", "."), "."); got != depth {
			t.Errorf("%s is %d deep, not %d", asset, got, depth)
		}
	}
	m.run("ls", m.path("dataset"))
}
