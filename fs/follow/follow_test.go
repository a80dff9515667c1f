package follow

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"testing"
)

// dirOf is a directory of these names, whose inode numbers are hashes.
func dirOf(names ...string) Dir {
	slices.Sort(names)
	return Dir{
		N:    len(names),
		Name: func(i int) string { return names[i] },
		Inode: func(i int) uint64 {
			h := fnv.New64a()
			h.Write([]byte(names[i]))
			return h.Sum64() * 0x9E3779B97F4A7C15
		},
	}
}

func numbered(format string, n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf(format, i))
	}
	return names
}

// ahead takes all that the row gives.
func (r *Row) ahead(limit int) (names []string) {
	for {
		i, ok := r.Next(limit)
		if !ok {
			return names
		}
		names = append(names, r.dir.Name(i))
	}
}

func (r *Row) index(name string) int {
	for i := range r.dir.N {
		if r.dir.Name(i) == name {
			return i
		}
	}
	return -1
}

// sorted is the directory's names in an order.
func sorted(d Dir, kind Kind) (names []string) {
	o := newOrder(d, kind, "")
	for rank := range d.N {
		names = append(names, d.Name(o.fileAt(rank)))
	}
	return names
}

func TestRow(t *testing.T) {
	padded, plain := dirOf(numbered("f%02d", 40)...), dirOf(numbered("%d", 40)...)
	pairs := dirOf(append(numbered("s%02d.nii", 20), numbered("s%02d.json", 20)...)...)
	mixed := dirOf("a", "B", "c", "D", "e", "F", "g", "H")
	odd := dirOf("a.txt", "b.txt", "b2.log", "c.txt", "c2.log", "c3.log", "d.txt", "e.txt")
	cpr := sorted(padded, ByInode)
	for name, c := range map[string]struct {
		dir  Dir
		read string
		want string
	}{
		"one file asks for nothing":            {padded, "f07", ""},
		"nor do two":                           {padded, "f07 f08", ""},
		"nor does one again and again":         {padded, "f07 f07 f07 f07", ""},
		"nor do files here and there":          {padded, "f07 f31 f12 f01 f22 f18", ""},
		"three in a row":                       {padded, "f00 f01 f02", "f03 f04 f05 f06"},
		"one more, and more are ahead":         {padded, "f00 f01 f02 f03", "f04 f05 f06 f07 f08 f09"},
		"backwards":                            {padded, "f39 f38 f37", "f36 f35 f34 f33"},
		"to the end and not beyond":            {padded, "f36 f37 f38", "f39"},
		"every fourth, which is rarely chance": {padded, "f00 f04 f08 f12 f16", "f20 f24 f28 f32"},
		"every fourth, not sure yet":           {padded, "f00 f04 f08 f12", ""},
		"by number":                            {plain, "8 9 10", "11 12 13 14"},
		"rows of numbers":                      {plain, "2 7 12 17 22", "27 32 37"},
		"one extension of two":                 {pairs, "s00.nii s01.nii s02.nii", "s03.nii s04.nii s05.nii s06.nii"},
		"one extension, irregular":             {odd, "a.txt b.txt c.txt", "d.txt e.txt"},
		"capitals among small letters":         {mixed, "a B c D", "e F g H"},
		"by inode, as cp -r does":              {padded, strings.Join(cpr[:4], " "), strings.Join(cpr[4:10], " ")},
		"another file in between":              {padded, "f00 f01 f33 f02", "f03 f04 f05 f06"},
		"out of order, as several read":        {padded, "f01 f00 f02 f04 f03", "f05 f06 f07 f08 f09 f10"},
		"two at once": {
			padded, "f00 f20 f01 f21 f02 f22",
			"f23 f24 f25 f26 f03 f04 f05 f06",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewRow(c.dir)
			for name := range strings.FieldsSeq(c.read) {
				r.Read(r.index(name))
			}
			if got := strings.Join(r.ahead(MaxAhead), " "); got != c.want {
				t.Errorf("after %s: %q, not %q", c.read, got, c.want)
			}
		})
	}
}

// TestNothingTwice reads on: nothing is given twice, and the limit is kept.
func TestNothingTwice(t *testing.T) {
	r := NewRow(dirOf(numbered("f%04d", 1000)...))
	given := map[string]bool{}
	for i := range 1000 {
		r.Read(i)
		for _, name := range r.ahead(10) {
			if given[name] || name <= r.dir.Name(i) || name > r.dir.Name(min(999, i+10)) {
				t.Fatalf("after %d: %s", i, name)
			}
			given[name] = true
		}
	}
	if len(given) != 997 {
		t.Errorf("%d of 997 were given", len(given))
	}
}

// TestCrossing follows a stream out of one directory and into others.
func TestCrossing(t *testing.T) {
	first := NewRow(dirOf(numbered("f%02d", 10)...))
	for i := range 8 {
		first.Read(i)
	}
	first.ahead(MaxAhead)
	way, want := first.Leaving(MaxAhead)
	if way.Kind != ByName || way.Back || want != 12 { // 14 ahead, 2 of them here
		t.Fatalf("%+v, %d", way, want)
	}
	second, third := NewRow(dirOf(numbered("g%02d", 5)...)), NewRow(dirOf(numbered("h%02d", 100)...))
	want = second.Enter(way, want)
	if got := second.ahead(MaxAhead); len(got) != 5 || want != 7 {
		t.Errorf("the second: %q, and %d left", got, want)
	}
	third.Enter(way, want)
	if got := third.ahead(MaxAhead); len(got) != 7 || got[0] != "h00" {
		t.Errorf("the third: %q", got)
	}
	third.Read(0)
	if got := third.ahead(MaxAhead); len(got) == 0 || got[0] != "h07" {
		t.Errorf("the third when it is read: %q", got)
	}
}

// TestSixteenReaders takes eight files each in turns: nearly all come ahead.
func TestSixteenReaders(t *testing.T) {
	r := NewRow(dirOf(numbered("f%04d", 2048)...))
	given := map[string]bool{}
	hits := 0
	for turn := range 2048 / 128 {
		for step := range 8 {
			for reader := range 16 {
				i := turn*128 + reader*8 + step
				if given[r.dir.Name(i)] {
					hits++
				}
				r.Read(i)
				for _, name := range r.ahead(MaxAhead) {
					given[name] = true
				}
			}
		}
	}
	if hits < 1700 {
		t.Errorf("%d of 2048", hits)
	}
}

// FuzzRow reads any files in any order: what is given is in the directory, and
// never more than twice what was read, for each stream that may be there.
func FuzzRow(f *testing.F) {
	f.Add(uint16(40), []byte{0, 1, 2, 3, 9, 8, 7, 6, 0, 4, 8, 12, 16, 20})
	f.Add(uint16(1), []byte{0, 0, 0})
	f.Add(uint16(300), []byte{2, 5, 9, 200, 201, 202, 1, 3, 5, 7, 9, 11})
	f.Fuzz(func(t *testing.T, n uint16, reads []byte) {
		n = n%500 + 1
		r := NewRow(dirOf(numbered("f%d.x", int(n))...))
		given := 0
		for k, b := range reads {
			r.Read(int(b) - 3)
			for {
				i, ok := r.Next(20)
				if !ok {
					break
				}
				if i < 0 || i >= int(n) {
					t.Fatalf("file %d of %d", i, n)
				}
				if given++; given > 2*maxStreams*(k+1)+MaxAhead*maxStreams {
					t.Fatalf("%d given after %d reads", given, k+1)
				}
			}
			if w, want := r.Leaving(20); want < 0 || want > 20 {
				t.Fatalf("%+v: %d", w, want)
			}
		}
	})
}
