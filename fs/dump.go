package fs

import (
	"runtime"
	"time"

	"codeoceanfs/control"
)

// Bounds of a dump: it is for people to read, and must not fill a disk.
const (
	maxDumped = 200
	maxStacks = 8 << 20 // bytes, of some thousand goroutines
)

// Dump writes to the log what is under way: the operations of the kernel, with
// their age and what they wait for; the requests to the platform and to stores;
// and what the program does. Names of files are in it, and no secrets.
func (s *Server) Dump() {
	t, now := s.tree, time.Now()
	flights, requests := t.flights.snapshot(), pending(t.dep)
	t.cfg.Logger.Info("what is under way", "operations", len(flights), "requests", len(requests))
	for _, c := range flights[:min(len(flights), maxDumped)] {
		t.logFlight("operation under way", c.flight(now, requests))
	}
	for _, r := range requests[:min(len(requests), maxDumped)] {
		t.cfg.Logger.Info("request under way", "op", r.Op, "asset", r.Asset, "path", r.Path, "host", r.Host,
			"age", now.Sub(r.Since).Round(time.Millisecond).String(), "waits_for", r.Phase, "bytes", r.Bytes)
	}
	if t.dep != nil {
		for _, o := range t.dep.Outages() {
			t.cfg.Logger.Info("host that cannot be reached", "host", o.Host, "for", now.Sub(o.Since).Round(time.Millisecond).String(),
				"attempts", o.Attempts, "error", o.Error)
		}
	}
	t.logStacks()
}

func (t *tree) logFlight(message string, f Flight) {
	log := t.cfg.Logger.Info
	if f.Age > f.Budget {
		log = t.cfg.Logger.Error
	}
	log(message, "op", f.Op, "asset", f.Asset, "path", f.Path, "age", f.Age.String(), "budget", f.Budget.String(), "pid", f.PID, "waits_for", f.WaitsFor)
}

func (t *tree) logStacks() {
	buf := make([]byte, maxStacks)
	for _, s := range control.Stacks(buf[:runtime.Stack(buf, true)]) {
		t.cfg.Logger.Info("goroutines", "count", s.Count, "state", s.State, "longest", s.Longest.String(), "stack", s.Frames)
	}
}
