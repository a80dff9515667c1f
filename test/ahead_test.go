package test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// kinds are the kinds of assets whose files are fetched in different ways.
var kinds = []string{"internal", "external"}

// addKind adds an asset of generated files, and returns what the contents of its
// files follow from.
func (d *deployment) addKind(t *testing.T, kind, name string, files ...emulator.Generated) (content string) {
	t.Helper()
	if kind == "internal" {
		return d.add(t, emulator.Asset{Record: emulator.Record{Name: name, Type: "dataset", State: "ready"}, Generate: files})
	}
	bucket := "of-" + strings.NewReplacer(" ", "-", ",", "").Replace(name)
	d.addExternal(t, name, "", emulator.Bucket{Name: bucket, Public: true, Generate: files})
	return bucket
}

// right checks the bytes of some files of an asset.
func (m *mounted) right(asset, content, format string) {
	m.t.Helper()
	var list []map[string][]byte
	for i := range 12 {
		path := fmt.Sprintf(format, i)
		list = append(list, map[string][]byte{"Path": []byte(m.path("dataset", asset, path)), "Name": []byte(content + "/" + path)})
	}
	raw, err := json.Marshal(list)
	must(m.t, err)
	file := filepath.Join(m.t.TempDir(), "list")
	must(m.t, os.WriteFile(file, raw, 0o600))
	if _, err := m.helper("patterns", file); err != nil {
		m.t.Error(err)
	}
}

// tally counts what the deployment was asked since the last count: files' bytes,
// signed URLs, and listings.
func (d *deployment) tally() (gets, urls, lists int64) {
	gets, urls = d.Requests("s3.GetObject"), d.Requests("urls")
	lists = d.Requests("files") + d.Requests("s3.ListObjectsV2")
	d.ResetCounts()
	return gets, urls, lists
}

// reads are ways to go through an asset's folders, in its directory. Each file is
// asked for once, in any way, and none in vain.
var reads = []struct {
	name, run string
	files     int64
	generated emulator.Generated
	check     string
}{
	{"in the order of the shell", "cat a/*", 80, emulator.Generated{Path: "a/f%02d", Count: []int{80}, Size: 5000}, "a/f%02d"},
	{"by cp -r, in an order of its own", `cp -r a "$2"`, 80, emulator.Generated{Path: "a/f%02d", Count: []int{80}, Size: 5000}, "a/f%02d"},
	{"by tar, folder after folder", "tar -cf - . | cat", 105, emulator.Generated{Path: "r%02d/f%d", Count: []int{15, 7}, Size: 3000}, "r%02d/f3"},
	{"backwards", "ls -r a | sed s,^,a/, | xargs cat", 80, emulator.Generated{Path: "a/f%02d", Count: []int{80}, Size: 5000}, "a/f%02d"},
	{"each fifth", "ls a >&2; cat a/f?0 a/f?5", 20, emulator.Generated{Path: "a/f%02d", Count: []int{100}, Size: 300_000}, "a/f%02d"},
	{"by their numbers", "ls a >&2; for i in $(seq 0 23); do cat a/$i; done", 24, emulator.Generated{}, "a/%d"},
	{"by eight at once", "ls a | sed s,^,a/, | xargs -P8 -n5 cat", 80, emulator.Generated{Path: "a/f%02d", Count: []int{80}, Size: 5000}, "a/f%02d"},
	{"files without bytes", "cat a/*", 0, emulator.Generated{Path: "a/f%02d", Count: []int{80}}, "a/f%02d"},
}

// TestReadInARow goes through folders in many ways.
func TestReadInARow(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		d := serve(t)
		content := map[string]string{}
		for _, c := range reads {
			files := []emulator.Generated{c.generated}
			if c.generated.Path == "" {
				files = nil
				for i := range 24 {
					files = append(files, emulator.Generated{Path: fmt.Sprintf(c.check, i), Size: 700})
				}
			}
			content[c.name] = d.addKind(t, kind, c.name, files...)
		}
		all := d.mount(t, "--refresh-interval", "1h")
		all.run("ls", all.path("dataset"))
		hedged := int64(0)
		for _, c := range reads {
			t.Run(kind+" "+c.name, func(t *testing.T) {
				m := all.in(t)
				d.tally()
				m.run("sh", "-c", `cd "$1" && { `+c.run+`; } >"$2/out"`, "-", m.path("dataset", c.name), t.TempDir())
				gets, urls, _ := d.tally()
				// A range that was late may have been asked for twice.
				now := m.status().Cache.Hedged
				more := now - hedged
				hedged = now
				if gets < c.files || gets > c.files+more {
					t.Errorf("%d requests for %d files, %d of them late", gets, c.files, more)
				}
				if kind == "internal" && urls != c.files || kind == "external" && urls != 0 {
					t.Errorf("%d signed URLs for %d files", urls, c.files)
				}
				m.right(c.name, content[c.name], c.check)
			})
		}
	}
}

// TestAheadOfReaders counts what is sent while nothing is answered: reading on
// has files on their way that nobody has opened, and who reads a few has not.
func TestAheadOfReaders(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		d := serve(t)
		content := d.addKind(t, kind, "few", emulator.Generated{Path: "f%03d", Count: []int{200}, Size: 5000})
		m := d.mount(t, "--refresh-interval", "1h")
		dir := m.path("dataset", "few")
		m.run("ls", dir)
		d.tally()
		m.run("sh", "-c", `cd "$1" && cat f100 f150 f151 f199`, "-", dir)
		if gets, _, _ := d.tally(); gets < 4 || gets > 4+m.status().Cache.Hedged {
			t.Errorf("%s: %d requests for four files here and there", kind, gets)
		}
		m.run("sh", "-c", `cd "$1" && cat f000 f001 f002`, "-", dir)
		eventually(t, "four more files", func() error {
			if n := d.Requests("s3.GetObject"); n != 7 {
				return fmt.Errorf("%d requests for three files", n)
			}
			return nil
		})
		d.tally()
		heal := d.Inject(emulator.Fault{Route: "s3.GetObject", Delay: time.Hour})
		defer heal()
		done := make(chan error, 1)
		go func() {
			_, err := m.try("sh", "-c", `cd "$1" && cat f00? f01?`, "-", dir)
			done <- err
		}()
		eventually(t, "many files on their way", func() error {
			if n := d.Requests("s3.GetObject"); n < 10 {
				return fmt.Errorf("%d requests", n)
			}
			return nil
		})
		heal()
		must(t, <-done)
		m.right("few", content, "f%03d")
	}
}

// walkers go through the tree of folders $1.
var walkers = map[string]string{
	"find": `find "$1"`, "ls": `ls -lR "$1"`, "cp": `cp -r "$1" "$2/copied"`, "tar": `tar -cf - "$1" | cat`,
	"rsync": `rsync -a "$1" "$2/synced"`, "du": `du -a "$1"`,
}

// TestWalksAhead goes through trees of folders. Each is listed once, though many
// at once.
func TestWalksAhead(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		d := serve(t)
		for tool := range walkers {
			d.addKind(t, kind, "by-"+tool, emulator.Generated{Path: "w%d/d%d/f", Count: []int{7, 7}, Size: 10})
		}
		all := d.mount(t, "--refresh-interval", "1h")
		all.run("ls", all.path("dataset"))
		for tool, run := range walkers {
			t.Run(kind+" "+tool, func(t *testing.T) {
				m := all.in(t)
				d.tally()
				m.run("sh", "-c", run+` >"$2/out"`, "-", m.path("dataset", "by-"+tool), t.TempDir())
				// Keys of a bucket tell of several folders at once.
				if _, _, lists := d.tally(); kind == "internal" && lists != 57 || lists > 57 && kind == "external" {
					t.Errorf("%d listings for 57 folders", lists)
				}
			})
		}
	}
}

// TestListedTogether lets few listings through: a walk has many on their way.
func TestListedTogether(t *testing.T) {
	t.Parallel()
	d := serve(t)
	d.addKind(t, "internal", "rows", emulator.Generated{Path: "w%02d/d/f", Count: []int{50}, Size: 10})
	m := d.mount(t, "--refresh-interval", "1h")
	dir := m.path("dataset", "rows")
	m.run("stat", dir)
	d.tally()
	const first, together = 8, 5
	heal := d.Inject(emulator.Fault{Route: "files", Skip: first, Delay: time.Hour})
	done := make(chan error, 1)
	go func() {
		_, err := m.try("find", dir)
		done <- err
	}()
	eventually(t, "many listings on their way", func() error {
		if n := d.Requests("files"); n < first+together {
			return fmt.Errorf("%d requests", n)
		}
		return nil
	})
	heal()
	must(t, <-done)
	if _, _, lists := d.tally(); lists != 101 {
		t.Errorf("%d listings for 101 folders", lists)
	}
}
