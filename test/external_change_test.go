package test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// change is something that happens to the bucket of an asset while programs
// look at it. The bucket holds the object "f", of versionSize bytes that follow
// from "old", and "d/x".
type change struct {
	first  emulator.Generated // in the place of "f", if it is not as above
	opened int64              // how much of f is read through the handle that is open meanwhile
	does   func(*versions)
	handle string            // what that handle gives of f from its start on: "old", "stale", either, or "refused"
	then   map[string]string // what whoever looks again finds within the refresh interval: path → "", or what its bytes follow from
	gone   []string          // and what not
	time   string            // the time of f, in unix seconds, that they find
}

const versionSize = 300_000

// versions is the bucket of one case.
type versions struct {
	t      testing.TB
	d      *deployment
	bucket string
}

func (v *versions) put(o emulator.Generated) {
	v.d.putObject(v.t, v.bucket, o)
}

func (v *versions) remove(keys ...string) {
	v.d.deleteObject(v.t, v.bucket, keys...)
}

func (v *versions) replace(size int64) {
	v.put(emulator.Generated{Path: "f", Size: size, Seed: "new"})
}

var changes = map[string]change{
	"an object replaced by one of the same size is stale where it is open, and new to whoever looks again": {
		does: func(v *versions) { v.replace(versionSize) }, handle: "stale", then: map[string]string{"f": "new"},
	},
	"an object replaced by a shorter one is stale, and new": {
		does: func(v *versions) { v.replace(versionSize / 3) }, handle: "stale", then: map[string]string{"f": "new"},
	},
	"an object replaced by a longer one is stale, and new": {
		does: func(v *versions) { v.replace(versionSize * 3) }, handle: "stale", then: map[string]string{"f": "new"},
	},
	"an object replaced by an empty one is stale, and empty": {
		does: func(v *versions) { v.replace(0) }, handle: "stale", then: map[string]string{"f": "new"},
	},
	"an object that was read whole before stays what it was where it is open": {
		opened: versionSize, does: func(v *versions) { v.replace(versionSize) }, handle: "old", then: map[string]string{"f": "new"},
	},
	"an object that was read in part gives the rest of the same version, or is stale": {
		first: emulator.Generated{Path: "f", Size: 16 << 20, Seed: "old"}, opened: 1000,
		does: func(v *versions) { v.replace(16 << 20) }, handle: "old or stale", then: map[string]string{"f": "new"},
	},
	"an object that is deleted is stale where it is open, and gone": {
		does: func(v *versions) { v.remove("f") }, handle: "stale", gone: []string{"f"},
	},
	"a bucket that is closed to us is refused where it is open": {
		does: func(v *versions) {
			v.d.addBucket(v.t, emulator.Bucket{Name: v.bucket, AccessKeys: []string{"AKIAOTHER"}})
		},
		handle: "refused",
	},
	"an object that changes and changes back is the first one again": {
		does: func(v *versions) {
			v.replace(versionSize)
			v.put(emulator.Generated{Path: "f", Size: versionSize, Seed: "old"})
		},
		handle: "old", then: map[string]string{"f": "old"},
	},
	"an object that is written again with the same bytes goes on where it is open, and has its new time": {
		does:   func(v *versions) { v.put(emulator.Generated{Path: "f", Size: versionSize, Seed: "old", Modified: 2e9}) },
		handle: "old", then: map[string]string{"f": "old"}, time: "2000000000\n2000000000\n",
	},
	"an object whose store gives no ETags is told from another by its time": {
		first: emulator.Generated{Path: "f", Size: versionSize, Seed: "old", NoETag: true, Modified: 1e9},
		does: func(v *versions) {
			v.put(emulator.Generated{Path: "f", Size: versionSize, Seed: "new", NoETag: true})
		},
		handle: "stale", then: map[string]string{"f": "new"},
	},
	"an object in parts is one version like any other": {
		first: emulator.Generated{Path: "f", Size: versionSize, Seed: "old", ETag: `"0123456789abcdef0123456789abcdef-12"`},
		does: func(v *versions) {
			v.put(emulator.Generated{Path: "f", Size: versionSize, Seed: "new", ETag: `"0123456789abcdef0123456789abcdef-13"`})
		},
		handle: "stale", then: map[string]string{"f": "new"},
	},
	"an object that comes shows": {
		does:   func(v *versions) { v.put(emulator.Generated{Path: "g", Size: 10, Seed: "new"}) },
		handle: "old", then: map[string]string{"g": "new", "f": "old"},
	},
	"a folder that comes shows": {
		does:   func(v *versions) { v.put(emulator.Generated{Path: "e/e/e", Size: 10, Seed: "new"}) },
		handle: "old", then: map[string]string{"e/e": "", "e/e/e": "new"},
	},
	"a folder that goes is gone": {
		does: func(v *versions) { v.remove("d/x") }, handle: "old", gone: []string{"d/x", "d"},
	},
	"a file that becomes a folder is one": {
		does: func(v *versions) {
			v.remove("f")
			v.put(emulator.Generated{Path: "f/x", Size: 10, Seed: "new"})
		},
		handle: "stale", then: map[string]string{"f": "", "f/x": "new"},
	},
	"a folder that becomes a file is one": {
		does: func(v *versions) {
			v.remove("d/x")
			v.put(emulator.Generated{Path: "d", Size: 10, Seed: "new"})
		},
		handle: "old", then: map[string]string{"d": "new"}, gone: []string{"d/x"},
	},
	"a folder that comes beside a file of its name takes the name": {
		does:   func(v *versions) { v.put(emulator.Generated{Path: "f/x", Size: 10, Seed: "new"}) },
		handle: "old", then: map[string]string{"f": "", "f/x": "new", "f@file": "old"},
	},
}

// TestExternalChanges changes buckets under programs that have their files
// open, and under those that look again.
func TestExternalChanges(t *testing.T) {
	t.Parallel()
	d := serve(t)
	buckets := make(map[string]string)
	for name, c := range changes {
		bucket := fmt.Sprintf("bucket-%d", len(buckets))
		buckets[name] = bucket
		if c.first.Path == "" {
			c.first = emulator.Generated{Path: "f", Size: versionSize, Seed: "old"}
		}
		d.addExternal(t, name, "", emulator.Bucket{Name: bucket, Generate: []emulator.Generated{c.first, {Path: "d/x", Size: 10}}})
	}
	all := d.mount(t)
	for name, c := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := all.in(t)
			file := m.path("dataset", name, "f")
			m.run("find", m.path("dataset", name)) // so that the kernel and we know it as it was
			m.try("stat", m.path("dataset", name, "g"))
			read := m.hold(file, fmt.Sprint(c.opened))
			size := max(c.first.Size, versionSize)
			c.does(&versions{t, d, buckets[name]})
			var outcomes []string
			if strings.Contains(c.handle, "old") {
				outcomes = append(outcomes, patternSum(t, "old", size))
			}
			if strings.Contains(c.handle, "stale") {
				outcomes = append(outcomes, "stale NFS file handle", "stale file handle")
			}
			if c.handle == "refused" {
				outcomes = append(outcomes, "permission denied")
			}
			got := read()
			if !slices.ContainsFunc(outcomes, func(o string) bool { return strings.HasSuffix(got, o) }) {
				t.Errorf("the open file gives %q, want %s", got, c.handle)
			}
			for path, seed := range c.then {
				eventually(t, path, func() (err error) {
					if path := m.path("dataset", name, path); seed == "" {
						_, err = m.try("ls", path+"/.")
					} else {
						_, err = m.helper("pattern", path, seed)
					}
					return err
				})
			}
			if c.time != "" { // by its name, and where it is open
				eventually(t, "the time", func() error {
					if got := m.run("sh", "-c", `stat -c %Y "$1"; stat -L -c %Y - <"$1"`, "-", file); got != c.time {
						return errors.New(got)
					}
					return nil
				})
			}
			for _, path := range c.gone {
				eventually(t, "no "+path, func() error {
					if _, err := m.try("stat", m.path("dataset", name, path)); err == nil || !strings.Contains(err.Error(), "No such file") && !strings.Contains(err.Error(), "Not a directory") {
						return errors.Join(errNotYet, err)
					}
					return nil
				})
			}
		})
	}
}

// TestChangedObject replaces an object while it is open: the reader gets ESTALE
// and never a mix, and whoever looks again gets the new one.
func TestChangedObject(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t)
	file := m.path("dataset", "external", "middle")
	if _, err := m.helper("random", file, contentName("external", "middle"), "3", "5"); err != nil {
		t.Fatal(err)
	}
	read := m.hold(file)
	d.putObject(t, "lab-bucket", emulator.Generated{Path: "the/prefix/middle", Size: middleSize, Seed: "second"})
	if got := read(); !strings.HasSuffix(got, "stale NFS file handle") && !strings.HasSuffix(got, "stale file handle") {
		t.Errorf("the open file: %q", got)
	}
	eventually(t, "the new version", func() error {
		_, err := m.helper("random", file, "second", "5", "20")
		return err
	})
	// It changes, and changes back: the first version is one again.
	first := emulator.Generated{Path: "the/prefix/block", Size: 128 << 10, Seed: "lab-bucket/the/prefix/block"}
	other := emulator.Generated{Path: "the/prefix/block", Size: 128 << 10, Seed: "other"}
	read = m.hold(m.path("dataset", "external", "block"))
	d.putObject(t, "lab-bucket", other)
	if got := read(); !strings.HasSuffix(got, "file handle") {
		t.Errorf("the open file: %q", got)
	}
	d.putObject(t, "lab-bucket", first)
	eventually(t, "the first version", func() error {
		_, err := m.helper("pattern", m.path("dataset", "external", "block"), contentName("external", "block"))
		return err
	})
}

// patternSum is the SHA-256 of so many generated bytes.
func patternSum(t testing.TB, seed string, size int64) string {
	t.Helper()
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(emulator.Pattern(seed), 0, size)); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}
