// Package wire is the network the emulator puts between itself and its
// clients: it is slow, it counts, and it breaks when told to.
//
// Rates hold for connections, and so for a [Net.Listener]; latency, counters
// and faults hold for requests, and so for a [Net.Handler].
package wire

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// Shape is how slow the network is. The zero value is as fast as the machine.
type Shape struct {
	// Latency is added before the first byte of every answer.
	Latency time.Duration
	// ConnRate bounds each connection, in bytes a second; 0 is no bound.
	ConnRate int64
	// TotalRate bounds all connections together, in bytes a second.
	TotalRate int64
}

// Net is one network: every listener and handler of it shares its shape, its
// total rate, its faults and its counters.
type Net struct {
	mu     sync.Mutex // guards shape
	shape  Shape
	total  pacer
	faults faults
	counts counts
}

// SetShape changes how slow the network is, also for open connections.
func (n *Net) SetShape(s Shape) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.shape = s
}

// Shape tells how slow the network is.
func (n *Net) Shape() Shape {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.shape
}

// Side is one half of a server: what its routes are called, and how it words
// a failure that a fault asks for.
type Side struct {
	Route func(*http.Request) string
	Fail  func(w http.ResponseWriter, r *http.Request, status int)
}

// Handler puts the network in front of next.
func (n *Net) Handler(side Side, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route := side.Route(r)
		cw := &countedWriter{ResponseWriter: w, sent: n.counts.begin(route)}
		defer n.counts.end(route)
		if !pause(r.Context(), n.Shape().Latency, nil) {
			return
		}
		if f := n.faults.take(route, r); f != nil {
			f.serve(cw, r, side, next)
			return
		}
		next.ServeHTTP(cw, r)
	})
}

// pause waits, and tells whether it was not interrupted.
func pause(ctx context.Context, d time.Duration, stop <-chan struct{}) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-stop:
	case <-ctx.Done():
	}
	return false
}

// Listener puts the network's rates on the connections that l accepts.
func (n *Net) Listener(l net.Listener) *Listener {
	return &Listener{Listener: l, net: n}
}
