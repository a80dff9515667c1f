package fs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"codeoceanfs/remote"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/fault"
)

// source is where the data of one asset comes from, as its record has it now.
type source struct {
	remote.Files
	asset catalog.Entry
}

// source finds the data of an asset. An asset whose data cannot be read yet, or
// never, is refused with the reason.
func (t *tree) source(ctx context.Context, id string) (*source, error) {
	asset, err := t.dep.Catalog.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	refused := func(why string) error {
		return &fault.Error{Op: "open the data", Asset: id, Kind: fault.ErrRefused, Err: errors.New(why)}
	}
	switch {
	case asset.State == api.Draft:
		return nil, refused("the asset is a draft: its files are still being copied, and appear by themselves")
	case asset.State == api.Failed && asset.FailureReason != "":
		return nil, refused(fmt.Sprintf("the asset's creation failed: %s", asset.FailureReason))
	case asset.State == api.Failed:
		return nil, refused("the asset's creation failed")
	}
	return &source{t.dep.Files(asset.Asset), asset}, nil
}

// maxAge is how old a listing of the source may be; 0 is any age.
func (t *tree) maxAge(s *source) time.Duration {
	if s.Immutable() {
		return 0
	}
	return t.cfg.Refresh
}

// timeout is how long the kernel may keep what the source answered.
func (t *tree) timeout(s *source) time.Duration {
	if s.Immutable() {
		return forever
	}
	return t.cfg.Refresh
}

func listingKey(s *source, dir string) string { return s.Version() + "\x00" + dir }

// list reads the folder dir of an asset, whole, once for all who ask.
func (t *tree) list(ctx context.Context, s *source, dir string) (*remote.Listing, error) {
	key := listingKey(s, dir)
	load := func(ctx context.Context) (*remote.Listing, error) {
		l, err := s.List(ctx, dir)
		if err == nil {
			t.hidden.set(s.asset.ID, dir, l.Hidden())
			t.asked.forget(key)
		}
		return l, err
	}
	l, err := t.listings.Get(ctx, key, t.maxAge(s), load)
	if err == nil && s.Immutable() && !t.settled(s, dir, l) {
		return t.listings.Get(ctx, key, t.cfg.Refresh, load)
	}
	return l, err
}

// settled reports whether a listing can never change. An asset that has just
// become ready may show no files for a while, so an empty one is not believed
// for long, unless the record says that there are none.
func (t *tree) settled(s *source, dir string, l *remote.Listing) bool {
	return s.Immutable() && (l.Len() > 0 || dir != "" || s.asset.Files == 0)
}

// listed reports whether the folder was listed, however long ago.
func (t *tree) listed(s *source, dir string) bool {
	_, ok := t.listings.Peek(listingKey(s, dir), 0)
	return ok
}

// find looks one name up in the folder dir of an asset. final tells that a miss
// can never become wrong.
//
// A store that can be asked for one name is not made to list a folder of a
// million for it. But a program that goes through a folder that was listed, and
// whose listing has expired meanwhile, asks for every name: once that has taken
// as many requests as to list it again, it is listed again.
func (t *tree) find(ctx context.Context, s *source, dir, name string) (e remote.Entry, final bool, err error) {
	key := listingKey(s, dir)
	l, fresh := t.listings.Peek(key, t.maxAge(s))
	if !fresh || s.Immutable() && !t.settled(s, dir, l) {
		old, listed := t.listings.Peek(key, 0)
		if !listed || t.asked.more(key) <= old.Len()/keysPerPage/requestsPerFind {
			e, err := s.Find(ctx, dir, name)
			if !errors.Is(err, errors.ErrUnsupported) {
				return e, false, err
			}
		}
		if l, err = t.list(ctx, s, dir); err != nil {
			return remote.Entry{}, false, err
		}
	}
	e, ok := l.Find(name)
	if !ok {
		return remote.Entry{}, t.settled(s, dir, l), fault.ErrNotExist
	}
	return e, false, nil
}

// What requests of a store bring: a page of a listing has 1000 keys, and one
// name takes two requests (is it a file, is it a folder).
const (
	keysPerPage     = 1000
	requestsPerFind = 2
)

// askedNames counts the names that were asked for one by one, by folder.
type askedNames struct {
	mu    sync.Mutex // guards count
	count map[string]int
}

// askedFolders bounds the counts that are kept. To lose one costs a few
// requests.
const askedFolders = 1000

// more counts one name more, and returns how many there were before.
func (a *askedNames) more(key string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.count == nil || len(a.count) >= askedFolders {
		a.count = make(map[string]int)
	}
	a.count[key]++
	return a.count[key] - 1
}

func (a *askedNames) forget(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.count, key)
}
