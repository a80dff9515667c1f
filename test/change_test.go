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
	if err := d.AddBucket(emulator.Bucket{Name: "elsewhere"}); err != nil {
		t.Fatal(err)
	}
	put := func(path, seed string) {
		if err := d.PutObject("elsewhere", emulator.Generated{Path: "p/" + path, Size: size, Seed: seed}); err != nil {
			t.Fatal(err)
		}
	}
	files := []emulator.Generated{{Path: "top", Size: size, Seed: "one"}, {Path: "sub/deep/f", Size: size, Seed: "one"}}
	id, err := d.Add(emulator.Asset{Record: emulator.Record{Name: "x", Type: "dataset", State: "ready"}, Generate: files})
	if err != nil {
		t.Fatal(err)
	}
	m := d.mount(t)
	m.run("find", m.path("dataset", "x"))
	m.try("stat", m.path("dataset", "x", "sub", "new")) // a miss that seemed final
	for _, f := range files {
		put(f.Path, "one")
	}
	put("sub/new", "two")
	err = d.Change(id, func(a *emulator.Asset) {
		a.SourceBucket = &emulator.SourceBucket{Origin: "aws", Bucket: "elsewhere", Prefix: "p", External: true}
		a.LastTransferred = float64(time.Now().Unix())
		a.Generate = nil
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new file", func() error {
		_, err := m.helper("pattern", m.path("dataset", "x", "sub", "new"), "two")
		return err
	})
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

// TestEmptyForAWhile lists an asset that is ready and shows no files yet.
func TestEmptyForAWhile(t *testing.T) {
	t.Parallel()
	d := deploy(t, func(c *emulator.Config) { c.Quirks.EmptyAfterReady = 2 * time.Second })
	m := d.mount(t)
	m.run("curl", "-sSf", "-u", "cop_demo:", "-H", "Content-Type: application/json", d.APIURL()+"/api/v1/data_assets", "-d",
		`{"name": "fresh", "mount": "fresh", "tags": [], "source": {"aws": {"bucket": "demo-open-data", "public": true,
		  "prefix": "ecephys_661398_2023-03-31_17-01-09", "keep_on_external_storage": false}}}`)
	eventually(t, "the files", func() error {
		got := m.run("ls", "-A", m.path("dataset"))
		if !strings.Contains(got, "fresh") {
			return errNotYet
		}
		m.run("ls", m.path("dataset", "fresh"))
		_, err := m.try("cat", m.path("dataset", "fresh", "subject.json"))
		return err
	})
}

// TestJunkNames gives assets and files the names that desktops ask for all the
// time: what is there is there.
func TestJunkNames(t *testing.T) {
	t.Parallel()
	d := serve(t)
	odd := []string{".DS_Store", ".Trash-1000", "._notes", ".hidden", "Thumbs.db"}
	for _, name := range odd {
		_, err := d.Add(emulator.Asset{
			Record:   emulator.Record{Name: name, Type: "dataset", State: "ready"},
			Generate: []emulator.Generated{{Path: name, Text: "it is " + name}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	m := d.mount(t)
	if got := strings.Fields(m.run("ls", "-A", m.path("dataset"))); !slices.Equal(got, odd) {
		t.Errorf("listed: %q", got)
	}
	for _, name := range odd {
		if got := m.run("cat", m.path("dataset", name, name)); got != "it is "+name {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestMembers lists combined assets that are made oddly.
func TestMembers(t *testing.T) {
	t.Parallel()
	d := serve(t)
	const one, two, self, other = "22222222-0000-4000-8000-000000000001", "33333333-0000-4000-8000-000000000002",
		"44444444-0000-4000-8000-000000000003", "55555555-0000-4000-8000-000000000004"
	for _, id := range []string{one, two} {
		_, err := d.Add(emulator.Asset{
			Record:   emulator.Record{ID: id, Name: id, Type: "dataset", State: "ready"},
			Generate: []emulator.Generated{{Path: "f", Text: id}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	combined := func(id, name string, members ...emulator.Contained) {
		_, err := d.Add(emulator.Asset{Record: emulator.Record{ID: id, Name: name, Type: "combined", State: "ready", Contained: members}})
		if err != nil {
			t.Fatal(err)
		}
	}
	combined("", "twice", emulator.Contained{ID: one, Mount: "a"}, emulator.Contained{ID: one, Mount: "b"})
	combined("", "equal", emulator.Contained{ID: one, Mount: "a"}, emulator.Contained{ID: two, Mount: "a"})
	combined("", "odd", emulator.Contained{ID: one, Mount: "../x"}, emulator.Contained{ID: two})
	combined(self, "self", emulator.Contained{ID: one, Mount: "a"}, emulator.Contained{ID: self, Mount: "again"})
	combined(other, "nested", emulator.Contained{ID: self, Mount: "inner"})
	m := d.mount(t)
	for name, want := range map[string]map[string]string{ // path of a file → asset it is of
		"twice":  {"a/f": one, "b/f": one},
		"equal":  {"a/f": one, "a@33333333/f": two},
		"odd":    {"..%2Fx/f": one, two + "/f": two},
		"self":   {"a/f": one},
		"nested": {"inner/a/f": one},
	} {
		found := strings.Fields(m.run("find", m.path("combined", name), "-name", "f", "-printf", `%P\n`))
		if len(found) != len(want) {
			t.Errorf("%s: %q", name, found)
		}
		for path, id := range want {
			if got, err := m.try("cat", m.path("combined", name, path)); got != id {
				t.Errorf("%s/%s: %q, %v", name, path, got, err)
			}
		}
	}
	// A member that is not there yet is not gone for ever.
	const late = "66666666-0000-4000-8000-000000000005"
	combined("", "early", emulator.Contained{ID: late, Mount: "a"})
	eventually(t, "the combined asset", func() error {
		_, err := m.try("ls", m.path("combined", "early"))
		return err
	})
	if _, err := m.try("cat", m.path("combined", "early", "a", "f")); err == nil {
		t.Error("a member that does not exist")
	}
	_, err := d.Add(emulator.Asset{
		Record:   emulator.Record{ID: late, Name: "late", Type: "dataset", State: "ready"},
		Generate: []emulator.Generated{{Path: "f", Text: late}},
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the late member", func() error {
		_, err := m.try("cat", m.path("combined", "early", "a", "f"))
		return err
	})
	if got := m.run("cat", m.path("control", "status.json")); !strings.Contains(got, "contains itself") {
		t.Errorf("what is left out is not told: %s", got)
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
	if err := d.PutObject("lab-bucket", emulator.Generated{Path: "the/prefix/block", Size: 128 << 10, Seed: "second"}); err != nil {
		t.Fatal(err)
	}
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
