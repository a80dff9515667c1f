package test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// TestTransfer moves the files of an asset into a bucket, under programs that
// have looked at them: everything is found at its new place, and a file that
// changes there is never mixed with what it was.
func TestTransfer(t *testing.T) {
	t.Parallel()
	const size = 3 << 20
	d := serve(t)
	d.addBucket(t, emulator.Bucket{Name: "elsewhere"})
	put := func(path, seed string) {
		d.putObject(t, "elsewhere", emulator.Generated{Path: "p/" + path, Size: size, Seed: seed})
	}
	files := []emulator.Generated{{Path: "top", Size: size, Seed: "one"}, {Path: "sub/deep/f", Size: size, Seed: "one"}}
	id := d.add(t, emulator.Asset{Record: emulator.Record{Name: "x", Type: "dataset", State: "ready"}, Generate: files})
	m := d.mount(t)
	m.run("find", m.path("dataset", "x"))
	var missing []string // by every path to the asset, misses that seem final
	for _, dir := range []string{m.path("dataset", "x"), m.path("dataset", "x@"+id[:8]), m.path(".by-id", id), m.path(".by-id", strings.ToUpper(id))} {
		for _, path := range []string{"new", "sub/new", "more/new"} {
			missing = append(missing, dir+"/"+path)
			m.try("stat", dir+"/"+path)
		}
	}
	for _, f := range files {
		put(f.Path, "one")
	}
	for _, path := range []string{"new", "sub/new", "more/new"} {
		put(path, "two")
	}
	d.change(t, id, func(a *emulator.Asset) {
		a.SourceBucket = inBucket("elsewhere", "p")
		a.LastTransferred = float64(time.Now().Unix())
		a.Generate = nil
	})
	for _, path := range missing {
		eventually(t, "the new file", func() error {
			_, err := m.helper("pattern", path, "two")
			return err
		})
	}
	for _, f := range files {
		if _, err := m.helper("pattern", m.path("dataset", "x", f.Path), "one"); err != nil {
			t.Error(err)
		}
	}
	put("top", "three")
	eventually(t, "the file that changed there", func() error {
		_, err := m.helper("pattern", m.path("dataset", "x", "top"), "three")
		return err
	})
}

// TestCountedLater looks for a file in an asset whose record says that it has
// none, before the platform has counted them.
func TestCountedLater(t *testing.T) {
	t.Parallel()
	d := serve(t)
	id, err := d.Add(emulator.Asset{Record: emulator.Record{Name: "x", Type: "dataset", State: "ready", Files: new(int64)}})
	if err != nil {
		t.Fatal(err)
	}
	m := d.mount(t)
	paths := []string{m.path("dataset", "x", "f"), m.path("dataset", "x@"+id[:8], "f"), m.path(".by-id", id, "f")}
	for _, path := range paths {
		if _, err := m.try("stat", path); err == nil {
			t.Fatalf("%s is there", path)
		}
	}
	err = d.Change(id, func(a *emulator.Asset) {
		*a.Files = 1
		a.Generate = []emulator.Generated{{Path: "f", Text: "text"}}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		eventually(t, path, func() error {
			_, err := m.try("cat", path)
			return err
		})
	}
}

// TestEmptyForAWhile lists an asset that is ready and shows no files yet.
func TestEmptyForAWhile(t *testing.T) {
	t.Parallel()
	d := deploy(t, func(c *emulator.Config) { c.Quirks.EmptyAfterReady = 2 * time.Second })
	m := d.mount(t)
	m.run("curl", "-sSf", "-u", "cop_demo:", "-H", "Content-Type: application/json", d.APIURL()+"/api/v1/data_assets", "-d",
		`{"name": "fresh", "mount": "fresh", "tags": [], "source": {"aws": {"bucket": "demo-open-data", "public": true,
		  "prefix": "ecephys_661398_2023-03-31_17-01-09", "keep_on_external_storage": false}}}`)
	eventually(t, "the files", func() error {
		if !slices.Contains(m.list("dataset"), "fresh") {
			return errNotYet
		}
		m.run("ls", m.path("dataset", "fresh"))
		_, err := m.try("cat", m.path("dataset", "fresh", "subject.json"))
		return err
	})
}

// TestFolderEmptyForAWhile lists a folder that is said to be empty, by a
// platform that does not find it for a moment.
func TestFolderEmptyForAWhile(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t)
	m.run("ls", m.path("dataset", "internal"))
	found := d.Inject(emulator.Fault{Route: "files", Status: 200, Body: `{"items": []}`})
	if got := m.run("ls", m.path("dataset", "internal", "many")); got != "" {
		t.Fatalf("listed: %q", got)
	}
	if _, err := m.try("stat", m.path("dataset", "internal", "many", "f100")); err == nil {
		t.Fatal("a file in it was found")
	}
	found()
	eventually(t, "the files", func() error {
		_, err := m.try("stat", m.path("dataset", "internal", "many", "f100"))
		return err
	})
	if got := m.run("ls", m.path("dataset", "internal", "many")); !strings.Contains(got, "f100") {
		t.Errorf("listed: %q", got)
	}
}

// TestUnknownState looks at an asset in a state that nobody here knows, whose
// files are listed and have no URL: that none is to be had for a name does not
// mean that there is no such file.
func TestUnknownState(t *testing.T) {
	t.Parallel()
	d := serve(t)
	_, err := d.Add(emulator.Asset{
		Record:   emulator.Record{Name: "x", Type: "dataset", State: "ready"},
		Generate: []emulator.Generated{{Path: "f", Text: "text"}},
		Extra:    map[string]any{"state": "moving"},
	})
	if err != nil {
		t.Fatal(err)
	}
	m := d.mount(t)
	for _, route := range []string{"urls", "download_url"} {
		defer d.Inject(emulator.Fault{Route: route, Status: 404})()
	}
	if got, err := m.try("stat", "-c", "%s", m.path("dataset", "x", "f")); got != "4\n" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestJunkNames gives assets and files the names that desktops ask for all the
// time: what is there is there.
func TestJunkNames(t *testing.T) {
	t.Parallel()
	d := serve(t)
	odd := []string{".DS_Store", ".Trash-1000", "._notes", ".hidden", "Thumbs.db"}
	for _, name := range odd {
		d.add(t, emulator.Asset{
			Record:   emulator.Record{Name: name, Type: "dataset", State: "ready"},
			Generate: []emulator.Generated{{Path: name, Text: "it is " + name}},
		})
	}
	m := d.mount(t)
	if d := difference(m.list("dataset"), odd); d != "" {
		t.Errorf("listed:%s", d)
	}
	for _, name := range odd {
		if got := m.run("cat", m.path("dataset", name, name)); got != "it is "+name {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestExpiredListing walks a folder of a bucket whose listing expires meanwhile:
// the folder is listed again, and not asked for name by name.
func TestExpiredListing(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t, "--refresh-interval", "5s")
	dir := m.path("dataset", "external", "many")
	m.run("ls", dir)
	time.Sleep(6 * time.Second) // longer than the refresh interval
	d.ResetCounts()
	m.run("sh", "-c", fmt.Sprintf("for i in $(seq 100 149); do stat %s/f$i; done", dir))
	heads, lists := d.Requests("s3.HeadObject"), d.Requests("s3.ListObjectsV2")
	if heads+lists > 20 {
		t.Errorf("50 names took %d HEAD and %d listings", heads, lists)
	}
}

// TestStalledLookup looks names up in a directory where another lookup waits
// for the network, and a file is found to have changed.
func TestStalledLookup(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t)
	dir := m.path("dataset", "external")
	m.run("cat", dir+"/one")
	d.putObject(t, "lab-bucket", emulator.Generated{Path: "the/prefix/block", Size: 128 << 10, Seed: "second"})
	defer d.Inject(emulator.Fault{Path: "slow", Delay: 20 * time.Second})()
	slow := make(chan error, 1)
	go func() {
		_, err := m.try("stat", dir+"/slow")
		slow <- err
	}()
	m.try("cat", dir+"/block") // ESTALE, or the new one
	start := time.Now()
	if _, err := m.try("stat", dir+"/block+1"); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("another name took %s", took)
	}
	if err := <-slow; err == nil {
		t.Error("a file that does not exist was found")
	}
}

// TestSharedFailure lets many readers fail together at what one of them asked
// for: the race detector watches what they do with the error.
func TestSharedFailure(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t)
	file := m.path("dataset", "internal", "big")
	m.run("stat", file)
	d.Inject(emulator.Fault{Route: "urls", Status: 404, Delay: 100 * time.Millisecond})
	d.Inject(emulator.Fault{Route: "download_url", Status: 404})
	for range 2 {
		out, err := m.try("sh", "-c", "for i in 1 2 3 4 5 6 7 8; do dd if="+file+" of=/dev/null bs=1M skip=$((i*40)) count=4 2>&1 & done; wait")
		if err != nil || !strings.Contains(out, "Stale file handle") {
			t.Errorf("%s %v", out, err)
		}
	}
	if _, err := m.try("ls", m.path("dataset")); err != nil {
		t.Error(errors.Join(err, errors.New("after it")))
	}
}
