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
	"a type that leads out of the mount":                       {"../../../../etc", "..%2F..%2F..%2F..%2Fetc"},
	"a type that is called as the search":                      {".search", "%2Esearch"},
}

// typed is an asset of a type that the emulator would not take otherwise.
func typed(name, typ string) emulator.Asset {
	a := emulator.Asset{
		Record:   emulator.Record{Name: name, Type: typ, State: "ready", Tags: []string{"typed"}},
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
		d.add(t, typed("of type "+c.Type, c.Type))
		root = append(root, c.Shows)
	}
	d.add(t, typed("plain", "dataset"))
	m := d.mount(t)
	m.run("ls", m.path("dataset")) // waits for the catalog
	if d := difference(m.list(), root); d != "" {
		t.Errorf("the root:%s", d)
	}
	for promise, c := range typeNames {
		name := "of type " + strings.ReplaceAll(c.Type, "/", "%2F")
		for _, dir := range []string{c.Shows, ".search/type"} {
			if got, err := m.try("cat", m.path(dir, name, "f")); got != "of type "+c.Type {
				t.Errorf("%s: in %s: %q, %v", promise, dir, got, err)
			}
		}
		if got := m.run("readlink", m.point+"/.search/tag:typed/"+name); got != "../../"+c.Shows+"/"+name+"\n" {
			t.Errorf("%s: a search links to %q", promise, got)
		}
	}
	m.answers([]question{
		{"a type that there is not", m.path("film"), "ENOENT"},
		{"an escape of a type", m.path("%64ataset"), "ENOENT"},
		{"a name that is too long", m.path(strings.Repeat("x", 256)), "ENAMETOOLONG"},
	})

	// Types come as assets do.
	id := d.add(t, typed("late", "film"))
	eventually(t, "the new type", func() error {
		if !slices.Contains(m.list(), "film") {
			return errNotYet
		}
		_, err := m.try("cat", m.path("film", "late", "f"))
		return err
	})
	d.change(t, id, func(a *emulator.Asset) { a.Archived = true })
	eventually(t, "the archived asset", func() error {
		if _, err := m.try("stat", m.path("film", "late")); err == nil {
			return errNotYet
		}
		_, err := m.try("cat", m.path(".archived", "film", "late", "f"))
		return err
	})
	away := typed("put away", ".search")
	away.Archived = true
	if _, err := d.Add(away); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the archived asset of a type that is called as the search", func() error {
		m.run("ls", m.path(".archived", ".search"))
		_, err := m.try("cat", m.path(".archived", "%2Esearch", "put away", "f"), m.path(".archived", ".search", "tag:typed", "put away", "f"))
		return err
	})
	only := d.mount(t, "--type", "dataset")
	if root, assets := only.list(), only.list("dataset"); !slices.Equal(root, []string{"control", "dataset"}) || !slices.Equal(assets, []string{"plain"}) {
		t.Errorf("of one type: %q, with %q", root, assets)
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
		id := d.add(t, emulator.Asset{Record: emulator.Record{Name: fmt.Sprint("many", i), Type: "dataset", State: "ready"}})
		d.answersFiles(id, "", strings.Join(sizeless, ","))
		one = id
	}
	for i := range 8 {
		nameless := typed(fmt.Sprint("nobody's ", i), "dataset")
		nameless.Extra = map[string]any{"id": nil}
		d.add(t, nameless)
	}
	m := d.mount(t)
	m.run("find", m.path("dataset"))
	eventually(t, "the counts", func() error {
		s := m.status()
		told := 0
		for _, some := range s.Hidden.Examples {
			told += len(some)
		}
		if n, want := s.Hidden.Count, folders*files+8; n != want || told < 8 || told > 200 {
			return fmt.Errorf("%d are counted, not %d, and %d told", n, want, told)
		}
		if some := strings.Join(s.hidden(""), "\n"); !strings.Contains(some, "nobody's ") || !strings.Contains(some, "without an id") {
			return fmt.Errorf("of the results without an id: %q", some)
		}
		return nil
	})
	d.remove(t, one)
	eventually(t, "the deleted asset", func() error {
		if n := m.status().Hidden.Count; n != (folders-1)*files+8 {
			return fmt.Errorf("%d are counted", n)
		}
		return nil
	})
	m.logged("results without an id were left out")
}
