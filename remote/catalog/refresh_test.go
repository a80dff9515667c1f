package catalog_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
)

// changes collects what OnChange is told, as short lines.
type changes struct {
	mu    sync.Mutex // guards lines
	lines []string
}

func (ch *changes) add(c catalog.Change) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	place := func(verb string, p catalog.Place) {
		if p.Archived {
			verb += " archived"
		}
		ch.lines = append(ch.lines, fmt.Sprintf("%s %s/%s %s", verb, p.Type, p.Dir, p.ID[:8]))
	}
	for _, p := range c.Gone {
		place("gone", p)
	}
	for _, p := range c.New {
		place("new", p)
	}
	for _, u := range c.Updated {
		ch.lines = append(ch.lines, fmt.Sprintf("updated %s %s→%s", u.New.ID[:8], u.Old.State, u.New.State))
	}
	for _, id := range c.Deleted {
		ch.lines = append(ch.lines, "deleted "+id[:8])
	}
}

// want checks and forgets what was told since the last time.
func (ch *changes) want(t *testing.T, lines ...string) {
	t.Helper()
	ch.mu.Lock()
	defer ch.mu.Unlock()
	slices.Sort(ch.lines)
	slices.Sort(lines)
	if !slices.Equal(ch.lines, lines) {
		t.Errorf("told %q, want %q", ch.lines, lines)
	}
	ch.lines = nil
}

func refresh(t *testing.T, c *catalog.Catalog) {
	t.Helper()
	if err := c.Refresh(soon(t)); err != nil {
		t.Fatal(err)
	}
}

func TestRefresh(t *testing.T) {
	p := newPlatform(t)
	for i := 1; i <= 4; i++ {
		p.add(uuid(i), fmt.Sprintf("m%d", i), i)
	}
	var ch changes
	c := run(t, p, catalog.Config{OnChange: ch.add})
	wantDirs(t, c, false, "m1", "m2", "m3", "m4")
	ch.want(t) // nothing that anybody saw has changed

	refresh(t, c)
	ch.want(t)

	p.add(uuid(5), "m1", 9)
	p.set(uuid(2), "name", "renamed")
	p.set(uuid(3), "tags", []string{"b"})
	p.archive(uuid(4), true)
	refresh(t, c)
	wantDirs(t, c, false, "m1", "m1@00000005", "m3", "renamed")
	wantDirs(t, c, true, "m4")
	ch.want(t,
		"new dataset/m1@00000005 00000005",
		"gone dataset/m2 00000002", "new dataset/renamed 00000002", "updated 00000002 ready→ready",
		"updated 00000003 ready→ready",
		"gone dataset/m4 00000004", "new archived dataset/m4 00000004", "updated 00000004 ready→ready")

	p.archive(uuid(4), false)
	p.remove(uuid(1))
	refresh(t, c)
	wantDirs(t, c, false, "m1@00000005", "m3", "m4", "renamed") // m1 is not given to another
	wantNone(t, c, false, "m1")
	wantID(t, c, "m1@00000005", uuid(5))
	ch.want(t,
		"gone dataset/m1 00000001", "deleted 00000001",
		"gone archived dataset/m4 00000004", "new dataset/m4 00000004", "updated 00000004 ready→ready")
}

func TestNewestFirst(t *testing.T) {
	p := newPlatform(t)
	for i := range 1000 {
		p.add(uuid(i), fmt.Sprintf("m%d", i), i)
	}
	c := run(t, p, catalog.Config{})
	dirs(t, c, false, api.Dataset)
	before, _ := p.counts()
	if err := c.Newest(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, _ := p.counts()
	if n := len(after) - len(before); n != 2 {
		t.Errorf("%d searches to find nothing new, want one here and one in the archive", n)
	}
	for i := range 250 {
		p.add(uuid(2000+i), fmt.Sprintf("n%d", i), 2000+i)
	}
	p.add(uuid(3000), "away", 3000)
	p.archive(uuid(3000), true)
	p.do(func() { p.plainArchived = true })
	if err := c.Newest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(dirs(t, c, false, api.Dataset)); got != 1250 {
		t.Errorf("%d listed", got)
	}
	wantDirs(t, c, true, "away")
	wantNone(t, c, false, "away")
}

func TestRefreshByItself(t *testing.T) {
	p := newPlatform(t)
	seen := make(chan string, 10)
	c := run(t, p, catalog.Config{Refresh: 5 * time.Millisecond, OnChange: func(c catalog.Change) {
		for _, n := range c.New {
			seen <- n.Dir
		}
	}})
	wantDirs(t, c, false)
	p.add(uuid(1), "new", 1)
	select {
	case <-seen:
	case <-time.After(10 * time.Second):
		t.Fatal("a new asset is not noticed")
	}
	wantDirs(t, c, false, "new")
}

func TestFailedRefreshKeepsTheView(t *testing.T) {
	p := newPlatform(t)
	p.add(uuid(1), "mouse", 1)
	c := run(t, p, catalog.Config{})
	wantDirs(t, c, false, "mouse")
	p.do(func() { p.status = 403 })
	if err := c.Refresh(soon(t)); err == nil {
		t.Error("Refresh succeeded")
	}
	wantDirs(t, c, false, "mouse")
	wantNone(t, c, false, "rat")
	if st := c.Status(); st.LastError == "" || !st.Loaded {
		t.Errorf("Status = %+v", st)
	}
	p.do(func() { p.status = 0 })
	refresh(t, c)
	if st := c.Status(); st.LastError != "" {
		t.Errorf("Status = %+v", st)
	}
}

func TestFailedSweepStaysInStatus(t *testing.T) {
	p := newPlatform(t)
	c := run(t, p, catalog.Config{Refresh: time.Millisecond})
	wantDirs(t, c, false)
	p.do(func() { p.failSearch = func(s search) bool { return s.SortOrder == "asc" } })
	if err := c.Refresh(soon(t)); err == nil {
		t.Fatal("Refresh succeeded")
	}
	p.add(uuid(1), "new", 1)
	for { // looks for what is new go on, and succeed
		if _, err := c.Lookup(soon(t), false, api.Dataset, "new"); err == nil {
			break
		}
	}
	if st := c.Status(); st.LastError == "" {
		t.Errorf("Status = %+v", st)
	}
	p.do(func() { p.failSearch = nil })
	refresh(t, c)
	if st := c.Status(); st.LastError != "" {
		t.Errorf("Status = %+v", st)
	}
}

// TestPagesAreRepacked: records that change leave holes in their pages, and
// these must not pile up.
func TestPagesAreRepacked(t *testing.T) {
	p := newPlatform(t)
	const n = 50
	for i := range n {
		p.add(uuid(i), fmt.Sprintf("m%d", i), i)
	}
	var ch changes
	c := run(t, p, catalog.Config{OnChange: ch.add})
	dirs(t, c, false, api.Dataset)
	for round := range 9 { // an odd number, which leaves holes
		for i := range n - 5 {
			p.set(uuid(i), "last_used", round)
		}
		refresh(t, c)
		if got := c.Packed(); got > 3*n {
			t.Fatalf("round %d: %d records packed for %d assets", round, got, n)
		}
	}
	ch.want(t, ch.lines...)
	for c.Packed() > n { // also the sweep that packs anew changes nothing else
		p.set(uuid(0), "last_used", -c.Packed())
		refresh(t, c)
		ch.want(t, "updated 00000000 ready→ready")
	}
	for i := range n {
		e, err := c.ByID(soon(t), uuid(i))
		if err != nil {
			t.Fatal(err)
		}
		if full, err := e.Record(); err != nil || full.ID != uuid(i) {
			t.Errorf("record %d: %v", i, err)
		}
	}
}

// TestReadersDuringChanges is for the race detector, and for the promise that
// a reader sees one whole snapshot.
func TestReadersDuringChanges(t *testing.T) {
	p := newPlatform(t)
	for i := range 300 {
		p.add(uuid(i), "m", i)
	}
	c := run(t, p, catalog.Config{Refresh: time.Millisecond, Sweep: time.Millisecond})
	dirs(t, c, false, api.Dataset)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				entries, err := c.List(t.Context(), false, api.Dataset)
				if err != nil || !slices.IsSortedFunc(entries, func(a, b catalog.Entry) int {
					return slices.Compare([]string{a.Dir}, []string{b.Dir})
				}) || len(entries) < 300 {
					t.Errorf("List: %d, %v", len(entries), err)
					return
				}
				if e, err := c.Lookup(t.Context(), false, api.Dataset, "m@00000005"); err != nil || e.ID != uuid(5) {
					t.Errorf("Lookup: %v, %v", e.Asset, err)
					return
				}
				if _, err := entries[7].Record(); err != nil {
					t.Error(err)
				}
				_ = c.Status()
			}
		})
	}
	for i := range 20 {
		p.add(uuid(1000+i), "m", 1000+i)
		p.set(uuid(i), "tags", []string{fmt.Sprint(i)})
		if i%5 == 0 {
			refresh(t, c)
		}
	}
	refresh(t, c)
	close(stop)
	wg.Wait()
	if got := len(dirs(t, c, false, api.Dataset)); got != 320 {
		t.Errorf("%d listed", got)
	}
}
