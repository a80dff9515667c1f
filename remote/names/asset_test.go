package names_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"codeoceanfs/remote/names"
)

const (
	idA = "aaaaaaaa-0000-4000-8000-000000000001"
	idB = "bbbbbbbb-0000-4000-8000-000000000002"
	idC = "cccccccc-0000-4000-8000-000000000003"
)

func TestAssign(t *testing.T) {
	long := strings.Repeat("x", 300)
	for what, c := range map[string]struct {
		items []names.Item
		held  map[string]string
		want  map[string]string
	}{
		"nothing": {},
		"the oldest keeps the plain name": {
			items: []names.Item{{idB, "mouse", 5}, {idA, "mouse", 3}, {idC, "mouse", 7}},
			want:  map[string]string{idA: "mouse", idB: "mouse@bbbbbbbb", idC: "mouse@cccccccc"},
		},
		"of one age, the smaller id": {
			items: []names.Item{{idB, "mouse", 5}, {idA, "mouse", 5}},
			want:  map[string]string{idA: "mouse", idB: "mouse@bbbbbbbb"},
		},
		"names that differ only before they are encoded": {
			items: []names.Item{{idA, "a/b", 1}, {idB, "a%2Fb", 2}},
			want:  map[string]string{idA: "a%2Fb", idB: "a%252Fb"},
		},
		"a name that imitates a decoration": {
			items: []names.Item{{idA, "mouse", 1}, {idB, "mouse", 2}, {idC, "mouse@bbbbbbbb", 3}},
			want:  map[string]string{idA: "mouse", idB: "mouse@bbbbbbbb", idC: "mouse%40bbbbbbbb"},
		},
		"no name at all": {
			items: []names.Item{{idA, "", 1}, {idB, "", 2}},
			want:  map[string]string{idA: "@aaaaaaaa", idB: "@bbbbbbbb"},
		},
		"too long": {
			items: []names.Item{{idA, long, 1}, {idB, long, 2}},
			want:  map[string]string{idA: long[:246] + "@aaaaaaaa", idB: long[:246] + "@bbbbbbbb"},
		},
		"ids that are no UUIDs": {
			items: []names.Item{{"1", "mouse", 1}, {"2", "mouse", 2}},
			want:  map[string]string{"1": "mouse", "2": "mouse@d4735e3a"},
		},
		"ids that begin alike": {
			items: []names.Item{{idA, "mouse", 1}, {idB, "mouse", 2}, {"bbbbbbbb-1", "mouse", 3}},
			want:  map[string]string{idA: "mouse", idB: "mouse@bbbbbbbb", "bbbbbbbb-1": "mouse@59f2a3c9"},
		},
		"one asset twice": {
			items: []names.Item{{idA, "mouse", 1}, {idA, "mouse", 1}},
			want:  map[string]string{idA: "mouse"},
		},
		"a held name stays, though an older asset appears": {
			items: []names.Item{{idA, "mouse", 1}, {idB, "mouse", 2}},
			held:  map[string]string{"mouse": idB},
			want:  map[string]string{idA: "mouse@aaaaaaaa", idB: "mouse"},
		},
		"a held name does not move when its holder goes": {
			items: []names.Item{{idB, "mouse", 2}},
			held:  map[string]string{"mouse": idA},
			want:  map[string]string{idB: "mouse@bbbbbbbb"},
		},
		"a held name does not move when its holder is renamed": {
			items: []names.Item{{idA, "rat", 1}, {idB, "mouse", 2}},
			held:  map[string]string{"mouse": idA},
			want:  map[string]string{idA: "rat", idB: "mouse@bbbbbbbb"},
		},
	} {
		got := names.Assign(c.items, c.held)
		if what == "ids that begin alike" {
			// The third name is one of a hash: only its form and place matter.
			if plain, _, ok := names.Split(got["bbbbbbbb-1"]); !ok || plain != "mouse" || got["bbbbbbbb-1"] == got[idB] {
				t.Errorf("%s: %v", what, got)
			}
			delete(got, "bbbbbbbb-1")
			delete(c.want, "bbbbbbbb-1")
		}
		if !maps.Equal(got, c.want) {
			t.Errorf("%s:\n got %v\nwant %v", what, got, c.want)
		}
	}
}

func TestDecoratedFindsEveryAsset(t *testing.T) {
	for _, name := range []string{"mouse", "", "a/b", strings.Repeat("é", 200), "m@01234567"} {
		d := names.Decorated(name, idA)
		plain, id8, ok := names.Split(d)
		if !ok || id8 != names.Suffix(idA) || len(d) > names.MaxLen {
			t.Errorf("Decorated(%q) = %q", name, d)
		}
		if s, ok := names.Decode(plain); ok && plain != "" && !strings.HasPrefix(name, s) {
			t.Errorf("Decorated(%q) = %q, plain part decodes to %q", name, d, s)
		}
	}
}

// FuzzAssign lets assets come, go and be renamed, and holds every name ever
// given, as a mount does.
func FuzzAssign(f *testing.F) {
	f.Add(uint64(1), uint8(20))
	f.Add(uint64(2), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, size uint8) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		texts := []string{"", "m", "m/", "m@aaaaaaaa", "%6D", strings.Repeat("m", 300), strings.Repeat("m", 301), strings.Repeat("m", 246), ".."}
		pool := make([]names.Item, size)
		for i := range pool {
			// Few first digits, so that suffixes clash often.
			id := fmt.Sprintf("%08x-%d", 0xaaaaaaaa+rnd.IntN(3), i)
			pool[i] = names.Item{ID: id, Name: texts[rnd.IntN(len(texts))], Created: rnd.Int64N(4)}
		}
		held := map[string]string{}
		lasting := map[names.Item]string{} // of each asset and name, what it was given
		for range 8 {
			var items []names.Item
			for i := range pool {
				if rnd.IntN(4) == 0 {
					pool[i].Name = texts[rnd.IntN(len(texts))]
				}
				if rnd.IntN(8) == 0 {
					pool[i].Created = rnd.Int64N(4)
				}
				if rnd.IntN(3) > 0 {
					items = append(items, pool[i])
				}
			}
			dirs := names.Assign(items, held)
			rnd.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
			if again := names.Assign(items, held); !maps.Equal(dirs, again) {
				t.Fatalf("the order of the items matters:\n%v\n%v", dirs, again)
			}
			if len(dirs) != len(items) {
				t.Fatalf("%d names for %d items", len(dirs), len(items))
			}
			seen := map[string]bool{}
			for id, dir := range dirs {
				if !legal(dir) || seen[dir] {
					t.Fatalf("%q is illegal or given twice", dir)
				}
				if holder, ok := held[dir]; ok && holder != id {
					t.Fatalf("%q moved from %s to %s", dir, holder, id)
				}
				seen[dir], held[dir] = true, id
			}
			for _, it := range items {
				it.Created = 0
				if was, ok := lasting[it]; ok && was != dirs[it.ID] {
					t.Fatalf("%v was %q and is %q", it, was, dirs[it.ID])
				}
				lasting[it] = dirs[it.ID]
			}
			if stay := names.Assign(items, held); !maps.Equal(dirs, stay) {
				t.Fatalf("names change though nothing did:\n%v\n%v", dirs, stay)
			}
		}
	})
}

// FuzzAssetNames makes the names of two assets, plain and with the suffix: all
// are legal, those of different assets differ unless only the suffix tells them
// apart, and each leads back to the name on the platform unless that was cut.
func FuzzAssetNames(f *testing.F) {
	f.Add("", idA, "@aaaaaaaa", idB)
	f.Add("mouse", idA, "mouse@aaaaaaaa", "AAAAAAAA")
	f.Add(strings.Repeat("é", 123), "1", strings.Repeat("é", 128), "..")
	f.Add("a/b", "", "a%2Fb", "aaaaaaaa/../..")
	f.Fuzz(func(t *testing.T, nameA, idA, nameB, idB string) {
		type made struct {
			dir, text, suffix string
			plain             bool // nothing but the text is in it
		}
		var all []made
		for _, it := range []struct{ name, id string }{{nameA, idA}, {nameB, idB}} {
			plain, decorated, suffix := names.Plain(it.name, it.id), names.Decorated(it.name, it.id), names.Suffix(it.id)
			_, id8, split := names.Split(plain)
			text, ok := names.Decode(plain)
			switch {
			case !legal(plain) || !legal(decorated):
				t.Fatalf("%q of %q: %q or %q is not legal", it.name, it.id, plain, decorated)
			case split && (id8 != suffix || it.name != "" && len(plain) < names.MaxLen-12):
				t.Fatalf("%q of %q has a suffix: %q", it.name, it.id, plain)
			case !split && (!ok || text != it.name):
				t.Fatalf("%q leads to %q, not to %q", plain, text, it.name)
			}
			front, id8, ok := names.Split(decorated)
			if !ok || id8 != suffix {
				t.Fatalf("%q of %q has not its suffix: %q", it.name, it.id, decorated)
			}
			if text, ok := names.Decode(front); front != "" && !strings.HasPrefix(it.name, text) && ok {
				t.Fatalf("%q leads to %q, not to %q", decorated, text, it.name)
			}
			all = append(all, made{plain, it.name, suffix, !split}, made{decorated, it.name, suffix, false})
		}
		for _, a := range all[:2] {
			for _, b := range all[2:] {
				alike := a.plain == b.plain && a.text == b.text && (a.plain || a.suffix == b.suffix)
				cut := !a.plain && !b.plain && a.suffix == b.suffix && len(a.dir) > names.MaxLen-12
				if a.dir == b.dir && !alike && !cut {
					t.Fatalf("%q and %q both become %q", a.text, b.text, a.dir)
				}
			}
		}
	})
}

func BenchmarkAssign(b *testing.B) {
	items := make([]names.Item, 100_000)
	for i := range items {
		items[i] = names.Item{
			ID:      fmt.Sprintf("%08x-0000-4000-8000-000000000000", i),
			Name:    fmt.Sprintf("ecephys_%d_2023-04-03_18-10-10", i/2),
			Created: int64(i),
		}
	}
	for b.Loop() {
		names.Assign(items, nil)
	}
}
