package remote

import (
	"fmt"
	"strings"
	"testing"

	"codeoceanfs/remote/names"
)

func TestListing(t *testing.T) {
	file := func(raw string, size int64) Entry { return Entry{Raw: raw, Size: size} }
	dir := func(raw string) Entry { return Entry{Raw: raw, Dir: true} }
	for name, c := range map[string]struct {
		dir    string
		in     []Entry
		want   string // names in order, folders with a slash
		hidden int
	}{
		"nothing":                    {"", nil, "", 0},
		"order":                      {"", []Entry{file("b", 1), dir("c"), file("a", 2)}, "a b c/", 0},
		"a file and a folder":        {"", []Entry{file("a", 1), dir("a")}, "a/ a@file", 0},
		"a real name with that tail": {"", []Entry{file("a", 1), dir("a"), file("a@file", 2)}, "a%40file a/ a@file", 0},
		"the record's name":          {"", []Entry{file(MetaName, 1)}, "%2Emeta.json", 0},
		"further down":               {"sub", []Entry{file(MetaName, 1)}, MetaName, 0},
		"dots":                       {"", []Entry{dir("."), dir("..")}, "%2E./ %2E/", 0},
		"control characters":         {"", []Entry{file("a\nb", 1), file("a%0Ab", 2)}, "a%0Ab a%250Ab", 0},
		"no size":                    {"", []Entry{file("a", -1), file("b", 0)}, "b", 1},
		"a file listed twice":        {"", []Entry{file("a", 1), file("a", 2)}, "a", 1},
		"a folder listed twice":      {"", []Entry{dir("a"), dir("a")}, "a/", 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := newListing(c.dir, c.in)
			var got []string
			for i, e := range l.All() {
				name := e.Name
				if e.Dir {
					name += "/"
				}
				got = append(got, name)
				if found, ok := l.Find(e.Name); !ok || found != l.At(i) {
					t.Errorf("Find(%q): %v, %v", e.Name, found, ok)
				}
			}
			want := strings.Fields(c.want)
			if strings.Join(got, " ") != strings.Join(want, " ") && !sameSet(got, want) {
				t.Errorf("%q, not %q", got, want)
			}
			if len(l.Hidden()) != c.hidden {
				t.Errorf("hidden: %v", l.Hidden())
			}
			if _, ok := l.Find("no such name"); ok {
				t.Error("it has a name that it has not")
			}
		})
	}
}

func sameSet(a, b []string) bool {
	set := map[string]int{}
	for _, s := range a {
		set[s]++
	}
	for _, s := range b {
		set[s]--
	}
	for _, n := range set {
		if n != 0 {
			return false
		}
	}
	return true
}

// FuzzListing gives a folder any names: what is shown is legal, unique, and
// together with what is hidden, all there is.
func FuzzListing(f *testing.F) {
	f.Add("", "a\x00a/b")
	f.Add("sub", ".meta.json\x00..\x00\x00a@file\x00a")
	f.Fuzz(func(t *testing.T, dir, joined string) {
		var in []Entry
		for i, raw := range strings.Split(joined, "\x00") {
			in = append(in, Entry{Raw: raw, Dir: i%3 == 0, Size: int64(i)})
		}
		n := len(in)
		l := newListing(dir, in)
		seen := map[string]bool{}
		for _, e := range l.All() {
			if seen[e.Name] {
				t.Errorf("%q twice", e.Name)
			}
			seen[e.Name] = true
			if e.Name == "" || e.Name == "." || e.Name == ".." || len(e.Name) > names.MaxLen || strings.ContainsAny(e.Name, "/\x00\n") {
				t.Errorf("%q is no name", e.Name)
			}
			if dir == "" && e.Name == MetaName {
				t.Error("the record's name was given away")
			}
		}
		if l.Len()+len(l.Hidden()) > n {
			t.Errorf("%d of %d", l.Len()+len(l.Hidden()), n)
		}
	})
}

func BenchmarkListing(b *testing.B) {
	entries := make([]Entry, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		for i := range entries {
			entries[i] = Entry{Raw: fmt.Sprintf("c%02d/f%05d", i%100, i), Size: 1}
		}
		newListing("", entries)
	}
}
