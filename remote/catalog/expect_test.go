package catalog_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/fault"
)

// TestExpect asks ahead for assets that no listing shows, some of them gone:
// each is asked for once, and so it is remembered that it is gone.
func TestExpect(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	ids := []string{"known", "gone 1", "hidden 1", "hidden 2", "gone 2"}
	for _, id := range []string{"known", "hidden 1", "hidden 2"} {
		p.add(id, id, 1)
		p.do(func() { p.hidden[id] = id != "known" })
	}
	c := run(t, p, catalog.Config{})
	if _, err := c.List(soon(t), false, "dataset"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		c.Expect(ids)
		for _, id := range ids {
			_, err := c.ByID(soon(t), id)
			if gone := id[:4] == "gone"; gone != errors.Is(err, fault.ErrNotExist) {
				t.Errorf("ByID(%s): %v", id, err)
			}
		}
	}
	if _, gets := p.counts(); gets != 4 {
		t.Errorf("%d gets for four assets", gets)
	}
}

// TestExpectMany goes through more assets than are remembered, and expects all
// of them each time.
func TestExpectMany(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	c := run(t, p, catalog.Config{})
	if _, err := c.List(soon(t), false, "dataset"); err != nil {
		t.Fatal(err)
	}
	ids := make([]string, 1500)
	for i := range ids {
		ids[i] = uuid(i)
		p.add(ids[i], ids[i], 1)
		p.do(func() { p.hidden[ids[i]] = true })
	}
	for _, id := range ids {
		c.Expect(ids)
		time.Sleep(time.Millisecond) // to copy it, say
		if _, err := c.ByID(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if _, gets := p.counts(); gets > 3*len(ids) {
		t.Errorf("%d gets for %d assets", gets, len(ids))
	}
}

// TestSearchFindsLongNames looks for a name that the platform's name: misses.
func TestSearchFindsLongNames(t *testing.T) {
	t.Parallel()
	const name = "ecephys_655019_2023-04-03_18-10-10"
	p := newPlatform(t)
	p.add("1", name, 1)
	p.add("2", name+"_sorted", 2)
	p.add("3", name, 3)
	p.archive("3", true)
	p.add("4", "ecephys_655019_2023-04-04_18-10-10", 4)
	c := run(t, p, catalog.Config{})
	for _, archived := range []bool{false, true} {
		found, err := c.Search(soon(t), archived, "name:"+name)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, e := range found {
			ids = append(ids, e.ID)
		}
		slices.Sort(ids)
		if want := map[bool][]string{false: {"1", "2"}, true: {"3"}}[archived]; !slices.Equal(ids, want) {
			t.Errorf("archived %v: %q, not %q", archived, ids, want)
		}
	}
}
