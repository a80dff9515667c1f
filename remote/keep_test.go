package remote

import (
	"reflect"
	"testing"
	"time"
)

func TestKeptListing(t *testing.T) {
	for name, entries := range map[string][]Entry{
		"nothing": nil,
		"all kinds": {
			{Raw: "a", Size: 1},
			{Raw: "a", Dir: true},
			{Raw: "b\n\xff", Size: 1 << 40},
			{Raw: MetaName},
			{Raw: "v", Size: 3, ETag: `"x"`, Modified: time.Unix(1700000000, 123)},
			{Raw: "", Size: 5},
			{Raw: "p/q/", Size: 2},
		},
		"something hidden": {{Raw: "a", Size: -1}, {Raw: "b", Size: 1}, {Raw: "b", Size: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			want := newListing("", entries)
			got, err := DecodeListing("", want.Encode())
			if err != nil {
				t.Fatal(err)
			}
			if got.Len() != want.Len() || got.left != want.left || len(got.hidden) != len(want.hidden) {
				t.Fatalf("%+v, not %+v", got, want)
			}
			for i, e := range got.All() {
				if w := want.At(i); !e.Modified.Equal(w.Modified) || e.Version() != w.Version() || e.Name != w.Name || e.Raw != w.Raw || e.Dir != w.Dir {
					t.Errorf("%+v, not %+v", e, w)
				}
			}
			for n := range want.Encode() {
				if _, err := DecodeListing("", want.Encode()[:n]); err == nil {
					t.Errorf("the first %d bytes are a listing", n)
				}
			}
		})
	}
}

// FuzzDecodeListing reads anything: no panic, no memory without bound, and what
// is read is what is written again.
func FuzzDecodeListing(f *testing.F) {
	f.Add(newListing("", []Entry{{Raw: "a", Size: 1}, {Raw: "d", Dir: true}}).Encode())
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := DecodeListing("", raw)
		if err != nil {
			return
		}
		again, err := DecodeListing("", l.Encode())
		if err != nil || again.Len() != l.Len() || !reflect.DeepEqual(again.hidden, l.hidden) {
			t.Errorf("%+v became %+v, %v", l, again, err)
		}
	})
}
