package fs

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"codeoceanfs/cache"
	"codeoceanfs/remote"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
)

// longFolderFiles are those of a folder that takes long to list.
type longFolderFiles struct{ remote.Files }

func (longFolderFiles) Version() string { return "version" }
func (longFolderFiles) Immutable() bool { return true }
func (longFolderFiles) List(ctx context.Context, _ string, _ int) (*remote.Listing, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (longFolderFiles) Find(_ context.Context, _, name string) (remote.Entry, error) {
	if name == "" {
		return remote.Entry{}, errors.New("no name")
	}
	return remote.Entry{Name: name, Raw: name, Size: 1}, nil
}

// TestLookupsLeaveNobodyWaiting looks many names up while their folder is being
// listed: who has an answer waits no more.
func TestLookupsLeaveNobodyWaiting(t *testing.T) {
	client, err := api.New(api.Config{Domain: "http://127.0.0.1:1", Token: api.StaticToken("x")})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	blocks, err := cache.New(cache.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer blocks.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tr := &tree{
		cfg: Config{Refresh: time.Minute, Lookup: time.Minute}, dep: &remote.Deployment{API: client}, cache: blocks,
		listings: cache.NewTable(ctx, 1<<20, time.Hour, (*remote.Listing).Cost),
	}
	s := &source{longFolderFiles{}, catalog.Entry{Asset: &api.Asset{ID: "id"}}}
	const lookups = 500
	before := 0
	for i := range lookups {
		call := newCall(t.Context(), time.Minute)
		if _, _, err := tr.find(call, s, "", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		call.end()
		if i == 0 {
			before = runtime.NumGoroutine()
		}
	}
	time.Sleep(100 * time.Millisecond)
	if n := runtime.NumGoroutine() - before; n > lookups/10 {
		t.Errorf("%d goroutines more after %d lookups", n, lookups)
	}
}
