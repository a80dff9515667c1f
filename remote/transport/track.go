package transport

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"time"
)

// Pending is a request that is under way: what it is for, as [About] told, and
// how far it has come. It never holds a URL, which may be a signed one.
type Pending struct {
	Op    string // in words, as in errors
	Asset string // asset id, or ""
	Path  string // in the asset, or the key in a bucket
	Host  string
	Since time.Time
	Phase string // what it waits for
	Bytes int64  // of the answer's body that have come
}

// The phases of a request, in their order.
const (
	inLine     = "its turn"
	connecting = "a connection"
	asked      = "an answer"
	flowing    = "bytes"
)

// aboutKey is where a context holds what About told.
type aboutKey struct{}

// About says in ctx what the requests made with it are for. An asset that is ""
// stays the one that was told before: a bucket does not know whose it is.
func About(ctx context.Context, op, asset, path string) context.Context {
	if before, ok := ctx.Value(aboutKey{}).([3]string); ok {
		asset = cmp.Or(asset, before[1])
	}
	return context.WithValue(ctx, aboutKey{}, [3]string{op, asset, path})
}

// Track is the outermost layer: it knows of every request from the moment that
// somebody wants it until the close of its body.
func Track(rt http.RoundTripper) *Tracker {
	return &Tracker{next: rt, all: make(map[*tracked]struct{})}
}

// Tracker is what Track returns. It is an http.RoundTripper.
type Tracker struct {
	next http.RoundTripper

	mu  sync.Mutex // guards what follows, and what is in each
	all map[*tracked]struct{}
}

type tracked struct{ Pending }

// Pending gives the requests that are under way, the oldest first.
func (t *Tracker) Pending() []Pending {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]Pending, 0, len(t.all))
	for r := range t.all {
		all = append(all, r.Pending)
	}
	slices.SortFunc(all, func(a, b Pending) int { return cmp.Compare(a.Since.UnixNano(), b.Since.UnixNano()) })
	return all
}

// RoundTrip implements http.RoundTripper.
func (t *Tracker) RoundTrip(req *http.Request) (*http.Response, error) {
	r := &tracked{Pending{Host: req.URL.Host, Since: time.Now(), Phase: inLine}}
	if about, ok := req.Context().Value(aboutKey{}).([3]string); ok {
		r.Op, r.Asset, r.Path = about[0], about[1], about[2]
	}
	t.mu.Lock()
	t.all[r] = struct{}{}
	t.mu.Unlock()
	phase := func(now string) {
		t.mu.Lock()
		r.Phase = now
		t.mu.Unlock()
	}
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GetConn: func(string) { phase(connecting) },
		GotConn: func(httptrace.GotConnInfo) { phase(asked) },
	})
	resp, err := t.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		t.done(r)
		return nil, err
	}
	phase(flowing)
	resp.Body = &trackedBody{resp.Body, t, r}
	return resp, nil
}

func (t *Tracker) done(r *tracked) {
	t.mu.Lock()
	delete(t.all, r)
	t.mu.Unlock()
}

type trackedBody struct {
	io.ReadCloser
	t *Tracker
	r *tracked
}

// Read implements io.Reader.
func (b *trackedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.t.mu.Lock()
	b.r.Bytes += int64(n)
	b.t.mu.Unlock()
	return n, err
}

// Close implements io.Closer.
func (b *trackedBody) Close() error {
	b.t.done(b.r)
	return b.ReadCloser.Close()
}
