package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// typeNames says by which directories of the root the types of assets show
// that a platform newer than this program may have.
var typeNames = map[string]struct{ Type, Shows string }{
	"a type that nobody here knows has a directory of its own": {"capsule", "capsule"},
	"a type is not another one in capitals":                    {"Dataset", "Dataset"},
	"a type that is called as our control directory":           {"control", "%63ontrol"},
	"a type that is called as one of our views":                {".by-id", "%2Eby-id"},
	"a type with a slash":                                      {"data/set", "data%2Fset"},
	"an asset without a type is in no-type":                    {"", "no-type"},
	"a type called no-type":                                    {"no-type", "%6Eo-type"},
	"a type called ..":                                         {"..", "%2E."},
}

// typed is an asset of a type that the emulator would not take otherwise.
func typed(name, typ string) emulator.Asset {
	a := emulator.Asset{
		Record:   emulator.Record{Name: name, Type: typ, State: "ready"},
		Generate: []emulator.Generated{{Path: "f", Text: name}},
	}
	if typ == "" {
		a.Extra = map[string]any{"type": nil}
	}
	return a
}

// TestTypeNames shows assets of every type in directories that there can be.
func TestTypeNames(t *testing.T) {
	t.Parallel()
	d := serve(t)
	root := []string{"combined", "control", "dataset", "model", "result"}
	for _, c := range typeNames {
		if _, err := d.Add(typed("of type "+c.Type, c.Type)); err != nil {
			t.Fatal(err)
		}
		root = append(root, c.Shows)
	}
	if _, err := d.Add(typed("plain", "dataset")); err != nil {
		t.Fatal(err)
	}
	m := d.mount(t)
	m.run("ls", m.path("dataset")) // waits for the catalog
	listed := func() []string { return strings.Split(strings.TrimSpace(m.run("ls", "-A", m.point)), "\n") }
	slices.Sort(root)
	if got := listed(); !slices.Equal(slices.Sorted(slices.Values(got)), root) {
		t.Errorf("the root shows %q, not %q", got, root)
	}
	for promise, c := range typeNames {
		name := "of type " + strings.ReplaceAll(c.Type, "/", "%2F")
		for _, dir := range []string{c.Shows, ".search/type"} {
			if got, err := m.try("cat", m.path(dir, name, "f")); got != "of type "+c.Type {
				t.Errorf("%s: in %s: %q, %v", promise, dir, got, err)
			}
		}
	}
	m.answers([]question{
		{"a type that there is not", m.path("film"), "ENOENT"},
		{"an escape of a type", m.path("%64ataset"), "ENOENT"},
		{"a name that is too long", m.path(strings.Repeat("x", 256)), "ENAMETOOLONG"},
	})

	// Types come as assets do.
	id, err := d.Add(typed("late", "film"))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new type", func() error {
		if !slices.Contains(listed(), "film") {
			return errNotYet
		}
		_, err := m.try("cat", m.path("film", "late", "f"))
		return err
	})
	if err := d.Change(id, func(a *emulator.Asset) { a.Archived = true }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the archived asset", func() error {
		if _, err := m.try("stat", m.path("film", "late")); err == nil {
			return errNotYet
		}
		_, err := m.try("cat", m.path(".archived", "film", "late", "f"))
		return err
	})
	only := d.mount(t, "--type", "dataset")
	if got := only.run("ls", "-A", only.point, only.path("dataset")); got != fmt.Sprintf("%s:\ncontrol\ndataset\n\n%s:\nplain\n", only.point, only.path("dataset")) {
		t.Errorf("of one type: %q", got)
	}
}

// TestHidden counts what cannot be shown at all, and names some of it.
func TestHidden(t *testing.T) {
	t.Parallel()
	const folders, files = 30, 200
	d := serve(t)
	var one string
	sizeless := make([]string, files)
	for i := range sizeless {
		sizeless[i] = fmt.Sprintf(`{"name": "f%03d", "type": "file"}`, i)
	}
	for i := range folders {
		id, err := d.Add(emulator.Asset{Record: emulator.Record{Name: fmt.Sprint("many", i), Type: "dataset", State: "ready"}})
		if err != nil {
			t.Fatal(err)
		}
		d.answersFiles(id, "", strings.Join(sizeless, ","))
		one = id
	}
	for i := range 8 {
		nameless := typed(fmt.Sprint("nobody's ", i), "dataset")
		nameless.Extra = map[string]any{"id": nil}
		if _, err := d.Add(nameless); err != nil {
			t.Fatal(err)
		}
	}
	m := d.mount(t)
	m.run("find", m.path("dataset"))
	eventually(t, "the counts", func() error {
		n, examples := m.hidden()
		told := 0
		for _, some := range examples {
			told += len(some)
		}
		if want := folders*files + 8; n != want || told < 8 || told > 200 {
			return fmt.Errorf("%d are counted, not %d, and %d told", n, want, told)
		}
		if some := strings.Join(examples[""], "\n"); !strings.Contains(some, "nobody's ") || !strings.Contains(some, "without an id") {
			return fmt.Errorf("of the results without an id: %q", some)
		}
		return nil
	})
	if err := d.Remove(one); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the deleted asset", func() error {
		if n, _ := m.hidden(); n != (folders-1)*files+8 {
			return fmt.Errorf("%d are counted", n)
		}
		return nil
	})
	if !strings.Contains(m.log.String(), "results without an id were left out") {
		t.Error("the log does not tell of the results without an id")
	}
}
