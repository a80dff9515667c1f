package test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hanwen/go-fuse/v2/posixtest"

	"codeoceanfs/remote/emulator"
)

// TestPosix runs go-fuse's conformance tests on the mount. Those that only read
// pass; those that begin by writing are told that this is a read-only file
// system, and nothing else.
func TestPosix(t *testing.T) {
	t.Parallel()
	m := deploy(t).mount(t)
	reading := []string{"ReadDirConsistency"}
	for _, dir := range []string{
		".", "dataset", "dataset/MRI_721832_2024-02-11_09-30-00", "dataset/ecephys_661398_2023-03-31_17-01-09/notes",
	} {
		said := m.outcomes("posix", m.path(dir))
		if len(said) != len(posixtest.All) {
			t.Errorf("%s: %d of %d tests ran", dir, len(said), len(posixtest.All))
		}
		for name, failure := range said {
			// One of them goes on, and finds that nothing was made.
			failure = regexp.MustCompile(`test\.go:\d+: Truncate: no such file or directory`).ReplaceAllString(failure, "")
			switch refused := strings.Contains(failure, "read-only file system"); {
			case slices.Contains(reading, name):
				if failure != "" {
					t.Errorf("%s: %s %s", dir, name, failure)
				}
			case !refused || strings.Count(failure, ".go:") != 1:
				t.Errorf("%s: %s is not refused as read-only, and that alone: %q", dir, name, failure)
			}
		}
	}
}

// overlaid puts a layer for writing over a directory of the mount, as people do
// with data that is read-only, in a mount namespace of its own, and runs all of
// go-fuse's tests there.
const overlaid = `set -e
mount -t tmpfs none "$SCRATCH"
mkdir "$SCRATCH/upper" "$SCRATCH/work" "$SCRATCH/merged"
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$SCRATCH/upper,workdir=$SCRATCH/work" "$SCRATCH/merged"
exec "$@" "$SCRATCH/merged"
`

// TestPosixUnderAnOverlay runs go-fuse's tests where they can write: with the
// mount as the lower layer of an overlay, in an empty folder of the mount each.
func TestPosixUnderAnOverlay(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("NOT TESTED: only root can mount an overlay")
	}
	d := serve(t)
	lab := emulator.Bucket{Name: "lab", Public: true}
	for name := range posixtest.All {
		lab.Generate = append(lab.Generate, emulator.Generated{Path: name + "/"})
	}
	d.addBucket(t, lab)
	d.add(t, emulator.Asset{Record: emulator.Record{
		Name: "folders", SourceBucket: inBucket("lab", ""),
	}})
	m := d.mount(t)
	asset := m.path("dataset", "folders")
	before := m.sums(asset)
	out, err := m.try("env", "LOWER="+asset, "SCRATCH="+t.TempDir(), "unshare", "--mount", "sh", "-c", overlaid, "sh",
		"env", helperVar+"=posix-each", os.Args[0])
	said := parseOutcomes(t, out, err)
	// It wants two locks of one process to conflict, which they do in no file
	// system of the kernel's own.
	delete(said, "FcntlFlockLocksFile")
	each(t, said)
	if after := m.sums(asset); !slices.Equal(before, after) || len(before) != 1+len(posixtest.All) {
		t.Errorf("the layer below was %q and is %q", before, after)
	}
}

// posix DIR runs go-fuse's tests in DIR.
func posix(args []string) error {
	return inside(posixTests(func(string) string { return args[0] }))
}

// posix-each DIR runs each of go-fuse's tests in the folder of DIR that has its
// name.
func posixEach(args []string) error {
	return inside(posixTests(func(name string) string { return filepath.Join(args[0], name) }))
}

func posixTests(where func(name string) string) map[string]func(*testing.T) {
	tests := make(map[string]func(*testing.T))
	for name, f := range posixtest.All {
		tests[name] = func(t *testing.T) { f(t, where(name)) }
	}
	return tests
}

// TestFS has Go's own test of file systems read assets of each kind, and the
// whole mount.
func TestFS(t *testing.T) {
	t.Parallel()
	d := serve(t)
	files := []emulator.Generated{{Path: "empty"}, {Path: "a b/ü/c", Size: 5000}, {Path: "name"}, {Path: "name/f", Size: 1}}
	d.addBucket(t, emulator.Bucket{Name: "lab", Public: true, Generate: files})
	external := inBucket("lab", "")
	d.add(t, emulator.Asset{Record: emulator.Record{ID: generatedID, Name: "internal"}, Generate: files[:2]})
	d.add(t, emulator.Asset{Record: emulator.Record{ID: externalID, Name: "external", SourceBucket: external}})
	d.add(t, emulator.Asset{Record: emulator.Record{Name: "draft", State: "draft"}, Generate: files[:2]})
	d.add(t, emulator.Asset{Record: emulator.Record{Name: "old", Type: "model"}, Archived: true, Generate: files[:2]})
	d.add(t, emulator.Asset{Record: emulator.Record{Name: "both", Type: "combined", Contained: []emulator.Contained{
		{ID: generatedID, Mount: "i"}, {ID: externalID, Mount: "e"},
	}}})
	m := d.mount(t)
	for dir, expected := range map[string]string{
		"dataset/internal":      "a b/ü/c",
		"dataset/external":      "name@file",
		"dataset/draft":         ".meta.json",
		"combined/both":         "e/name/f",
		".archived":             "model/old/empty",
		".by-id/" + generatedID: "empty",
		".search/name:internal": "internal",
		".":                     "dataset/internal/a b/ü/c",
	} {
		t.Run(dir, func(t *testing.T) {
			if _, err := m.helper("testfs", m.path(dir), expected); err != nil {
				t.Error(err)
			}
		})
	}
}

// testfs DIR EXPECTED runs Go's own test of file systems.
func testfs(args []string) error {
	return fstest.TestFS(settled{os.DirFS(args[0])}, args[1])
}

// settled is a mount without its control directory, whose files tell how the
// mount is doing just now, and so never twice the same.
type settled struct{ fs.FS }

func (s settled) Open(name string) (fs.File, error) {
	if name == "control" || strings.HasPrefix(name, "control/") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	f, err := s.FS.Open(name)
	if dir, ok := f.(fs.ReadDirFile); ok && err == nil && name == "." {
		return withoutControl{dir}, nil
	}
	return f, err
}

type withoutControl struct{ fs.ReadDirFile }

func (d withoutControl) ReadDir(n int) ([]fs.DirEntry, error) {
	entries, err := d.ReadDirFile.ReadDir(n)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.Name() == "control" }), err
}
