package catalog_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/emulator"
	"codeoceanfs/remote/fault"
)

func emulate(t testing.TB, q emulator.Quirks) (*emulator.Server, *api.Client) {
	t.Helper()
	srv, err := emulator.New(emulator.Config{Quirks: q})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	client, err := api.New(api.Config{Domain: srv.APIURL(), Token: api.StaticToken("cop_demo")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return srv, client
}

// TestEveryPlatform: what the platform does not document makes no difference.
func TestEveryPlatform(t *testing.T) {
	for what, q := range map[string]emulator.Quirks{
		"as its SDK shows it":   {},
		"numbers for tokens":    {NumberTokens: true},
		"null as last token":    {LastToken: "null"},
		"a token at the end":    {LastToken: "present"},
		"no tokens":             {NoTokens: true},
		"tokens that die":       {TokenPages: 2},
		"archived in all":       {PlainArchived: true},
		"a search that lags":    {IndexLag: time.Hour},
		"strings, floats, null": {StringSizes: true, FloatTimes: true, Nulls: true, UpperProvenance: true},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			lag := q.IndexLag
			q.IndexLag = 0 // until the assets are there
			q.PageSize = 50
			srv, client := emulate(t, q)
			for i := range 330 {
				a := emulator.Asset{Record: emulator.Record{
					ID: uuid(i), Name: fmt.Sprintf("ecephys_%d_2023-04-03", i/2), Type: "dataset", State: "ready", Created: float64(1 + i),
				}, Archived: i%20 == 19}
				if _, err := srv.Add(a); err != nil {
					t.Fatal(err)
				}
			}
			c := catalog.New(catalog.Config{API: client, Refresh: time.Hour})
			defer start(t, c)()
			if n, away := len(dirs(t, c, false, api.Dataset)), len(dirs(t, c, true, api.Dataset)); n != 314 || away != 16 {
				t.Errorf("%d and %d listed", n, away)
			}
			wantID(t, c, "ecephys_10_2023-04-03", uuid(20))
			wantID(t, c, "ecephys_10_2023-04-03@00000015", uuid(21))

			srv.SetQuirks(func(q *emulator.Quirks) { q.IndexLag = lag })
			// A new asset that we made ourselves, and one that we deleted.
			id, err := srv.Add(emulator.Asset{Record: emulator.Record{Name: "mine", Type: "dataset", State: "ready"}})
			if err != nil {
				t.Fatal(err)
			}
			mine, err := client.Get(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			c.Put(mine)
			if err := srv.Remove(uuid(0)); err != nil {
				t.Fatal(err)
			}
			c.Remove(uuid(0))
			refresh(t, c)
			wantID(t, c, "mine", id)
			wantNone(t, c, false, "ecephys_0_2023-04-03@00000000")
			if n := len(dirs(t, c, false, api.Dataset)); n != 314 {
				t.Errorf("%d listed after the changes", n)
			}
		})
	}
}

// TestEndlessListing: a server that gives one page for ever, and nothing by
// offset, has not told everything, and so nothing is known to be missing.
func TestEndlessListing(t *testing.T) {
	srv, client := emulate(t, emulator.Quirks{RepeatToken: true, PageSize: 10, Window: 1000})
	if _, err := srv.Populate(50); err != nil {
		t.Fatal(err)
	}
	c := catalog.New(catalog.Config{API: client})
	defer start(t, c)()
	if _, err := c.List(soon(t), false, api.Dataset); !errors.Is(err, fault.ErrMalformed) {
		t.Errorf("List: %v", err)
	}
	if _, err := c.Lookup(soon(t), false, api.Dataset, "no such thing"); !errors.Is(err, fault.ErrMalformed) {
		t.Errorf("Lookup: %v", err)
	}
}

// TestEmulatedLookupWhileLoading: by its own search, and within few requests.
func TestEmulatedLookupWhileLoading(t *testing.T) {
	srv, client := emulate(t, emulator.Quirks{PageSize: 100})
	if _, err := srv.Populate(20_000); err != nil {
		t.Fatal(err)
	}
	const name = "ecephys_655019_2023-04-03_18-10-10_sorted_2023-06-01_14-50-08"
	id, err := srv.Add(emulator.Asset{Record: emulator.Record{Name: name, Type: "result", State: "ready"}})
	if err != nil {
		t.Fatal(err)
	}
	srv.SetShape(emulator.Shape{Latency: 20 * time.Millisecond}) // 200 pages: 4 s
	c := catalog.New(catalog.Config{API: client})
	defer start(t, c)()
	began := time.Now()
	e, err := c.Lookup(soon(t), false, api.Result, name)
	if err != nil || e.ID != id {
		t.Fatalf("Lookup = %+v, %v", e, err)
	}
	if c.Status().Loaded {
		t.Errorf("the lookup has waited for the listing: %v", time.Since(began))
	}
	if _, err := c.ByID(soon(t), "no-such-id"); !errors.Is(err, fault.ErrNotExist) {
		t.Errorf("ByID: %v", err)
	}
}

// TestEmulatedDraft: it turns real by itself.
func TestEmulatedDraft(t *testing.T) {
	srv, client := emulate(t, emulator.Quirks{})
	id, err := srv.Add(emulator.Asset{Record: emulator.Record{Name: "draft", Type: "dataset", State: "draft"}, ReadyAfter: 0.2})
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	c := catalog.New(catalog.Config{API: client, PollTime: 10 * time.Millisecond, OnChange: func(ch catalog.Change) {
		for _, u := range ch.Updated {
			if u.Old.State == api.Draft && u.New.State == api.Ready {
				ready <- u.New.ID
			}
		}
	}})
	defer start(t, c)()
	wantDirs(t, c, false, "draft")
	select {
	case got := <-ready:
		if got != id {
			t.Errorf("ready: %s", got)
		}
	case <-time.After(10 * time.Second):
		t.Error("the draft stays a draft")
	}
}

// TestManyNewAssets: a list from disk that lacks most of what there is by now is
// replaced by a full listing, and not mended page after page.
func TestManyNewAssets(t *testing.T) {
	srv, client := emulate(t, emulator.Quirks{})
	if _, err := srv.Populate(50); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cfg := catalog.Config{API: client, Refresh: time.Hour, Dir: dir, Identity: "somebody"}
	c := catalog.New(cfg)
	stop := start(t, c)
	dirs(t, c, false, api.Dataset)
	stop() // writes it to disk
	ids, err := srv.Populate(6000)
	if err != nil {
		t.Fatal(err)
	}
	srv.ResetCounts()
	c = catalog.New(cfg)
	defer start(t, c)()
	last, ok := srv.Asset(ids[len(ids)-1])
	if !ok {
		t.Fatal("no last asset")
	}
	wantID(t, c, last.Name, last.ID)
	if n := len(dirs(t, c, false, api.Dataset)); n != 6000 {
		t.Errorf("%d are listed", n)
	}
	if n := srv.Requests("search"); n > 30 {
		t.Errorf("%d searches, and a full listing takes 8", n)
	}
}
