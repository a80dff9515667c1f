package wire

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault is one way in which requests go wrong. The first group of fields says
// which requests, the second what happens to them; several effects may be
// combined.
type Fault struct {
	// Route is the route's name as the counters have it, "files" or
	// "s3.GetObject"; empty means every route.
	Route string
	// Path must occur in the request's URL path or query, unescaped; empty
	// means any.
	Path string
	// Match must answer true; nil means any request.
	Match func(*http.Request) bool
	// Skip lets the first so many matching requests pass.
	Skip int
	// Times is how many requests are hit; 0 means all of them.
	Times int

	// Delay is waited before anything else happens.
	Delay time.Duration
	// Status answers with this status, Header and Body instead of the real
	// answer.
	Status int
	// Header is set on the answer, the real one or that of Status.
	Header http.Header
	// Body goes with Status. Empty means the side's own way of saying it.
	Body string
	// DropReply carries the request out, and then closes the connection
	// without a word of answer.
	DropReply bool
	// CutAfter closes the connection after so many bytes of the body, or,
	// when negative, before the first. 0 is no cut.
	CutAfter int64
	// Reset makes a cut an RST, where otherwise it is a FIN.
	Reset bool
	// StallAfter sends so many bytes of the body (none when negative) and
	// then nothing, with the connection open, until the client leaves or the
	// fault is removed. 0 is no stall.
	StallAfter int64
	// Drip sends the body a byte at a time, with this pause after each.
	Drip time.Duration
	// NoLength answers without Content-Length, the end marked by closing: a
	// cut is then invisible to HTTP.
	NoLength bool
	// IgnoreRange answers 200 with the whole file.
	IgnoreRange bool
	// ContentRange replaces that header; "-" removes it.
	ContentRange string
	// Extra sends so many bytes more than asked for; it implies NoLength.
	Extra int64
	// Flip inverts one bit of the body's byte at this index, counted from 1.
	Flip int64
	// Handle, when set, answers in place of all the above but Delay; next is
	// the real answer.
	Handle func(w http.ResponseWriter, r *http.Request, next http.Handler)
}

// matches tells whether the fault is meant for this request.
func (f *Fault) matches(route string, r *http.Request) bool {
	if f.Route != "" && f.Route != route {
		return false
	}
	if f.Path != "" && !strings.Contains(r.URL.Path, f.Path) && !inQuery(r, f.Path) {
		return false
	}
	return f.Match == nil || f.Match(r)
}

func inQuery(r *http.Request, s string) bool {
	for _, values := range r.URL.Query() {
		if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, s) }) {
			return true
		}
	}
	return false
}

// faults are the faults in force.
type faults struct {
	mu     sync.Mutex
	active []*activeFault // guarded by mu
}

type activeFault struct {
	Fault
	seen    int           // guarded by faults.mu
	removed chan struct{} // closed by remove
}

// Inject makes requests fail until remove is called, which may be done more
// than once. Of several faults that match a request, the one injected first
// and not used up applies.
func (n *Net) Inject(f Fault) (remove func()) {
	a := &activeFault{Fault: f, removed: make(chan struct{})}
	n.faults.mu.Lock()
	defer n.faults.mu.Unlock()
	n.faults.active = append(n.faults.active, a)
	return sync.OnceFunc(func() {
		n.faults.mu.Lock()
		defer n.faults.mu.Unlock()
		n.faults.active = slices.DeleteFunc(n.faults.active, func(b *activeFault) bool { return a == b })
		close(a.removed)
	})
}

// take returns the fault that this request suffers, or nil.
func (fs *faults) take(route string, r *http.Request) *activeFault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, f := range fs.active {
		if f.Times > 0 && f.seen >= f.Skip+f.Times || !f.matches(route, r) {
			continue
		}
		if f.seen++; f.seen > f.Skip {
			return f
		}
	}
	return nil
}
