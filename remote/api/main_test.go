package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"codeoceanfs/remote/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// canary is the token of all tests: no log, error or store may see it.
const canary = "cop_c4n4ry"

// platform is a deployment with a store beside it, whose handlers each test
// sets. It checks of every request what must always hold.
type platform struct {
	t          *testing.T
	api, store *httptest.Server
	mux        *http.ServeMux // of the API, below /api/v1
	requests   atomic.Int64   // of the API

	mu     sync.Mutex
	object func(w http.ResponseWriter, r *http.Request) // of the store
	gets   atomic.Int64                                 // of the store
}

func newPlatform(t *testing.T) *platform {
	t.Helper()
	p := &platform{t: t, mux: http.NewServeMux()}
	p.api = httptest.NewServer(http.StripPrefix("/api/v1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.requests.Add(1)
		if user, password, ok := r.BasicAuth(); !ok || user != canary || password != "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		p.mux.ServeHTTP(w, r)
	})))
	p.store = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.gets.Add(1)
		for _, name := range []string{"Authorization", "Cookie", "Referer", "Accept-Encoding"} {
			if v := r.Header.Get(name); v != "" {
				t.Errorf("the store got %s: %s", name, v)
			}
		}
		p.mu.Lock()
		object := p.object
		p.mu.Unlock()
		object(w, r)
	}))
	t.Cleanup(p.api.Close)
	t.Cleanup(p.store.Close)
	return p
}

// serve sets what the store answers.
func (p *platform) serve(object http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.object = object
}

// handle adds a call, like "GET /data_assets/{id}".
func (p *platform) handle(pattern string, h http.HandlerFunc) {
	method, path, _ := strings.Cut(pattern, " ")
	p.mux.HandleFunc(method+" "+path, h)
}

// client returns a client of p that does not wait long for anything.
func (p *platform) client(mend ...func(*Config)) *Client {
	p.t.Helper()
	cfg := Config{
		Domain: p.api.URL, Token: StaticToken(canary),
		Timeouts: transport.Timeouts{FirstByte: 2 * time.Second, Stall: 200 * time.Millisecond},
	}
	for _, m := range mend {
		m(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, r := range []*transport.Retry{c.calls, c.lists, c.reads, c.signs} {
		r.Base, r.Cap, r.Budget = time.Millisecond, 5*time.Millisecond, 20*time.Second
	}
	p.t.Cleanup(c.Close)
	return c
}

// logged makes a client's log go to out.
func logged(out io.Writer) func(*Config) {
	return func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(out, nil)) }
}

// reply answers with JSON.
func reply(v any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
}

// words answers with the text as it is.
func words(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// inTurn answers the k-th request by the k-th handler, the rest by the last.
func inTurn(hs ...http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		hs[min(int(n.Add(1)), len(hs))-1](w, r)
	}
}

// lost reads the request and drops the connection instead of answering.
func lost(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_ = conn.Close()
}

// silent reads the request and never answers.
func silent(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // until then, a client that leaves is not noticed
	<-r.Context().Done()
}

// sent decodes a request's body.
func sent(t *testing.T, r *http.Request) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
		t.Errorf("request body: %v", err)
	}
	return v
}

// signedFor makes a signed URL of the store that says it lives so long from at.
func (p *platform) signedFor(path string, at time.Time, life time.Duration, more string) string {
	return fmt.Sprintf("%s/%s?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=%s&X-Amz-Expires=%d&X-Amz-Signature=%s%s",
		p.store.URL, url.PathEscape(path), at.UTC().Format("20060102T150405Z"), int(life.Seconds()), "5ecret", more)
}

func background(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}
