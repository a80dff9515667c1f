package fs

import (
	"context"
	"errors"
	"sync"
	"time"

	"codeoceanfs/remote"
	"codeoceanfs/remote/fault"
)

// find looks one name up in the folder dir of an asset. final tells that a miss
// can never become wrong.
func (t *tree) find(ctx context.Context, s *source, dir, name string) (e remote.Entry, final bool, err error) {
	key := listingKey(s, dir)
	l, fresh := t.listings.Peek(key, t.maxAge(s))
	if !fresh || s.Immutable() && !t.settled(s, l) {
		var found *remote.Entry
		if s.asset.External() {
			l, found, err = t.findOrList(ctx, s, dir, name)
		} else {
			l, found, err = t.listOrFind(ctx, s, dir, name, 0)
		}
		if err != nil {
			return remote.Entry{}, false, err
		}
		if found != nil {
			return *found, false, nil
		}
	}
	e, ok := l.Find(name)
	if !ok {
		return remote.Entry{}, t.settled(s, l), fault.ErrNotExist
	}
	return e, false, nil
}

// findOrList lists the folder if one request may do, and else asks for the name.
//
// To list a page costs less than to ask for one name (is it a file, is it a
// folder), and answers for all names of most folders: a Zarr store has its
// chunks in thousands of small ones. Of a folder of a million names no more than
// that page is read. But a program that goes through one that was listed, and
// whose listing has expired meanwhile, asks for every name: once that has taken
// as many requests as to list it again, it is listed again.
func (t *tree) findOrList(ctx context.Context, s *source, dir, name string) (*remote.Listing, *remote.Entry, error) {
	key := listingKey(s, dir)
	old, listed := t.listings.Peek(key, 0)
	asked := t.asked.before(key)
	if listed && old.Len() <= onePage || !listed && asked == 0 {
		return t.listOrFind(ctx, s, dir, name, onePage)
	}
	t.asked.more(key)
	if !listed || asked <= old.Len()/keysPerPage/requestsPerFind {
		e, err := s.Find(ctx, dir, name)
		if !errors.Is(err, errors.ErrUnsupported) {
			return nil, &e, err
		}
	}
	l, err := t.list(ctx, s, dir)
	return l, nil, err
}

// slowListing is how long a listing may take before a lookup asks for its name
// alone: ordinary folders are listed in less, and their listing answers for all
// names, in one request instead of three. One of a million files takes minutes.
const slowListing = 300 * time.Millisecond

// listOrFind lists the folder, if it has at most so many entries (0 is any
// number), and when that takes long or there are more also asks for the one name.
// That it is not found so means nothing where the whole folder is listed, which
// alone can say that.
func (t *tree) listOrFind(ctx context.Context, s *source, dir, name string, most int) (*remote.Listing, *remote.Entry, error) {
	type listing struct {
		l   *remote.Listing
		err error
	}
	type finding struct {
		e   remote.Entry
		err error
	}
	ctx, cancel := context.WithCancel(ctx) // whichever is not needed ends
	defer cancel()
	key := listingKey(s, dir)
	listed, found := make(chan listing, 1), make(chan finding, 1)
	running := t.listings.Loading(key)
	go func() {
		var r listing
		if most > 0 {
			r.l, r.err = t.listSome(ctx, s, dir, most)
		} else {
			r.l, r.err = t.list(ctx, s, dir)
		}
		listed <- r
	}()
	ask := sync.OnceFunc(func() {
		go func() {
			token := t.dep.API.TokenChanges()
			e, err := s.Find(ctx, dir, name)
			if err == nil && s.Immutable() {
				_ = t.noteAccess(s, token, nil) // what is found may be read
			}
			found <- finding{e, err}
		}()
	})
	slow := time.NewTimer(slowListing - running)
	defer slow.Stop()
	var missed error // by the name alone
	for {
		select {
		case r := <-listed:
			if most == 0 || !errors.Is(r.err, remote.ErrLong) && !fault.IsRefusal(r.err) { // what may not be listed may be read
				return r.l, nil, r.err
			}
			listed = nil
			ask()
		case f := <-found:
			if f.err == nil {
				return nil, &f.e, nil
			}
			missed = f.err
		case <-slow.C:
			ask()
		}
		switch {
		case missed == nil:
		case listed == nil && errors.Is(missed, errors.ErrUnsupported):
			l, err := t.list(ctx, s, dir)
			return l, nil, err
		case listed == nil, most > 0 && errors.Is(missed, fault.ErrNotExist):
			return nil, nil, missed
		}
	}
}

// What requests of a store bring: a page of a listing has 1000 keys, and one
// name takes two requests (is it a file, is it a folder). Of a folder that has a
// page full, it takes another to know whether that is all.
const (
	keysPerPage     = 1000
	onePage         = keysPerPage - 1
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

// before is how many names were asked for.
func (a *askedNames) before(key string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.count[key]
}

// more counts one name more.
func (a *askedNames) more(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.count == nil || len(a.count) >= askedFolders {
		a.count = make(map[string]int)
	}
	a.count[key]++
}

func (a *askedNames) forget(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.count, key)
}
