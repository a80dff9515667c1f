package test

import (
	"errors"
	"fmt"
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
	shows := func(want map[string]string) {
		t.Helper()
		eventually(t, "the members", func() error {
			if d := difference(lines(m.show(m.path("combined", "all"))), lines(want)); d != "" {
				return errors.New(d)
			}
			return nil
		})
	}
	shows(map[string]string{"coming/": "permission denied", "deleted/f": "two", "leaving/f": "one", "moving/f": "nine", "staying/f": "three"})

	// A copy has all that there is, and is no success.
	to := t.TempDir()
	m.fails("all/coming': Permission denied", "cp", "-r", m.path("combined", "all"), to)
	if got := m.run("cat", to+"/all/staying/f", to+"/all/leaving/f"); got != "threeone" {
		t.Errorf("cp -r copied %q", got)
	}
	if got := m.run("cat", m.path("combined", "all", "coming", ".meta.json")); !strings.Contains(got, `"draft"`) {
		t.Errorf("the record of a member that does not open: %s", got)
	}

	// A member that becomes ready has its files; one that is moved has those of
	// its new place; one that is shared no longer, or deleted, does not open any
	// more; and none of it takes a remount.
	d.putObject(t, "lab", emulator.Generated{Path: "moved/g", Text: "moved"})
	for id, edit := range map[string]func(*emulator.Asset){
		draftID: func(a *emulator.Asset) { a.State = "ready" },
		firstID: func(a *emulator.Asset) { a.Owner, a.OwnerEmail = "somebody else", "" },
		archivedID: func(a *emulator.Asset) {
			a.SourceBucket = inBucket("lab", "moved")
			a.LastTransferred = float64(time.Now().Unix())
		},
	} {
		d.change(t, id, edit)
	}
	d.remove(t, secondID)
	shows(map[string]string{"coming/f": "four", "deleted/": "no such file or directory", "leaving/": "permission denied", "moving/g": "moved", "staying/f": "three"})
}

// TestLateMember makes an asset that somebody has looked for in vain, as a member
// of a combined one.
func TestLateMember(t *testing.T) {
	t.Parallel()
	d := serve(t)
	d.add(t, emulator.Asset{Record: emulator.Record{Name: "early", Type: "combined", Contained: members(firstID, "a")}})
	m := d.mount(t)
	file := m.path("combined", "early", "a", "f")
	m.fails("No such file", "cat", file)
	d.add(t, emulator.Asset{Record: emulator.Record{ID: firstID}, Generate: []emulator.Generated{{Path: "f", Text: "late"}}})
	eventually(t, "the late member", func() error {
		_, err := m.try("cat", file)
		return err
	})
}

// TestManyMembers looks at thousands of members by their names, in the time that
// a program may take here: what one of them takes does not grow with the number
// of the others.
func TestManyMembers(t *testing.T) {
	t.Parallel()
	d := serve(t)
	var many []emulator.Contained
	for i := range 6000 {
		many = append(many, emulator.Contained{ID: combinedID(fmt.Sprint(i)), Mount: fmt.Sprintf("member_%d", i)})
	}
	d.add(t, emulator.Asset{Record: emulator.Record{Name: "many", Type: "combined", Contained: many}})
	m := d.mount(t)
	if got := m.run("sh", "-c", "cd "+m.path("combined", "many")+" && seq -f member_%.0f 0 5999 | xargs stat -c x | wc -l"); got != "6000\n" {
		t.Errorf("%s members are there", got)
	}
}

// TestCombinedWaits looks at combined assets whose members are slow, or many.
func TestCombinedWaits(t *testing.T) {
	t.Parallel()
	d := serve(t)
	d.parts(t)
	d.addBucket(t, emulator.Bucket{Name: "down"})
	var many []emulator.Contained
	for i := range 200 {
		id := d.add(t, emulator.Asset{Generate: []emulator.Generated{{Path: "f", Text: "small"}}})
		many = append(many, emulator.Contained{ID: id, Mount: fmt.Sprintf("m%03d", i)})
	}
	down := d.add(t, emulator.Asset{Record: emulator.Record{SourceBucket: inBucket("down", "")}})
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
		if took := time.Since(began); took > patience {
			t.Errorf("it took %s", took)
		}
		remove()
		if err := <-waits; err != nil {
			t.Errorf("when the bucket answers again: %v", err)
		}
	})
}
