package wire

import (
	"net/http"
	"time"
)

// Fault is one way in which requests go wrong. The first group says which
// requests, the second what happens to them; several effects may be combined.
type Fault struct {
	// Route is the route's name as the counters have it, "files" or
	// "s3.GetObject"; empty means every route.
	Route string
	// Path must occur in the request's URL path; empty means any.
	Path string
	// Match must answer true; nil means any request.
	Match func(*http.Request) bool
	// Skip lets the first so many matching requests pass.
	Skip int
	// Times is how many requests are hit; 0 means all of them.
	Times int

	// Delay is waited before anything else happens.
	Delay time.Duration
	// Status answers with this status, Header and Body instead of the real answer.
	Status int
	// Header is set on the answer, the real one or that of Status.
	Header http.Header
	// Body goes with Status. Empty means the side's own way of saying it.
	Body string
	// DropReply carries the request out, and then closes the connection
	// without a word of answer.
	DropReply bool
	// CutAfter closes the connection after so many bytes of the body (a
	// negative value: before the first). 0 is no cut.
	CutAfter int64
	// Reset makes a cut an RST, where otherwise it is a FIN.
	Reset bool
	// StallAfter sends so many bytes of the body (negative: none) and then
	// nothing, with the connection open, until the client leaves, the fault
	// is removed or the server closes. 0 is no stall.
	StallAfter int64
	// Drip sends the body a byte at a time with this pause between.
	Drip time.Duration
	// NoLength answers without Content-Length, the end marked by closing: a
	// cut is then invisible to HTTP.
	NoLength bool
	// IgnoreRange answers 200 with the whole file.
	IgnoreRange bool
	// ContentRange replaces that header ("-" removes it).
	ContentRange string
	// Extra sends so many bytes more than asked for; it implies NoLength.
	Extra int64
	// Flip inverts one bit of the body's byte at this index, counted from 1.
	Flip int64
	// Handle, when set, answers in place of all the above; next is the real
	// answer.
	Handle func(w http.ResponseWriter, r *http.Request, next http.Handler)
}
