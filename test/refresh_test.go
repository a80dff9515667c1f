package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// TestRefresh changes the deployment under a mount: what comes appears, what
// goes disappears, without a remount, and what is open goes on.
func TestRefresh(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t)
	if got := m.list("dataset"); !slices.Equal(got, []string{"external", "internal"}) {
		t.Fatalf("at first: %q", got)
	}
	m.try("ls", m.path("dataset", "new")) // so that the kernel has its absence

	id := d.add(t, emulator.Asset{
		Record:   emulator.Record{Name: "new", Type: "dataset", State: "ready"},
		Generate: []emulator.Generated{{Path: "f", Size: 1000}},
	})
	eventually(t, "the new asset", func() error {
		if !slices.Contains(m.list("dataset"), "new") {
			return errNotYet
		}
		return nil
	})
	if _, err := m.helper("pattern", m.path("dataset", "new", "f"), id+"/f"); err != nil {
		t.Error(err)
	}

	d.change(t, id, func(a *emulator.Asset) { a.Name = "renamed" })
	eventually(t, "the new name", func() error {
		if got := m.list("dataset"); slices.Contains(got, "new") || !slices.Contains(got, "renamed") {
			return fmt.Errorf("%w: %q", errNotYet, got)
		}
		return nil
	})

	holder := m.hold(m.path("dataset", "internal", "middle"))
	d.change(t, generatedID, func(a *emulator.Asset) { a.Archived = true })
	eventually(t, "the archived asset", func() error {
		if got := m.list("dataset"); slices.Contains(got, "internal") {
			return fmt.Errorf("%w: %q", errNotYet, got)
		}
		_, err := m.try("ls", m.path(".archived", "dataset", "internal", "many"))
		return err
	})
	d.remove(t, id)
	eventually(t, "the deleted asset", func() error {
		if got := m.list("dataset"); slices.Contains(got, "renamed") {
			return fmt.Errorf("%w: %q", errNotYet, got)
		}
		if _, err := m.try("ls", m.path("dataset", "renamed")); err == nil {
			return errNotYet
		}
		return nil
	})
	want := strings.Fields(m.run("sha256sum", m.path(".by-id", generatedID, "middle")))[0]
	if got := holder(); got != want {
		t.Errorf("the file that was open: %q, not %q", got, want)
	}
}

// TestDraft reads a draft before and after it is ready.
func TestDraft(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t)
	id := d.add(t, emulator.Asset{
		Record:   emulator.Record{Name: "coming", Type: "dataset", State: "draft"},
		Generate: []emulator.Generated{{Path: "sub/f", Size: 1000}},
	})
	eventually(t, "the draft", func() error {
		_, err := m.try("cat", m.path("dataset", "coming", ".meta.json"))
		return err
	})
	m.fails("Permission denied", "cat", m.path("dataset", "coming", "sub", "f"))
	d.change(t, id, func(a *emulator.Asset) { a.State = "ready" })
	eventually(t, "the files", func() error {
		_, err := m.helper("pattern", m.path("dataset", "coming", "sub", "f"), id+"/sub/f")
		return err
	})
	if got := m.run("ls", "-A", m.path("dataset", "coming")); got != ".meta.json\nsub\n" {
		t.Errorf("ls: %q", got)
	}
	if got := m.run("cat", m.path("dataset", "coming", ".meta.json")); !strings.Contains(got, `"ready"`) {
		t.Errorf("the record: %s", got)
	}
}
