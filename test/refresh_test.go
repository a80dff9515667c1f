package test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// TestRefresh changes the deployment under a mount: what comes appears, what
// goes disappears, without a remount, and what is open goes on.
func TestRefresh(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t)
	listed := func(dir string) []string { return strings.Fields(m.run("ls", m.path(dir))) }
	if got := listed("dataset"); !slices.Equal(got, []string{"external", "internal"}) {
		t.Fatalf("at first: %q", got)
	}
	m.try("ls", m.path("dataset", "new")) // so that the kernel has its absence

	id, err := d.Add(emulator.Asset{
		Record:   emulator.Record{Name: "new", Type: "dataset", State: "ready"},
		Generate: []emulator.Generated{{Path: "f", Size: 1000}},
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new asset", func() error {
		if !slices.Contains(listed("dataset"), "new") {
			return errNotYet
		}
		return nil
	})
	if _, err := m.helper("pattern", m.path("dataset", "new", "f"), id+"/f"); err != nil {
		t.Error(err)
	}

	if err := d.Change(id, func(a *emulator.Asset) { a.Name = "renamed" }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new name", func() error {
		if got := listed("dataset"); slices.Contains(got, "new") || !slices.Contains(got, "renamed") {
			return fmt.Errorf("%w: %q", errNotYet, got)
		}
		return nil
	})

	holder := m.hold(m.path("dataset", "internal", "middle"))
	if err := d.Change(generatedID, func(a *emulator.Asset) { a.Archived = true }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the archived asset", func() error {
		if got := listed("dataset"); slices.Contains(got, "internal") {
			return fmt.Errorf("%w: %q", errNotYet, got)
		}
		_, err := m.try("ls", m.path(".archived", "dataset", "internal", "many"))
		return err
	})
	if err := d.Remove(id); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the deleted asset", func() error {
		if got := listed("dataset"); slices.Contains(got, "renamed") {
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
	id, err := d.Add(emulator.Asset{
		Record:   emulator.Record{Name: "coming", Type: "dataset", State: "draft"},
		Generate: []emulator.Generated{{Path: "sub/f", Size: 1000}},
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the draft", func() error {
		_, err := m.try("cat", m.path("dataset", "coming", ".meta.json"))
		return err
	})
	if _, err := m.try("cat", m.path("dataset", "coming", "sub", "f")); err == nil || !strings.Contains(err.Error(), "Permission denied") {
		t.Errorf("data of a draft: %v", err)
	}
	if err := d.Change(id, func(a *emulator.Asset) { a.State = "ready" }); err != nil {
		t.Fatal(err)
	}
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

// hold opens a file in a process of its own. The function that it returns has
// that process read the file and gives the sum.
func (m *mounted) hold(file string, more ...string) func() string {
	m.t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{file}, more...)...)
	cmd.Env = append(os.Environ(), helperVar+"=hold", raceOptions)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	dog := time.AfterFunc(2*runTime, func() {
		m.abort()
		cmd.Process.Kill()
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "open" {
		m.t.Fatalf("hold %s: %s", file, stderr.String())
	}
	return func() string {
		m.t.Helper()
		defer dog.Stop()
		in.Close()
		lines.Scan()
		if err := cmd.Wait(); err != nil {
			m.t.Fatalf("hold %s: %v: %s", file, err, stderr.String())
		}
		return lines.Text()
	}
}
