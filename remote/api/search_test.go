package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"codeoceanfs/remote/fault"
)

// record makes a record with nothing but an id.
func rec(id any) map[string]any { return map[string]any{"id": fmt.Sprint(id)} }

// ids collects what a listing gives.
func ids(t *testing.T, c *Client, q Query) (all []string, err error) {
	for a, e := range c.SearchAll(background(t), q) {
		if e != nil {
			err = e
			continue
		}
		all = append(all, a.ID)
	}
	return all, err
}

type obj = map[string]any

// Every way of paging that was met, or that is possible.
func TestSearchAll(t *testing.T) {
	page := func(more, token any, ids ...any) http.HandlerFunc {
		o := obj{}
		var results []obj
		for _, id := range ids {
			results = append(results, rec(id))
		}
		o["results"] = results
		if more != "absent" {
			o["has_more"] = more
		}
		if token != "absent" {
			o["next_token"] = token
		}
		return reply(o)
	}
	dead := words(400, "application/json", `{"message":"token expired"}`)
	for name, c := range map[string]struct {
		pages []http.HandlerFunc
		want  string
		err   error
		tries int64
	}{
		"token a string":          {[]http.HandlerFunc{page(true, "a", 1, 2), page(false, "absent", 3)}, "1 2 3", nil, 2},
		"token a number":          {[]http.HandlerFunc{page(true, 17, 1, 2), page(false, nil, 3)}, "1 2 3", nil, 2},
		"token on the last page":  {[]http.HandlerFunc{page(true, "a", 1), page(false, "b", 2)}, "1 2", nil, 2},
		"empty token at the end":  {[]http.HandlerFunc{page(true, "a", 1), page(false, "", 2)}, "1 2", nil, 2},
		"has_more as a string":    {[]http.HandlerFunc{page("true", "a", 1), page("False", "", 2)}, "1 2", nil, 2},
		"has_more never sent":     {[]http.HandlerFunc{page("absent", "a", 1), page("absent", nil, 2)}, "1 2", nil, 2},
		"no tokens, by offset":    {[]http.HandlerFunc{page(true, "absent", 1, 2), page(true, nil, 3), page(false, "absent", 4)}, "1 2 3 4", nil, 3},
		"short pages":             {[]http.HandlerFunc{page(true, "a", 1), page(true, "b"), page(false, nil, 2)}, "1 2", nil, 3},
		"nothing":                 {[]http.HandlerFunc{page(false, nil)}, "", nil, 1},
		"results null":            {[]http.HandlerFunc{reply(obj{"results": nil, "has_more": false})}, "", nil, 1},
		"the same twice":          {[]http.HandlerFunc{page(true, "a", 1, 2), page(false, nil, 2, 3)}, "1 2 3", nil, 2},
		"one token for all pages": {[]http.HandlerFunc{page(true, "s", 1), page(true, "s", 2), page(true, "s", 3), page(true, "s")}, "1 2 3", nil, 4},
		"in circles":              {[]http.HandlerFunc{page(true, "a", 1), page(true, "b", 2), page(true, "a", 1), page(true, "b", 2)}, "1 2", fault.ErrMalformed, 6},
		"in circles by offset":    {[]http.HandlerFunc{page(true, nil, 1), page(true, nil, 1)}, "1", fault.ErrMalformed, 2},
		"more of nothing":         {[]http.HandlerFunc{page(true, "a", 1), page(true, "a")}, "1", nil, 2},
		"the token dies":          {[]http.HandlerFunc{page(true, "a", 1, 2), dead, page(true, "b", 1, 2), page(false, nil, 3)}, "1 2 3", nil, 4},
		"tokens always die":       {[]http.HandlerFunc{page(true, "a", 1), dead, page(true, "a", 1), dead, page(true, "a", 1), dead, page(true, "a", 1), dead, dead}, "1", fault.ErrInvalid, 9},
		"tokens die, offsets do not": {[]http.HandlerFunc{
			page(true, "a", 1), dead, page(true, "a", 1), dead, page(true, "a", 1), dead, page(true, "a", 1), dead,
			page(true, "a", 1), page(true, "a", 2), page(false, "a", 3),
		}, "1 2 3", nil, 11},
		"a token stuck, offsets not": {[]http.HandlerFunc{page(true, "a", 1), page(true, "a", 2), page(true, "a", 2), page(true, "a", 1), page(true, "a", 2), page(false, nil, 3)}, "1 2 3", nil, 6},
		"refused at once":            {[]http.HandlerFunc{words(403, "", "")}, "", fault.ErrRefused, 1},
		"a page of odd records":      {[]http.HandlerFunc{reply(obj{"has_more": true, "results": []any{obj{"name": "x"}, nil}}), reply(obj{"has_more": false, "results": []any{rec(1)}})}, "1", nil, 2},
		"odd records":                {[]http.HandlerFunc{reply(obj{"has_more": false, "results": []any{nil, 7, "x", obj{}, rec(1)}})}, "1", nil, 1},
		"unknown fields":             {[]http.HandlerFunc{reply(obj{"a": obj{"b": []any{1, obj{}}}, "has_more": false, "results": []any{rec(1)}, "z": nil})}, "1", nil, 1},
		"bad gateway for once":       {[]http.HandlerFunc{words(502, "text/html", "<html>"), page(false, nil, 1)}, "1", nil, 2},
		"slow down for once":         {[]http.HandlerFunc{words(429, "", ""), page(false, nil, 1)}, "1", nil, 2},
		"a cut answer":               {[]http.HandlerFunc{words(200, "", `{"has_more":false,"results":[{"id":"1"},{"id`), page(false, nil, 1, 2)}, "1 2", nil, 2},
		"a lost answer":              {[]http.HandlerFunc{lost, page(false, nil, 1)}, "1", nil, 2},
		"a login page":               {[]http.HandlerFunc{words(200, "text/html", "<html>")}, "", fault.ErrMalformed, 5},
		"other JSON":                 {[]http.HandlerFunc{words(200, "", `{"message":"hello"}`)}, "", fault.ErrMalformed, 5},
		"more after the end":         {[]http.HandlerFunc{words(200, "", `{"has_more":false,"results":[]} x`)}, "", fault.ErrMalformed, 5},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.handle("POST /data_assets/search", inTurn(c.pages...))
			got, err := ids(t, p.client(), Query{})
			if strings.Join(got, " ") != c.want || !errors.Is(err, c.err) || c.err == nil && err != nil {
				t.Errorf("got %q, %v", got, err)
			}
			if n := p.requests.Load(); n != c.tries {
				t.Errorf("%d requests, want %d", n, c.tries)
			}
		})
	}
}

// The token goes back as the JSON it came as.
func TestTokenGoesBackAsItCame(t *testing.T) {
	for _, token := range []any{"abc", 17.0, "17", obj{"after": []any{1.0, "x"}}} {
		p := newPlatform(t)
		p.handle("POST /data_assets/search", inTurn(
			reply(obj{"has_more": true, "next_token": token, "results": []any{rec(1)}}),
			func(w http.ResponseWriter, r *http.Request) {
				if got := sent(t, r)["next_token"]; fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", token) {
					t.Errorf("%#v came back as %#v", token, got)
				}
				reply(obj{"has_more": false, "results": []any{}})(w, r)
			}))
		if _, err := ids(t, p.client(), Query{}); err != nil {
			t.Error(err)
		}
	}
}

// Nothing is sent that was not asked for.
func TestSearchSends(t *testing.T) {
	p := newPlatform(t)
	var got obj
	p.handle("POST /data_assets/search", func(w http.ResponseWriter, r *http.Request) {
		got = sent(t, r)
		reply(obj{"has_more": false, "results": []any{}})(w, r)
	})
	c := p.client()
	if _, err := c.Search(background(t), Query{}, ""); err != nil {
		t.Fatal(err)
	}
	if want := (obj{"limit": 1000.0}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("sent %v", got)
	}
	q := Query{Query: "name:x", Type: Result, Archived: true, SortField: "created", SortOrder: "desc", Limit: 5}
	if _, err := c.Search(background(t), q, ""); err != nil {
		t.Fatal(err)
	}
	want := obj{"query": "name:x", "type": "result", "archived": true, "sort_field": "created", "sort_order": "desc", "limit": 5.0}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("sent %v", got)
	}
}

// A server that never ends is left, and a caller who has enough stops it.
func TestSearchAllEnds(t *testing.T) {
	p := newPlatform(t)
	n := 0
	p.handle("POST /data_assets/search", func(w http.ResponseWriter, r *http.Request) {
		n++
		reply(obj{"has_more": true, "next_token": n, "results": []any{rec(n)}})(w, r)
	})
	for a, err := range p.client().SearchAll(background(t), Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if a.ID == "3" {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d pages for 3 assets", n)
	}
}

func FuzzDecodePage(f *testing.F) {
	f.Add([]byte(`{"has_more":true,"next_token":1,"results":[{"id":"x"},null,[],{"id":2}]}`))
	f.Add([]byte(`{"a":[[[{}]]],"results":null}`))
	f.Add([]byte(`{"results":[`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := decodePage(strings.NewReader(string(raw)), quiet)
		if err != nil {
			return
		}
		for _, a := range p.Assets {
			if a.ID == "" {
				t.Error("an asset without an id")
			}
		}
	})
}
