package fs

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"codeoceanfs/remote"
	"codeoceanfs/remote/transport"
)

// overdueAfter is how long after its budget an operation counts as stuck: time
// for what ends at the deadline to come back to the kernel on a busy machine.
const overdueAfter = 5 * time.Second

// watchEvery is how often operations are looked at. What is stuck stays so.
const watchEvery = 5 * time.Second

// placed is what an operation is about: a node, as a rule.
type placed interface {
	// place gives the asset's id, or "", and the path in it, or in the mount.
	place() (asset, path string)
}

// at is a place without a node of its own.
type at struct{ asset, path string }

func (a at) place() (asset, path string) { return a.asset, a.path }

func (f *file) place() (asset, path string)     { return f.id, f.path() }
func (f *folder) place() (asset, path string)   { return f.id, f.path }
func (d *typeDir) place() (asset, path string)  { return "", typePath(d.typ, d.archived) }
func (d *queryDir) place() (asset, path string) { return "", searchName + "/" + d.query }

// flights are the operations of the kernel that are being answered. Its zero
// value is ready, and safe for concurrent use.
type flights struct {
	mu   sync.Mutex // guards what follows
	all  map[*call]struct{}
	over map[*call]struct{} // those of them that were told of as overdue
}

// Flight is an operation of the kernel under way, for people to see.
type Flight struct {
	Op, Asset, Path string
	PID             uint32 // of the program that waits; 0: not known
	Age, Budget     time.Duration
	WaitsFor        string
}

// begin is newCall for an operation that is shown while it is under way: op in
// words, of the child name of where, or of where itself if that is "".
func (t *tree) begin(ctx context.Context, budget time.Duration, op string, where placed, name string) *call {
	c := newCall(ctx, budget)
	c.op, c.where, c.name, c.budget, c.began, c.in = op, where, name, budget, c.deadline.Add(-budget), t
	f := &t.flights
	f.mu.Lock()
	if f.all == nil {
		f.all = make(map[*call]struct{})
	}
	f.all[c] = struct{}{}
	f.mu.Unlock()
	return c
}

// landed forgets a call that is answered, and counts it.
func (t *tree) landed(c *call) {
	f := &t.flights
	f.mu.Lock()
	delete(f.all, c)
	_, late := f.over[c]
	delete(f.over, c)
	f.mu.Unlock()
	took := time.Since(c.began)
	t.cfg.Metrics.Operation(c.op, took)
	if late {
		t.cfg.Logger.Warn("the operation that was over its time has ended", "op", c.op, "took", took.Round(time.Millisecond))
	}
}

// snapshot gives the calls that are being answered, the oldest first.
func (f *flights) snapshot() []*call {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]*call, 0, len(f.all))
	for c := range f.all {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *call) int { return a.began.Compare(b.began) })
	return all
}

func (f *flights) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.all)
}

// overdue gives the calls that are over their time, each once.
func (f *flights) overdue(now time.Time) (late []*call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.all {
		if _, told := f.over[c]; told || now.Sub(c.deadline) < overdueAfter {
			continue
		}
		if f.over == nil {
			f.over = make(map[*call]struct{})
		}
		f.over[c] = struct{}{}
		late = append(late, c)
	}
	return late
}

// flight describes a call. What it waits for is told by the requests that are
// under way, because a request is shared by all who wait for what it brings.
func (c *call) flight(now time.Time, pending []transport.Pending) Flight {
	asset, path := c.where.place()
	if c.name != "" {
		path = strings.TrimPrefix(path+"/"+c.name, "/")
	}
	return Flight{
		Op: c.op, Asset: asset, Path: path, PID: c.pid,
		Age: now.Sub(c.began).Round(time.Millisecond), Budget: c.budget,
		WaitsFor: waitsFor(now, asset, path, pending),
	}
}

// waitsFor names the request that is likely to be the one: of the same file, or
// else of the same asset, and of these the oldest.
func waitsFor(now time.Time, asset, path string, pending []transport.Pending) string {
	best, match := -1, 0
	for i, p := range pending {
		how := 0
		switch {
		case p.Asset != "" && p.Asset == asset && p.Path == path:
			how = 3
		case (p.Asset == "" || p.Asset == asset) && path != "" && (strings.HasSuffix(p.Path, "/"+path) || strings.HasSuffix(p.Path, "/"+path+"/")):
			how = 2 // the path is a key in a bucket
		case p.Asset != "" && p.Asset == asset:
			how = 1
		}
		if how > match {
			best, match = i, how
		}
	}
	if best < 0 {
		return "no request of its own: between two attempts, in line, or on a list that is being loaded"
	}
	return describe(now, pending[best])
}

// describe is a request in words.
func describe(now time.Time, p transport.Pending) string {
	return cmp.Or(p.Op, "request") + " at " + p.Host + ": " + p.Phase + ", for " + now.Sub(p.Since).Round(time.Millisecond).String()
}

// pending are the requests under way; nil in a tree without a deployment.
func pending(d *remote.Deployment) []transport.Pending {
	if d == nil {
		return nil
	}
	return d.Pending()
}

// watchFlights tells of operations that should have ended, until ctx does. It
// is a mistake of ours if there are any, and then the stacks show which.
func (t *tree) watchFlights(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			late := t.flights.overdue(now)
			for _, c := range late {
				t.logFlight("an operation is over its time: please report this, with what follows", c.flight(now, pending(t.dep)))
			}
			if len(late) > 0 {
				t.logStacks()
			}
		}
	}
}
