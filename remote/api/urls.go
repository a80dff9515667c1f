package api

import (
	linked "container/list"
	"context"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"codeoceanfs/remote/fault"
)

// maxURLs bounds the signed URLs kept, at 1 to 2 KiB each: the files of a large
// folder that are read one after the other, and again.
const maxURLs = 4096

// doubtTime is how long a new URL is waited for where the old one may do: a
// platform that is well answers in less.
const doubtTime = 3 * time.Second

// fileKey names a file of an asset.
type fileKey struct{ asset, path string }

// signed is a signed URL, good for its file until it expires, or until the
// store says otherwise. It is never printed.
type signed struct {
	url     *url.URL
	expires time.Time   // by our monotonic clock
	doubted atomic.Bool // nobody was at its host: a new one may name another
}

// urls keeps signed URLs. Of all readers that need one at the same time, one
// request is made, and none of them can cancel it for the others.
type urls struct {
	budget time.Duration // of one fetch, with its attempts
	fetch  func(ctx context.Context, key fileKey) (*url.URL, time.Duration, error)
	renews func()
	flight singleflight.Group
	life   context.Context // of all requests, since whoever asked may have left
	end    context.CancelFunc

	mu    sync.Mutex // guards what follows
	known map[fileKey]*linked.Element
	order *linked.List // of *kept, the latest used in front
}

// kept is an entry of urls.
type kept struct {
	key fileKey
	*signed
}

func newURLs(budget time.Duration, fetch func(context.Context, fileKey) (*url.URL, time.Duration, error), renews func()) *urls {
	life, end := context.WithCancel(context.Background())
	return &urls{budget: budget, fetch: fetch, renews: renews, life: life, end: end, known: map[fileKey]*linked.Element{}, order: linked.New()}
}

// get returns the URL of a file: one that is kept, unless it is dead, which the
// store refused; or a new one. Fresh says that it was asked for just now. One
// that is in doubt is used where no new one can be had.
func (s *urls) get(ctx context.Context, key fileKey, dead *signed) (u *signed, fresh bool, err error) {
	old := s.lookup(key, dead)
	if old != nil && !old.doubted.Load() {
		return old, false, nil
	}
	// Two files must never share a flight, whatever is in their names.
	name := strconv.Itoa(len(key.asset)) + ":" + key.asset + key.path
	done := s.flight.DoChan(name, func() (any, error) {
		// It may have come between our look and our turn.
		if u := s.lookup(key, dead); u != nil && !u.doubted.Load() {
			return landed{u, false}, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.budget)
		defer cancel()
		defer context.AfterFunc(s.life, cancel)()
		target, life, err := s.fetch(ctx, key)
		if err != nil {
			return nil, err
		}
		return landed{s.store(key, &signed{url: target, expires: time.Now().Add(life)}), true}, nil
	})
	var enough <-chan time.Time // never, without an old one
	if old != nil {
		enough = time.After(doubtTime)
	}
	select {
	case <-enough:
		return old, false, nil
	case r := <-done:
		if r.Err != nil && old != nil {
			return old, false, nil
		}
		if r.Err != nil {
			return nil, false, fault.Own(r.Err) // others got it too
		}
		l := r.Val.(landed)
		return l.signed, l.fresh, nil
	case <-ctx.Done():
		return nil, false, context.Cause(ctx)
	}
}

// landed is what a flight brings to all who waited for it.
type landed struct {
	*signed
	fresh bool
}

// lookup returns the URL that is kept for key, if it is good and not dead.
func (s *urls) lookup(key fileKey, dead *signed) *signed {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.known[key]
	if e == nil {
		return nil
	}
	k := e.Value.(*kept)
	if k.signed == dead || !time.Now().Before(k.expires) {
		return nil
	}
	s.order.MoveToFront(e)
	return k.signed
}

// doubt notes that a read of the file has failed because nobody answered.
func (s *urls) doubt(key fileKey) {
	if u := s.lookup(key, nil); u != nil {
		u.doubted.Store(true)
	}
}

// store keeps a URL in place of the one before.
func (s *urls) store(key fileKey, u *signed) *signed {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.known[key]; e != nil {
		e.Value.(*kept).signed = u
		s.order.MoveToFront(e)
		s.renews()
		return u
	}
	// What a record or an answer was decoded from is not kept alive by a key.
	key = fileKey{strings.Clone(key.asset), strings.Clone(key.path)}
	s.known[key] = s.order.PushFront(&kept{key, u})
	if s.order.Len() > maxURLs {
		oldest := s.order.Remove(s.order.Back()).(*kept)
		delete(s.known, oldest.key)
	}
	return u
}
