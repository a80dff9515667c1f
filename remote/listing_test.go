package remote

import (
	"fmt"
	"slices"
	"strconv"
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
		"a file listed twice":        {"", []Entry{file("a", 1), file("a", 1)}, "a", 0},
		"a file of two sizes":        {"", []Entry{file("a", 1), file("a", 2)}, "a", 1},
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
			if n, examples := l.Hidden(); n != c.hidden {
				t.Errorf("hidden: %d, as %v", n, examples)
			}
			if _, ok := l.Find("no such name"); ok {
				t.Error("it has a name that it has not")
			}
		})
	}
}

// TestCutAlike lists two files whose names are too long, and whose hashes are
// equal as well: the second is counted.
func TestCutAlike(t *testing.T) {
	by := map[string]string{} // name → what it was made of
	for i := 0; ; i++ {
		raw := strings.Repeat("x", 300) + strconv.Itoa(i)
		name := names.File(raw)
		other, ok := by[name]
		if !ok {
			by[name] = raw
			continue
		}
		l := newListing("", []Entry{{Raw: other, Size: 1}, {Raw: raw, Size: 1}, {Raw: "f"}})
		if n, examples := l.Hidden(); l.Len() != 2 || n != 1 || examples[0].Path != raw {
			t.Errorf("%d entries, %d hidden: %v", l.Len(), n, examples)
		}
		return
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

// FuzzListing gives a folder any entries: each is shown, under one name that is
// legal and no other's and leads back to it, or counted as hidden.
func FuzzListing(f *testing.F) {
	f.Add("", "a\x00a/b", []byte{1, 2})
	f.Add("sub/", ".meta.json\x00..\x00\x00a@file\x00a\x00a", []byte{1, 3, 5, 7, 1, 0})
	f.Add("", strings.Repeat("x", 300)+"\x00"+strings.Repeat("x", 301)+"\x00"+strings.Repeat("é", 124)+"@file", []byte{2, 2, 3})
	f.Fuzz(func(t *testing.T, dir, joined string, shape []byte) {
		var in []Entry
		for i, raw := range strings.Split(joined, "\x00") {
			e := Entry{Raw: strings.ReplaceAll(raw, "\x01", "\x00"), Dir: i%3 == 0}
			if i < len(shape) { // a folder or not, and as a file of which size: -1 to 6
				e.Dir, e.Size = shape[i]&1 == 0, int64(shape[i]>>1&7)-1
			}
			if e.Dir {
				e.Size = 0
			}
			in = append(in, e)
		}
		given := slices.Clone(in)
		l := newListing(dir, in)
		shown := map[Entry]string{} // without its name → its name
		for i, e := range l.All() {
			if i > 0 && l.At(i-1).Name >= e.Name {
				t.Errorf("%q after %q", e.Name, l.At(i-1).Name)
			}
			if e.Name == "" || e.Name == "." || e.Name == ".." || len(e.Name) > names.MaxLen ||
				strings.ContainsFunc(e.Name, func(c rune) bool { return c < 0x20 || c == 0x7f || c == '/' }) {
				t.Errorf("%q is no name", e.Name)
			}
			if dir == "" && e.Name == MetaName {
				t.Error("the record's name was given away")
			}
			if raw, _, ok := names.DecodeFile(e.Name, reserved(dir)...); ok && raw != e.Raw {
				t.Errorf("%q leads to %q, not to %q", e.Name, raw, e.Raw)
			} else if !ok && len(e.Name) < names.MaxLen-10 {
				t.Errorf("%q leads nowhere", e.Name)
			}
			name := e.Name
			e.Name = ""
			shown[e] = name
		}
		missing := map[Entry]bool{}
		for _, e := range given {
			if _, ok := shown[e]; !ok {
				missing[e] = true
			}
		}
		left, examples := l.Hidden()
		if left < len(missing) || left > len(given)-l.Len() || len(examples) != min(left, keptHidden) {
			t.Errorf("of %d entries %d are shown, %d hidden (%d told), and %d are not there", len(given), l.Len(), left, len(examples), len(missing))
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
