package api_test

import (
	"errors"
	"fmt"
	"testing"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/emulator"
	"codeoceanfs/remote/fault"
)

// A server that goes by offset may refuse those over a bound. What it has is
// found all the same, each asset once, or it is an error: never a part.
func TestListingBeyondTheWindow(t *testing.T) {
	srv, c := emulate(t, emulator.Config{Quirks: emulator.Quirks{NoTokens: true, PageSize: 5}})
	const assets = 64
	types := []string{"dataset", "result", "model"}
	for i := range assets {
		a := emulator.Asset{Record: emulator.Record{
			Name: fmt.Sprintf("a%d", i), Type: types[i%3], State: "ready",
			Created: float64(1_700_000_000 + i/4), // of one time in fours
		}}
		if i%2 == 0 {
			a.SourceBucket = &emulator.SourceBucket{Origin: "aws", Bucket: "lab", External: true}
		}
		add(t, srv, a)
	}
	for _, tc := range []struct {
		what   string
		window int // results that an offset can reach, in one order
		sort   string
		err    error
	}{
		{"it reaches everything", assets, "created", nil},
		{"it reaches more than half", 40, "created", nil},
		{"it reaches half of each type", 15, "created", nil},
		{"it reaches half of each type and origin", 10, "created", nil},
		{"it reaches too little", 1, "created", fault.ErrMalformed},
		{"nothing is sorted", 40, "", nil},
	} {
		srv.SetQuirks(func(q *emulator.Quirks) { q.Window = tc.window + 1000 }) // offset + limit
		seen := map[string]int{}
		q := api.Query{SortField: tc.sort}
		var failed error
		for a, err := range c.SearchAll(t.Context(), q) {
			if err != nil {
				failed = err
				continue
			}
			seen[a.ID]++
		}
		for id, n := range seen {
			if n > 1 {
				t.Errorf("%s: %s is given %d times", tc.what, id, n)
			}
		}
		if tc.err == nil && (failed != nil || len(seen) != assets) || !errors.Is(failed, tc.err) || errors.Is(failed, fault.ErrInvalid) {
			t.Errorf("%s: %d of %d assets, %v", tc.what, len(seen), assets, failed)
		}
	}
}

// A server whose token died once, and that gives one token for ever then, is
// not asked ten thousand times.
func TestListingInCirclesAfterARestart(t *testing.T) {
	for name, last := range map[string]string{
		"the same page again and again": `{"id": "c"}, {"id": "d"}`,
		"empty pages":                   ``,
	} {
		const more = `{"has_more": true, "next_token": "T", "results": [%s]}`
		srv, c := emulate(t, emulator.Config{})
		for _, f := range []emulator.Fault{
			{Status: 200, Body: fmt.Sprintf(more, `{"id": "a"}, {"id": "b"}`), Times: 1},
			{Status: 400, Body: `{"message": "next_token: expired"}`, Times: 1},
			{Status: 200, Body: fmt.Sprintf(more, `{"id": "a"}, {"id": "b"}`), Times: 1},
			{Status: 200, Body: fmt.Sprintf(more, last)},
		} {
			f.Route = "search"
			srv.Inject(f)
		}
		for range c.SearchAll(t.Context(), api.Query{}) {
		}
		if n := srv.Requests("search"); n > 20 {
			t.Errorf("%s: %d requests", name, n)
		}
	}
}
