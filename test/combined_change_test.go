package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// TestCombinedChanges changes members under a mount.
func TestCombinedChanges(t *testing.T) {
	t.Parallel()
	d := serve(t)
	d.parts(t)
	d.add(t, emulator.Asset{Record: emulator.Record{Name: "all", Type: "combined", Contained: members(
		draftID, "coming", firstID, "leaving", secondID, "deleted", archivedID, "moving", thirdID, "staying",
	)}})
	m := d.mount(t)
	shows := func(want ...string) {
		t.Helper()
		eventually(t, "the members", func() error {
			if got := m.look(t, "combined", "all"); !slices.Equal(got, want) {
				return fmt.Errorf("got %q\n not %q", got, want)
			}
			return nil
		})
	}
	shows("coming/: permission denied", "deleted/", "deleted/f: two", "leaving/", "leaving/f: one",
		"moving/", "moving/f: nine", "staying/", "staying/f: three")

	// A copy has all that there is, and is no success.
	to := t.TempDir()
	if _, err := m.try("cp", "-r", m.path("combined", "all"), to); err == nil ||
		!strings.Contains(err.Error(), "all/coming': Permission denied") {
		t.Errorf("cp -r of a combined asset with a hole: %v", err)
	}
	if got := m.run("cat", to+"/all/staying/f", to+"/all/leaving/f"); got != "threeone" {
		t.Errorf("cp -r copied %q", got)
	}
	if got := m.run("cat", m.path("combined", "all", "coming", ".meta.json")); !strings.Contains(got, `"draft"`) {
		t.Errorf("the record of a member that does not open: %s", got)
	}

	// A member that becomes ready has its files; one that is moved has those of
	// its new place; one that is shared no longer, or deleted, does not open any
	// more; and none of it takes a remount.
	if err := d.PutObject("lab", emulator.Generated{Path: "moved/g", Text: "moved"}); err != nil {
		t.Fatal(err)
	}
	for id, edit := range map[string]func(*emulator.Asset){
		draftID: func(a *emulator.Asset) { a.State = "ready" },
		firstID: func(a *emulator.Asset) { a.Owner, a.OwnerEmail = "somebody else", "" },
		archivedID: func(a *emulator.Asset) {
			a.SourceBucket = &emulator.SourceBucket{Origin: "aws", Bucket: "lab", Prefix: "moved", External: true}
			a.LastTransferred = float64(time.Now().Unix())
		},
	} {
		if err := d.Change(id, edit); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Remove(secondID); err != nil {
		t.Fatal(err)
	}
	shows("coming/", "coming/f: four", "deleted/: no such file or directory", "leaving/: permission denied",
		"moving/", "moving/g: moved", "staying/", "staying/f: three")
}

// TestCombinedWaits looks at combined assets whose members are slow, or many.
func TestCombinedWaits(t *testing.T) {
	t.Parallel()
	d := serve(t)
	d.parts(t)
	if err := d.AddBucket(emulator.Bucket{Name: "down"}); err != nil {
		t.Fatal(err)
	}
	var many []emulator.Contained
	for i := range 200 {
		id := d.add(t, emulator.Asset{Generate: []emulator.Generated{{Path: "f", Text: "small"}}})
		many = append(many, emulator.Contained{ID: id, Mount: fmt.Sprintf("m%03d", i)})
	}
	down := d.add(t, emulator.Asset{Record: emulator.Record{SourceBucket: &emulator.SourceBucket{Origin: "aws", Bucket: "down", External: true}}})
	d.add(t, emulator.Asset{Record: emulator.Record{Name: "many", Type: "combined", Contained: many}})
	d.add(t, emulator.Asset{Record: emulator.Record{Name: "some", Type: "combined", Contained: many[:40]}})
	d.add(t, emulator.Asset{Record: emulator.Record{Name: "down", Type: "combined", Contained: members(down, "a", firstID, "b")}})
	// A mount that shows combined assets alone has no member in its catalog.
	m := d.mount(t, "--type", "combined", "--refresh-interval", "1h")
	m.run("ls", m.path("combined"))

	t.Run("200 members are listed, with their attributes, without a request", func(t *testing.T) {
		d.ResetCounts()
		if got := strings.Count(m.run("ls", "-l", m.path("combined", "many")), "\n"); got != 201 {
			t.Errorf("%d lines", got)
		}
		for route, count := range d.Counts() {
			if count.Requests > 0 {
				t.Errorf("%s: %d requests", route, count.Requests)
			}
		}
	})
	t.Run("members that no listing shows are asked for together when one of them is opened", func(t *testing.T) {
		defer d.Inject(emulator.Fault{Route: "get", Delay: 100 * time.Millisecond})()
		d.ResetCounts()
		if got := strings.Count(m.run("find", m.path("combined", "some"), "-name", "f"), "\n"); got != 40 {
			t.Errorf("%d files", got)
		}
		if get := d.Counts()["get"]; get.Requests != 40 || get.Peak < 4 {
			t.Errorf("%d requests for 40 records, %d at once", get.Requests, get.Peak)
		}
	})
	t.Run("a member whose bucket does not answer holds up neither the list nor other members", func(t *testing.T) {
		remove := d.Inject(emulator.Fault{Path: "/down", Delay: time.Hour})
		waits := make(chan error, 1)
		go func() {
			_, err := m.try("ls", m.path("combined", "down", "a"))
			waits <- err
		}()
		eventually(t, "somebody waits for the bucket", func() error {
			if d.Requests("s3.ListObjectsV2")+d.Requests("s3.HeadBucket")+d.Requests("s3.GetBucketLocation") == 0 {
				return errNotYet
			}
			return nil
		})
		began := time.Now()
		if got := m.run("ls", "-F", m.path("combined", "down")); got != "a/\nb/\n" {
			t.Errorf("ls: %q", got)
		}
		if got := m.run("cat", m.path("combined", "down", "b", "f")); got != "one" {
			t.Errorf("cat: %q", got)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
		remove()
		if err := <-waits; err != nil {
			t.Errorf("when the bucket answers again: %v", err)
		}
	})
}
