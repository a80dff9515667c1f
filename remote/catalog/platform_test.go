package catalog_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"codeoceanfs/remote/api"
)

// platform is as much of a deployment as a catalog meets, over real HTTP, with
// every fault at hand. It knows nothing of the client's types.
type platform struct {
	t   testing.TB
	url string

	mu            sync.Mutex // guards what follows
	assets        map[string]record
	archived      map[string]bool
	plainArchived bool                         // plain searches find archived assets too
	hidden        map[string]bool              // get knows them and search does not
	lag           map[string]record            // search has these, get the real ones
	gate          func(s search) chan struct{} // a search waits until this is closed
	refused       map[string]bool              // by get
	failSearch    func(s search) bool
	status        int // of every answer, if not 0
	searches      []search
	gets          int
}

type record map[string]any

type search struct {
	Query     string `json:"query"`
	Type      string `json:"type"`
	Archived  bool   `json:"archived"`
	SortField string `json:"sort_field"`
	SortOrder string `json:"sort_order"`
	Limit     int    `json:"limit"`
	NextToken string `json:"next_token"`
}

func newPlatform(t testing.TB) *platform {
	p := &platform{
		t: t, assets: map[string]record{}, archived: map[string]bool{},
		hidden: map[string]bool{}, refused: map[string]bool{}, lag: map[string]record{},
	}
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	p.url = srv.URL
	return p
}

func (p *platform) client() *api.Client {
	c, err := api.New(api.Config{Domain: p.url, Token: api.StaticToken("cop_x")})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(c.Close)
	return c
}

// do runs f while no request is answered.
func (p *platform) do(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

// add puts a ready dataset there; more are further fields, key and value.
func (p *platform) add(id, name string, created int, more ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := record{"id": id, "name": name, "mount": name, "created": created, "type": "dataset", "state": "ready", "tags": []string{"a"}}
	for i := 0; i < len(more); i += 2 {
		r[more[i].(string)] = more[i+1]
	}
	p.assets[id] = r
}

// set changes one field of a record.
func (p *platform) set(id, key string, value any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := maps.Clone(p.assets[id])
	r[key] = value
	p.assets[id] = r
}

func (p *platform) remove(id string) { p.do(func() { delete(p.assets, id) }) }

func (p *platform) archive(id string, yes bool) { p.do(func() { p.archived[id] = yes }) }

func (p *platform) counts() (searches []search, gets int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.searches), p.gets
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, get := strings.CutPrefix(r.URL.Path, "/api/v1/data_assets/")
	if id == "search" {
		var s search
		if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
			p.t.Error("search body:", err)
		}
		var gate chan struct{}
		p.do(func() {
			p.searches = append(p.searches, s)
			if p.gate != nil {
				gate = p.gate(s)
			}
		})
		if gate != nil {
			select {
			case <-gate:
			case <-r.Context().Done():
				return
			}
		}
		p.answer(w, func() (any, int) {
			if p.failSearch != nil && p.failSearch(s) {
				return record{"message": "made to fail"}, http.StatusForbidden
			}
			return p.search(s), http.StatusOK
		})
		return
	}
	if !get || r.Method != http.MethodGet {
		p.t.Errorf("unexpected request %s %s", r.Method, r.URL.Path)
	}
	p.answer(w, func() (any, int) {
		p.gets++
		if p.refused[id] {
			return record{"message": "not yours"}, http.StatusForbidden
		}
		if rec, ok := p.assets[id]; ok {
			return rec, http.StatusOK
		}
		return record{"message": "no such asset"}, http.StatusNotFound
	})
}

func (p *platform) answer(w http.ResponseWriter, make func() (any, int)) {
	p.mu.Lock()
	body, status := make()
	if p.status != 0 {
		body, status = record{"message": "made to fail"}, p.status
	}
	text, err := json.Marshal(body)
	p.mu.Unlock()
	if err != nil {
		p.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

func (p *platform) search(s search) any {
	var found []record
	for id, r := range p.assets {
		if p.hidden[id] {
			continue
		}
		if old, ok := p.lag[id]; ok {
			r = old
		}
		if s.Archived && !p.archived[id] || !s.Archived && p.archived[id] && !p.plainArchived {
			continue
		}
		if (s.Type == "" || r["type"] == s.Type) && matches(r["name"].(string), s.Query) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b record) int {
		order := a["created"].(int) - b["created"].(int)
		if order == 0 {
			order = strings.Compare(a["id"].(string), b["id"].(string))
		}
		if s.SortOrder == "desc" {
			order = -order
		}
		return order
	})
	at, _ := strconv.Atoi(s.NextToken)
	end := min(at+max(s.Limit, 1), len(found))
	page := record{"results": found[min(at, end):end], "has_more": end < len(found)}
	if end < len(found) {
		page["next_token"] = strconv.Itoa(end)
	}
	return page
}

// matches is a search by words, with name: missing what is long.
func matches(name, query string) bool {
	text, field := strings.CutPrefix(query, "name:")
	phrase, quoted := strings.CutPrefix(text, `"`)
	phrase = strings.TrimSuffix(phrase, `"`)
	if field && len(phrase) > 20 {
		return false
	}
	wanted := strings.Fields(text)
	if quoted {
		wanted = []string{phrase}
	}
	for _, w := range wanted {
		if !strings.Contains(strings.ToLower(name), strings.ToLower(w)) {
			return false
		}
	}
	return true
}

func uuid(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n) }
