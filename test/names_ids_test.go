package test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// TestManyOfOneName lists fifty assets of one name, of which those of another
// type know nothing.
func TestManyOfOneName(t *testing.T) {
	t.Parallel()
	d := serve(t)
	want := map[string]string{}
	for i := range 50 {
		n := named{fmt.Sprintf("%08x", 0x10000000+i*77), "mouse", float64(100 - i)}
		want["mouse@"+n.ID8+"/f"] = n.add(t, d, "dataset", 0)
	}
	oldest := fmt.Sprintf("%08x", 0x10000000+49*77)
	want["mouse/f"] = want["mouse@"+oldest+"/f"]
	delete(want, "mouse@"+oldest+"/f")
	// Ids that begin alike, of which only one can have the suffix.
	twin := named{first, "rat", 1}
	want["rat/f"] = twin.add(t, d, "dataset", 1)
	want["rat@aaaaaaaa/f"] = twin.add(t, d, "dataset", 2)
	want["rat@"+hash8(twin.idOf(3)+"1")+"/f"] = twin.add(t, d, "dataset", 3)
	model := named{first, "mouse", 1000}.add(t, d, "model", 4)
	m := d.mount(t)
	if got := m.run("cat", m.path("model", "mouse", "f")); got != model {
		t.Errorf("of another type: %q", got)
	}
	got := m.show(m.path("dataset"))
	maps.DeleteFunc(got, func(path, _ string) bool { return strings.HasSuffix(path, "/") })
	if d := difference(lines(got), lines(want)); d != "" {
		t.Error(d)
	}
}

// TestOddIDs shows assets by their names, and where a directory can hold it by
// their ids, also where these are no UUIDs.
func TestOddIDs(t *testing.T) {
	t.Parallel()
	d := serve(t)
	ids := []string{"17", "x y", "ü%2F?#&+", "-", "a.b", "UPPER-0000", strings.Repeat("i", 255), strings.Repeat("j", 300)}
	for i, id := range ids {
		d.add(t, emulator.Asset{
			Record:   emulator.Record{ID: id, Name: fmt.Sprint("asset ", i), Type: "dataset", State: "ready"},
			Generate: []emulator.Generated{{Path: "f", Text: id}},
		})
	}
	d.add(t, emulator.Asset{Record: emulator.Record{ID: "..", Name: "above", Type: "dataset", State: "ready"}})
	m := d.mount(t)
	m.fails("Invalid argument", "ls", m.path("dataset", "above")) // its id would lead to another call
	for i, id := range ids {
		if got, err := m.try("cat", m.path("dataset", fmt.Sprint("asset ", i), "f")); got != id {
			t.Errorf("%q, by its name: %q, %v", id, got, err)
		}
		if len(id) > 255 {
			continue
		}
		if got, err := m.try("cat", m.path(".by-id")+"/"+id+"/f"); got != id {
			t.Errorf("%q, by its id: %q, %v", id, got, err)
		}
	}
	m.answers([]question{
		{"an id that there is not", m.path(".by-id", "no such id"), "ENOENT"},
		{"an id that is a path", m.path(".by-id", "..%2F17"), "ENOENT"},
		{"an id that is too long", m.path(".by-id", strings.Repeat("j", 300)), "ENAMETOOLONG"},
		{"an id of two lines", m.path(".by-id", "17\n18"), "ENOENT"},
	})
}
