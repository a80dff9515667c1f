package test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"codeoceanfs/remote/emulator"
)

// TestNamesWhileLoading looks names up in a mount whose catalog does not load:
// those that can be searched for are found, and a listing waits.
func TestNamesWhileLoading(t *testing.T) {
	t.Parallel()
	d := serve(t)
	long := "long " + strings.Repeat("x", 300)
	for i, n := range []named{
		{first, "mouse one", 1}, {second, "mouse one", 2}, {third, "day/night 50%", 3}, {"dddddddd", long, 4}, {"eeeeeeee", "rat@eeeeeeee", 5},
	} {
		n.add(t, d, "dataset", i)
	}
	release := make(chan struct{})
	d.Inject(emulator.Fault{
		Route: "search", Match: func(r *http.Request) bool { return askedFor(r, "sort_field") != nil },
		Handle: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			<-release
			next.ServeHTTP(w, r)
		},
	})
	let := sync.OnceFunc(func() { close(release) })
	t.Cleanup(let)
	m := d.mount(t)
	cut := long[:246] + "@dddddddd"
	names := map[string]string{
		"mouse one": first, "mouse one@bbbbbbbb": second, "day%2Fnight 50%": third, "day%2Fnight 50%@cccccccc": third,
		cut: "dddddddd", "rat%40eeeeeeee": "eeeeeeee",
	}
	leads := func(when string) {
		for name, id8 := range names {
			if got, err := m.try("cat", m.path("dataset", name, "f")); !strings.HasPrefix(got, id8) {
				t.Errorf("%s: %q: %q, %v", when, name, got, err)
			}
		}
	}
	leads("while the catalog loads")
	let()
	want := []string{"mouse one", "mouse one@bbbbbbbb", "day%2Fnight 50%", cut, "rat%40eeeeeeee"}
	if d := difference(m.list("dataset"), want); d != "" {
		t.Errorf("listed:%s", d)
	}
	leads("when it has loaded")
}
