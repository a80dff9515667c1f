package test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// turns is what happens to a folder of 2,500 objects, f0000 and on, between the
// pages of its listing, and what the listing then has of them.
var turns = map[string]struct {
	does  func(*versions)
	count int
}{
	"a listing in pages is whole":                                       {func(*versions) {}, 2500},
	"an object that comes behind the page that was read last is listed": {func(v *versions) { v.put(emulator.Generated{Path: "many/f2222+"}) }, 2501},
	"an object that comes before it is listed the next time":            {func(v *versions) { v.put(emulator.Generated{Path: "many/f0000+"}) }, 2500},
	"the object at the end of a page may go":                            {func(v *versions) { v.remove("many/f0999") }, 2500},
	"an object of a page to come may go":                                {func(v *versions) { v.remove("many/f1500") }, 2499},
	"all objects of the pages to come may go": {func(v *versions) {
		for i := 1000; i < 2500; i++ {
			v.remove(fmt.Sprintf("many/f%04d", i))
		}
	}, 1000},
}

// TestExternalPages changes a folder between the pages of its listing.
func TestExternalPages(t *testing.T) {
	t.Parallel()
	d := serve(t)
	buckets := make(map[string]string)
	for name := range turns {
		buckets[name] = fmt.Sprintf("bucket-%d", len(buckets))
		d.addExternal(t, name, "", emulator.Bucket{Name: buckets[name], Generate: []emulator.Generated{{Path: "many/f%04d", Count: []int{2500}, Size: 10}}})
	}
	all := d.mount(t)
	for name, turn := range turns {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := all.in(t)
			v := &versions{t, d, buckets[name]}
			defer d.Inject(emulator.Fault{
				Route: "s3.ListObjectsV2", Times: 1,
				Match: func(r *http.Request) bool {
					return r.URL.Query().Has("continuation-token") && strings.HasPrefix(r.URL.Path, "/"+v.bucket)
				},
				Handle: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					turn.does(v)
					next.ServeHTTP(w, r)
				},
			})()
			if got := strings.Count(m.run("ls", "-U", m.path("dataset", name, "many")), "\n"); got != turn.count {
				t.Errorf("%d are listed, not %d", got, turn.count)
			}
		})
	}
}
