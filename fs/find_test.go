package fs

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"codeoceanfs/cache"
	"codeoceanfs/remote"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/fault"
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

// offlineTree is a tree of a deployment that is never asked.
func offlineTree(t *testing.T) *tree {
	t.Helper()
	client, err := api.New(api.Config{Domain: "http://127.0.0.1:1", Token: api.StaticToken("x")})
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := cache.New(cache.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() {
		cancel()
		blocks.Close()
		client.Close()
	})
	return &tree{
		cfg: Config{Refresh: time.Minute, Lookup: time.Minute}, dep: &remote.Deployment{API: client}, cache: blocks,
		listings: cache.NewTable(ctx, 1<<20, time.Hour, (*remote.Listing).Cost),
	}
}

// TestLookupsLeaveNobodyWaiting looks many names up while their folder is being
// listed: who has an answer waits no more.
func TestLookupsLeaveNobodyWaiting(t *testing.T) {
	tr := offlineTree(t)
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

// pageFiles are those of a folder of a bucket, and count what is asked of it. It
// is empty, or very long.
type pageFiles struct {
	remote.Files
	long         bool
	slow         time.Duration // a page takes
	lists, finds atomic.Int64
}

func (*pageFiles) Version() string { return "version" }
func (*pageFiles) Immutable() bool { return false }
func (f *pageFiles) List(_ context.Context, _ string, most int) (*remote.Listing, error) {
	f.lists.Add(1)
	time.Sleep(max(f.slow, 50*time.Millisecond))
	if f.long && most > 0 {
		return nil, remote.ErrLong
	}
	return &remote.Listing{}, nil
}

func (f *pageFiles) Find(context.Context, string, string) (remote.Entry, error) {
	f.finds.Add(1)
	return remote.Entry{}, fault.ErrNotExist
}

// TestLookupsShareAPage asks for fifty names at once: one page is listed, and
// where that is not all, each name is asked for.
func TestLookupsShareAPage(t *testing.T) {
	const names = 50
	for _, long := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			tr, files := offlineTree(t), &pageFiles{long: long}
			s := &source{files, catalog.Entry{Asset: &api.Asset{ID: "id", Source: api.SourceBucket{External: true}}}}
			var wg sync.WaitGroup
			for i := range names {
				wg.Go(func() {
					if _, _, err := tr.find(t.Context(), s, "", fmt.Sprint(i)); !errors.Is(err, fault.ErrNotExist) {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			want := int64(0)
			if long {
				want = names
			}
			if lists, finds := files.lists.Load(), files.finds.Load(); lists != 1 || finds != want {
				t.Errorf("long %v: %d lists and %d names asked for", long, lists, finds)
			}
		})
	}
}

// TestSlowPageIsListedOnce asks for names one after the other while the folder's
// first page takes longer than a lookup waits for it, and after it has come.
func TestSlowPageIsListedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, files := offlineTree(t), &pageFiles{long: true, slow: slowListing + 100*time.Millisecond}
		s := &source{foundFiles{files}, catalog.Entry{Asset: &api.Asset{ID: "id", Source: api.SourceBucket{External: true}}}}
		for i := range 3 {
			if _, _, err := tr.find(t.Context(), s, "", fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
			if i > 0 {
				time.Sleep(files.slow)
			}
		}
		if lists := files.lists.Load(); lists != 1 {
			t.Errorf("%d lists", lists)
		}
	})
}

// foundFiles are pageFiles that have every name.
type foundFiles struct{ *pageFiles }

func (foundFiles) Find(_ context.Context, _, name string) (remote.Entry, error) {
	return remote.Entry{Name: name, Raw: name, Size: 1}, nil
}
