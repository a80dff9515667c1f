package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/fault"
)

// run starts a catalog of p that does nothing by itself after the first load,
// except as cfg says, and stops it at the end of the test.
func run(t testing.TB, p *platform, cfg catalog.Config) *catalog.Catalog {
	c, _ := runStop(t, p, cfg)
	return c
}

func runStop(t testing.TB, p *platform, cfg catalog.Config) (c *catalog.Catalog, stop func()) {
	t.Helper()
	cfg.API = p.client()
	if cfg.Refresh == 0 {
		cfg.Refresh = time.Hour
	}
	if cfg.PollTime == 0 {
		cfg.PollTime = time.Hour
	}
	c = catalog.New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("Run does not end")
		}
	}
	t.Cleanup(stop)
	return c, stop
}

// soon is long enough for anything that is not stuck.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// dirs are the names a listing shows.
func dirs(t testing.TB, c *catalog.Catalog, archived bool, typ api.Type) []string {
	t.Helper()
	entries, err := c.List(soon(t), archived, typ)
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Dir)
	}
	return all
}

func wantDirs(t testing.TB, c *catalog.Catalog, archived bool, want ...string) {
	t.Helper()
	if got := dirs(t, c, archived, api.Dataset); !slices.Equal(got, want) {
		t.Errorf("archived %v: listed %q, want %q", archived, got, want)
	}
}

func wantID(t testing.TB, c *catalog.Catalog, name, id string) {
	t.Helper()
	e, err := c.Lookup(soon(t), false, api.Dataset, name)
	if err != nil || e.ID != id {
		t.Errorf("Lookup(%q) = %v, %v, want asset %s", name, e.Asset, err, id)
	}
}

func wantNone(t testing.TB, c *catalog.Catalog, archived bool, name string) {
	t.Helper()
	if e, err := c.Lookup(soon(t), archived, api.Dataset, name); !errors.Is(err, fault.ErrNotExist) {
		t.Errorf("Lookup(%q) = %v, %v, want ErrNotExist", name, e.Asset, err)
	}
}

func TestLoad(t *testing.T) {
	for _, plainArchived := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain searches find archived assets: %v", plainArchived), func(t *testing.T) {
			p := newPlatform(t)
			p.plainArchived = plainArchived
			p.add(uuid(1), "mouse", 10)
			p.add(uuid(2), "mouse", 20)
			p.add(uuid(3), "a/b", 30)
			p.add(uuid(4), "mouse", 5)
			p.add(uuid(5), "", 50)
			p.add(uuid(6), "mouse", 60, "type", "result")
			p.archive(uuid(4), true)
			c := run(t, p, catalog.Config{})

			wantDirs(t, c, false, "@00000005", "a%2Fb", "mouse", "mouse@00000002")
			wantDirs(t, c, true, "mouse")
			wantID(t, c, "mouse", uuid(1))
			wantID(t, c, "mouse@00000002", uuid(2))
			wantID(t, c, "mouse@00000001", uuid(1)) // every asset answers to it
			wantID(t, c, "@00000005", uuid(5))
			wantNone(t, c, false, "a/b")
			wantNone(t, c, false, "mouse@00000003")
			wantNone(t, c, false, "mouse@00000004") // archived
			wantNone(t, c, true, "mouse@00000001")
			if e, err := c.ByID(soon(t), uuid(4)); err != nil || e.Dir != "mouse" || !e.Archived {
				t.Errorf("ByID = %+v, %v", e, err)
			}
			st := c.Status()
			if !st.Loaded || st.Assets != 6 || st.Archived != 1 || st.ByType["result"] != 1 || st.Listed != 6 ||
				st.LastSweep.IsZero() || st.LastError != "" {
				t.Errorf("Status = %+v", st)
			}
		})
	}
}

func TestLoadReadsEveryPage(t *testing.T) {
	p := newPlatform(t)
	for i := range 2500 {
		p.add(uuid(i), fmt.Sprintf("mouse-%04d", i), i)
	}
	c := run(t, p, catalog.Config{})
	if got := len(dirs(t, c, false, api.Dataset)); got != 2500 {
		t.Errorf("%d listed", got)
	}
	searches, gets := p.counts()
	if len(searches) != 4 || gets != 0 || searches[1].Limit != 1000 {
		t.Errorf("%d searches, %d gets, first %+v", len(searches), gets, searches[0])
	}
}

func TestRecordIsKeptWhole(t *testing.T) {
	p := newPlatform(t)
	for i := range 40 { // several pages of packed records
		p.add(uuid(i), fmt.Sprintf("m%d", i), i, "description", strings.Repeat("long ", i),
			"new_field", record{"x": i}, "custom_metadata", record{"age": i})
	}
	c := run(t, p, catalog.Config{})
	for i := range 40 {
		e, err := c.Lookup(soon(t), false, api.Dataset, fmt.Sprintf("m%d", i))
		if err != nil {
			t.Fatal(err)
		}
		if e.Raw != nil || e.Description != "" || e.CustomMetadata != nil || e.Mount != e.Name || e.Tags[0] != "a" {
			t.Errorf("entry %+v", e.Asset)
		}
		full, err := e.Record()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(full.Raw), fmt.Sprintf(`"new_field":{"x":%d}`, i)) ||
			full.Description != strings.Repeat("long ", i) || full.ID != e.ID {
			t.Errorf("record %d: %s", i, full.Raw)
		}
	}
}

func TestTypesRestrictWhatIsShown(t *testing.T) {
	p := newPlatform(t)
	p.add(uuid(1), "d", 1)
	p.add(uuid(2), "r", 2, "type", "result")
	p.add(uuid(3), "m", 3, "type", "model")
	c := run(t, p, catalog.Config{Types: []api.Type{"result", "model"}})
	wantNone(t, c, false, "d")
	wantDirs(t, c, false)
	if got := dirs(t, c, false, api.Result); !slices.Equal(got, []string{"r"}) {
		t.Errorf("results %q", got)
	}
	if got := c.Status().Assets; got != 2 {
		t.Errorf("%d assets", got)
	}
	found, err := c.Search(soon(t), false, "")
	if err != nil || len(found) != 2 {
		t.Errorf("Search = %v, %v", found, err)
	}
	// By its id, which one has to know, every asset is there.
	if e, err := c.ByID(soon(t), uuid(1)); err != nil || e.Name != "d" {
		t.Errorf("ByID = %v, %v", e.Asset, err)
	}
}

func TestQueryRestrictsWhatIsShown(t *testing.T) {
	p := newPlatform(t)
	p.add(uuid(1), "mouse", 1)
	p.add(uuid(2), "rat", 2)
	c := run(t, p, catalog.Config{Query: "mouse"})
	wantDirs(t, c, false, "mouse")
	wantNone(t, c, false, "rat")
	found, err := c.Search(soon(t), false, "rat")
	if err != nil || len(found) != 0 {
		t.Errorf("Search = %v, %v", found, err)
	}
	// An asset that no longer fits goes, though it is still there.
	p.set(uuid(1), "name", "gerbil")
	if err := c.Refresh(soon(t)); err != nil {
		t.Fatal(err)
	}
	wantDirs(t, c, false)
}

func TestByIDOfAStrangerAsksOnce(t *testing.T) {
	p := newPlatform(t)
	c := run(t, p, catalog.Config{})
	wantDirs(t, c, false)
	p.add(uuid(1), "late", 1)
	for range 3 {
		e, err := c.ByID(soon(t), uuid(1))
		if err != nil || e.Name != "late" || e.Dir != "late@00000001" {
			t.Fatalf("ByID = %+v, %v", e, err)
		}
	}
	if _, err := c.ByID(soon(t), uuid(2)); !errors.Is(err, fault.ErrNotExist) {
		t.Errorf("ByID of nothing: %v", err)
	}
	if _, gets := p.counts(); gets != 2 {
		t.Errorf("%d gets", gets)
	}
}

func TestSearch(t *testing.T) {
	p := newPlatform(t)
	p.add(uuid(1), "mouse one", 1)
	p.add(uuid(2), "mouse two", 2)
	c := run(t, p, catalog.Config{})
	wantDirs(t, c, false, "mouse one", "mouse two")
	p.add(uuid(3), "mouse one", 3) // not met before
	found, err := c.Search(soon(t), false, "mouse one")
	if err != nil || len(found) != 2 || found[0].Dir != "mouse one" || found[1].Dir != "mouse one@00000003" {
		t.Fatalf("Search = %+v, %v", found, err)
	}
	wantID(t, c, found[1].Dir, uuid(3))
}
