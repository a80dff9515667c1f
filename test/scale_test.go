package test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// TestManyAssets lists more assets than a page holds, whole and right, and opens
// one by its name while the list is still being loaded.
func TestManyAssets(t *testing.T) {
	t.Parallel()
	d := serve(t, func(c *emulator.Config) { c.Latency = 30 * time.Millisecond })
	ids, err := d.Populate(5000)
	if err != nil {
		t.Fatal(err)
	}
	last, ok := d.Asset(ids[len(ids)-1])
	if !ok {
		t.Fatal("no last asset")
	}
	m := d.mount(t)
	if got := m.run("cat", m.path(last.Type, last.Name, ".meta.json")); !strings.Contains(got, last.ID) {
		t.Errorf("the last asset: %s", got)
	}
	if got := strings.Count(m.run("ls", m.path(last.Type)), "\n"); got != 5000 {
		t.Errorf("%d of 5000 assets are listed", got)
	}
}

// TestHugeFolder lists a folder of more files than the kernel gets attributes
// of, and looks at one of them.
func TestHugeFolder(t *testing.T) {
	t.Parallel()
	d := serve(t)
	id := d.add(t, emulator.Asset{
		Record:   emulator.Record{Name: "store", Type: "dataset", State: "ready"},
		Generate: []emulator.Generated{{Path: "chunks/c%05d", Count: []int{50_000}, Size: 77}},
	})
	m := d.mount(t)
	dir := m.path("dataset", "store", "chunks")
	for range 2 { // the second time from the kernel's memory
		if got := strings.Count(m.run("ls", "-U", dir), "\n"); got != 50_000 {
			t.Errorf("%d of 50000 files are listed", got)
		}
	}
	if got := strings.TrimSpace(m.run("stat", "-c", "%s", dir+"/c49999")); got != "77" {
		t.Errorf("the last file: %s bytes", got)
	}
	if _, err := m.helper("pattern", dir+"/c00007", id+"/chunks/c00007"); err != nil {
		t.Error(err)
	}
}

// TestSlowListing looks at one file of a folder whose listing takes minutes, and
// reads it, while the listing goes on.
func TestSlowListing(t *testing.T) {
	t.Parallel()
	d := serve(t)
	id := d.add(t, emulator.Asset{
		Record:   emulator.Record{Name: "store", Type: "dataset", State: "ready"},
		Generate: []emulator.Generated{{Path: "chunks/c%02d", Count: []int{50}, Size: 777}, {Path: "chunks/deeper/x", Size: 1}},
	})
	m := d.mount(t)
	defer d.Inject(emulator.Fault{Route: "files", Delay: time.Hour, Match: func(r *http.Request) bool {
		return askedFor(r, "path") == "chunks"
	}})()
	dir := m.path("dataset", "store", "chunks")
	before := d.Requests("files") + d.Requests("urls") + d.Requests("s3.GetObject")
	if got := m.run("stat", "-c", "%F %s", dir+"/c07", dir+"/deeper"); got != "regular file 777\ndirectory 0\n" {
		t.Errorf("stat: %q", got)
	}
	if n := d.Requests("files") + d.Requests("urls") + d.Requests("s3.GetObject") - before; n > 8 {
		t.Errorf("%d requests for two names", n) // two folders listed, three for each name
	}
	if _, err := m.helper("pattern", dir+"/c08", id+"/chunks/c08"); err != nil {
		t.Error(err)
	}
}

// TestNoDevice mounts on a machine without FUSE.
func TestNoDevice(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can hide the device, in a mount namespace of its own")
	}
	m := &mounted{t: t, point: t.TempDir()}
	_, err := m.try("unshare", "--mount", "sh", "-c", fmt.Sprintf(
		"mount -t tmpfs none /dev && mknod /dev/null c 1 3 && exec env CODEOCEAN_TOKEN=cop_x HOME=%q %q mount --domain x.invalid %q", t.TempDir(), binary, m.point))
	if err == nil || !strings.Contains(err.Error(), "no /dev/fuse here") || !strings.Contains(err.Error(), "exit status 32") {
		t.Errorf("%v", err)
	}
}
