package wire

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// Count is what one route has seen.
type Count struct {
	Requests int64 // begun
	Bytes    int64 // of bodies sent
	Peak     int64 // most requests under way at one time
}

type counts struct {
	mu     sync.Mutex
	routes map[string]*routeCount // guarded by mu
}

type routeCount struct {
	requests, peak, underWay int64 // guarded by counts.mu
	bytes                    atomic.Int64
}

// begin counts one more request, and returns where its bytes are counted.
func (c *counts) begin(route string) *atomic.Int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.routes == nil {
		c.routes = make(map[string]*routeCount)
	}
	rc := c.routes[route]
	if rc == nil {
		rc = new(routeCount)
		c.routes[route] = rc
	}
	rc.requests++
	rc.underWay++
	rc.peak = max(rc.peak, rc.underWay)
	return &rc.bytes
}

func (c *counts) end(route string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.routes[route].underWay--
}

// Counts is what each route has seen since the start or the last ResetCounts.
func (n *Net) Counts() map[string]Count {
	n.counts.mu.Lock()
	defer n.counts.mu.Unlock()
	all := make(map[string]Count, len(n.counts.routes))
	for route, rc := range n.counts.routes {
		all[route] = Count{Requests: rc.requests, Bytes: rc.bytes.Load(), Peak: rc.peak}
	}
	return all
}

// ResetCounts starts counting anew. Requests under way were counted before: a
// client has the whole body before its request is over here.
func (n *Net) ResetCounts() {
	n.counts.mu.Lock()
	defer n.counts.mu.Unlock()
	for _, rc := range n.counts.routes {
		rc.requests, rc.peak = 0, rc.underWay
		rc.bytes.Store(0)
	}
}

// countedWriter counts a body's bytes, and keeps the way to send files.
type countedWriter struct {
	http.ResponseWriter
	sent *atomic.Int64
}

// Unwrap is for http.ResponseController.
func (w *countedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *countedWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.sent.Add(int64(n))
	return n, err
}

// ReadFrom is io.Copy's way in.
func (w *countedWriter) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.Copy(w.ResponseWriter, r)
	w.sent.Add(n)
	return n, err
}
