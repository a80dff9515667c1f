package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/emulator"
	"codeoceanfs/remote/fault"
)

// content is that of the one large file of these tests: no two places alike.
var content = func() string {
	var b strings.Builder
	for i := 0; b.Len() < 1<<20; i++ {
		fmt.Fprintf(&b, "line %d of the file\n", i)
	}
	return b.String()
}()

func emulate(t *testing.T, cfg emulator.Config) (*emulator.Server, *api.Client) {
	t.Helper()
	srv, err := emulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	c, err := api.New(api.Config{Domain: srv.APIURL(), Token: api.StaticToken("cop_demo")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return srv, c
}

func add(t *testing.T, srv *emulator.Server, a emulator.Asset) string {
	t.Helper()
	id, err := srv.Add(a)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func readAll(ctx context.Context, c *api.Client, id, path string, size int64) (string, error) {
	body, err := c.OpenRange(ctx, id, path, size, 0, size)
	if err != nil {
		return "", err
	}
	defer body.Close()
	got, err := io.ReadAll(body)
	return string(got), err
}

// Whatever the platform chose where nothing is documented, assets are found,
// folders listed and files read.
func TestEveryPlatform(t *testing.T) {
	for name, q := range map[string]emulator.Quirks{
		"as its SDK shows it":    {},
		"numbers, null":          {NumberTokens: true, LastToken: "null", StringSizes: true, FloatTimes: true, Nulls: true},
		"a token at the end":     {LastToken: "present", UpperProvenance: true, SlashedFolders: true},
		"no tokens":              {NoTokens: true, FolderSizes: true, Unsorted: true},
		"tokens that die":        {TokenPages: 2, MissingIsEmpty: true},
		"old URLs, limit":        {OldURLs: true, ClampLimit: true},
		"no ranges":              {NoRanges: true, LastToken: "empty", NoOldURLs: true},
		"missing files signed":   {SignMissing: true},
		"rate limit, no content": {RatePerSecond: 50, NoContent: true, Created: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q.PageSize = 40
			srv, c := emulate(t, emulator.Config{Quirks: q})
			if _, err := srv.Populate(150); err != nil {
				t.Fatal(err)
			}
			id := add(t, srv, emulator.Asset{Generate: []emulator.Generated{
				{Path: "a b/large é+%.txt", Text: content}, {Path: "small", Text: "x"},
			}})
			ctx := t.Context()
			if err := c.Check(ctx); err != nil {
				t.Error(err)
			}
			n := 0
			for a, err := range c.SearchAll(ctx, api.Query{}) {
				if err != nil {
					t.Fatal(err)
				}
				if n++; a.Created.IsZero() || a.Size < 0 || len(a.Raw) == 0 {
					t.Errorf("%+v", a)
				}
			}
			if n != 151 {
				t.Errorf("%d assets of 151", n)
			}
			got := map[string]api.File{}
			for _, dir := range []string{"", "a b"} {
				if err := c.ListFiles(ctx, id, dir, func(f api.File) error { got[f.Path] = f; return nil }); err != nil {
					t.Error(err)
				}
			}
			if f := got["a b"]; len(got) != 3 || !f.Folder || got["small"].Size != 1 {
				t.Errorf("listed %+v", got)
			}
			f := got["a b/large é+%.txt"]
			if text, err := readAll(ctx, c, id, f.Path, f.Size); err != nil || text != content {
				t.Errorf("%d bytes, %v", len(text), err)
			}
			if _, err := readAll(ctx, c, id, "missing", 5); !errors.Is(err, fault.ErrNotExist) {
				t.Errorf("a missing file: %v", err)
			}
			if _, err := c.Get(ctx, "00000000-0000-0000-0000-000000000000"); !errors.Is(err, fault.ErrNotExist) {
				t.Errorf("a missing asset: %v", err)
			}
		})
	}
}

// An asset's life, by every call that changes it.
func TestLifeOfAnAsset(t *testing.T) {
	for name, q := range map[string]emulator.Quirks{
		"":           {},
		"strict":     {FullUpdates: true, NoContent: true, Created: true},
		"merging":    {MergeMetadata: true},
		"lax fields": {LaxFields: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := emulate(t, emulator.Config{Quirks: q, DraftTime: time.Millisecond})
			if err := srv.AddBucket(emulator.Bucket{Name: "bk", Public: true}); err != nil {
				t.Fatal(err)
			}
			if err := srv.PutObject("bk", emulator.Generated{Path: "p/f", Text: "x"}); err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			a, err := c.Create(ctx, api.CreateRequest{
				Name: "n", Tags: []string{"t"}, Mount: "m", Description: "d",
				Source: &api.Source{AWS: &api.AWSSource{Bucket: "bk", Prefix: "p", KeepOnExternalStorage: true, Public: true}},
			})
			if err != nil {
				t.Fatal(err)
			}
			for a.State == api.Draft {
				if a, err = c.Get(ctx, a.ID); err != nil {
					t.Fatal(err)
				}
			}
			if a.State != api.Ready || !a.External() || a.Source.Bucket != "bk" {
				t.Errorf("%s", a.Raw)
			}
			name := "another"
			a, err = c.Update(ctx, a.ID, api.UpdateRequest{Name: &name})
			if err != nil || a.Name != name || a.Description != "d" || len(a.Tags) != 1 || a.Mount != "m" {
				t.Errorf("%+v, %v", a, err)
			}
			if err := c.SetPermissions(ctx, a.ID, api.Permissions{Everyone: "viewer"}); err != nil {
				t.Error(err)
			}
			if p, err := c.Permissions(ctx, a.ID); err != nil || p.Everyone != "viewer" {
				t.Errorf("%+v, %v", p, err)
			}
			if err := c.Delete(ctx, a.ID); err == nil {
				t.Error("deleted without being archived")
			}
			if err := c.Archive(ctx, a.ID, true); err != nil {
				t.Error(err)
			}
			found := 0
			for x, err := range c.SearchAll(ctx, api.Query{Archived: true}) {
				if err != nil || x.ID == a.ID {
					found++
				}
			}
			if found != 1 {
				t.Error("not found among the archived")
			}
			if err := c.Delete(ctx, a.ID); err != nil {
				t.Error(err)
			}
			if _, err := c.Get(ctx, a.ID); !errors.Is(err, fault.ErrNotExist) {
				t.Errorf("after deleting: %v", err)
			}
			if s, err := c.MetadataSchema(ctx); err != nil || !json.Valid(s.Raw) {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
}

// Faults of the API and of the store, between us and the right bytes.
func TestFaultsOnTheWay(t *testing.T) {
	for name, faults := range map[string][]emulator.Fault{
		"the store cuts":           {{Route: "s3.GetObject", Times: 2, CutAfter: 200_000}},
		"the store cuts unseen":    {{Route: "s3.GetObject", Times: 2, CutAfter: 200_000, NoLength: true}},
		"the store resets":         {{Route: "s3.GetObject", Times: 1, CutAfter: 200_000, Reset: true}},
		"the store is busy":        {{Route: "s3.GetObject", Times: 3, Status: 503}},
		"an error as data":         {{Route: "s3.GetObject", Times: 2, Status: 200, Body: "<Error><Code>InternalError</Code></Error>"}},
		"a wrong range":            {{Route: "s3.GetObject", Times: 2, ContentRange: "bytes 0-1/2"}},
		"no range":                 {{Route: "s3.GetObject", Times: 2, ContentRange: "-"}},
		"range ignored":            {{Route: "s3.GetObject", Times: 1, IgnoreRange: true}},
		"more than asked":          {{Route: "s3.GetObject", Times: 1, Extra: 1000}},
		"the API is down":          {{Route: "urls", Times: 3, Status: 502}, {Route: "files", Times: 3, Status: 503}},
		"the API throttles":        {{Route: "urls", Times: 2, Status: 429}, {Route: "files", Times: 1, Status: 429}},
		"the API loses its answer": {{Route: "urls", Times: 1, DropReply: true}, {Route: "files", Times: 2, DropReply: true}},
		"the API cuts":             {{Route: "files", Times: 2, CutAfter: 30}, {Route: "urls", Times: 1, CutAfter: 30}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := emulate(t, emulator.Config{})
			id := add(t, srv, emulator.Asset{Generate: []emulator.Generated{{Path: "f", Text: content}}})
			for _, f := range faults {
				t.Cleanup(srv.Inject(f))
			}
			var got []api.File
			if err := c.ListFiles(t.Context(), id, "", func(f api.File) error { got = append(got, f); return nil }); err != nil || len(got) != 1 {
				t.Fatalf("%+v, %v", got, err)
			}
			if text, err := readAll(t.Context(), c, id, "f", got[0].Size); err != nil || text != content {
				t.Errorf("%d bytes, %v", len(text), err)
			}
		})
	}
}

// URLs that end, and that are revoked before they do, are nobody's trouble.
func TestURLsThatEnd(t *testing.T) {
	srv, c := emulate(t, emulator.Config{URLLifetime: time.Hour})
	id := add(t, srv, emulator.Asset{Generate: []emulator.Generated{{Path: "f", Text: content}}})
	var wg sync.WaitGroup
	for round := range 4 {
		for i := range 16 {
			wg.Go(func() {
				off := int64(i) << 16
				body, err := c.OpenRange(t.Context(), id, "f", int64(len(content)), off, 1<<16)
				if err != nil {
					t.Error(err)
					return
				}
				defer body.Close()
				if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, []byte(content[off:off+1<<16])) {
					t.Errorf("%d bytes, %v", len(got), err)
				}
			})
		}
		wg.Wait()
		if n := c.Stats().URLsFetched; n != int64(round+1) {
			t.Errorf("%d URLs after %d revocations", n, round)
		}
		srv.RevokeURLs()
	}
}

func TestRefused(t *testing.T) {
	srv, c := emulate(t, emulator.Config{})
	id := add(t, srv, emulator.Asset{RefuseFiles: true, Generate: []emulator.Generated{{Path: "f", Text: "x"}}})
	if err := c.ListFiles(t.Context(), id, "", func(api.File) error { return nil }); !errors.Is(err, fault.ErrRefused) {
		t.Errorf("listing: %v", err)
	}
	if _, err := readAll(t.Context(), c, id, "f", 1); !errors.Is(err, fault.ErrRefused) {
		t.Errorf("reading: %v", err)
	}
	bad, err := api.New(api.Config{Domain: srv.APIURL(), Token: api.StaticToken("cop_wrong")})
	if err != nil {
		t.Fatal(err)
	}
	defer bad.Close()
	if err := bad.Check(t.Context()); !errors.Is(err, fault.ErrRefused) || strings.Contains(err.Error(), "cop_wrong") {
		t.Errorf("a wrong token: %v", err)
	}
}

// A create whose answer is lost is sent once, and said to be unknown.
func TestLostCreate(t *testing.T) {
	srv, c := emulate(t, emulator.Config{})
	ids := []string{}
	for range 2 {
		ids = append(ids, add(t, srv, emulator.Asset{}))
	}
	t.Cleanup(srv.Inject(emulator.Fault{Route: "create", DropReply: true}))
	before := len(srv.Assets())
	_, err := c.Create(t.Context(), api.CreateRequest{Name: "n", Tags: []string{"t"}, Mount: "m", DataAssetIDs: ids})
	if !errors.Is(err, fault.ErrUnknown) {
		t.Errorf("error is %v", err)
	}
	if made := len(srv.Assets()) - before; made != 1 {
		t.Errorf("%d assets made", made)
	}
}
