package cache

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/sync/singleflight"
)

// Table keeps values that take a request to get, such as directory listings,
// up to a bound on what they cost together; the ones used longest ago go first.
// A value is loaded once for all who want it at the same time, and failures are
// not kept. Safe for concurrent use.
type Table[V any] struct {
	ctx     context.Context // of the loads: no caller's, so that none ends another's
	timeout time.Duration
	limit   int64
	cost    func(V) int64
	flights singleflight.Group

	mu      sync.Mutex // guards what follows
	lru     *simplelru.LRU[string, tableEntry[V]]
	used    int64
	loading map[string]*tableLoad
}

// tableLoad is a load under way.
type tableLoad struct {
	began   time.Time
	dropped bool // since then
}

type tableEntry[V any] struct {
	value  V
	cost   int64
	loaded time.Time
}

// NewTable makes a table for values of at most limit in all, as cost counts
// them. Loads end with ctx, or after timeout.
func NewTable[V any](ctx context.Context, limit int64, timeout time.Duration, cost func(V) int64) *Table[V] {
	t := &Table[V]{ctx: ctx, timeout: timeout, limit: limit, cost: cost, loading: make(map[string]*tableLoad)}
	// The bound is on cost, not on the number of entries: 1<<31 is "any number".
	t.lru, _ = simplelru.NewLRU(1<<31, func(_ string, e tableEntry[V]) { t.used -= e.cost })
	return t
}

// Get gives the value of key, loading it if it is not there or older than
// maxAge; a maxAge of 0 takes any age. The end of ctx ends the wait, not the
// load, whose value is then there for the next caller.
func (t *Table[V]) Get(ctx context.Context, key string, maxAge time.Duration, load func(context.Context) (V, error)) (V, error) {
	if v, ok := t.Peek(key, maxAge); ok {
		return v, nil
	}
	flight := t.flights.DoChan(key, func() (any, error) {
		if v, ok := t.Peek(key, maxAge); ok {
			return v, nil // loaded between the look above and this flight
		}
		return t.load(key, load)
	})
	select {
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	case r := <-flight:
		return r.Val.(V), r.Err
	}
}

// load loads the value of key and keeps it. A panic is an error like any other:
// nobody up the stack could catch it here.
func (t *Table[V]) load(key string, load func(context.Context) (V, error)) (v V, err error) {
	defer func() {
		if what := recover(); what != nil {
			err = fmt.Errorf("panic: %v\n%s", what, debug.Stack())
		}
	}()
	this := &tableLoad{began: time.Now()}
	t.mu.Lock()
	t.loading[key] = this
	t.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.ctx, t.timeout)
	defer cancel()
	v, err = load(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil && !this.dropped { // else it may be what was dropped
		t.put(key, v)
	}
	if t.loading[key] == this { // and no later load has begun
		delete(t.loading, key)
	}
	return v, err
}

// Peek gives the value of key if it is there and not older than maxAge, and
// never loads or waits.
func (t *Table[V]) Peek(key string, maxAge time.Duration) (V, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.lru.Get(key)
	if !ok || maxAge > 0 && time.Since(e.loaded) > maxAge {
		var none V
		return none, false
	}
	return e.value, true
}

// Loading is how long the load of key has been under way; 0 if none is.
func (t *Table[V]) Loading(key string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if load := t.loading[key]; load != nil {
		return time.Since(load.began)
	}
	return 0
}

// Drop forgets the value of key, so that the next Get loads it anew.
func (t *Table[V]) Drop(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lru.Remove(key)
	if load := t.loading[key]; load != nil {
		load.dropped = true
	}
	t.flights.Forget(key)
}

// Used is the cost of the values now held, and their number.
func (t *Table[V]) Used() (cost int64, entries int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.used, t.lru.Len()
}

// put keeps a value. mu is held.
func (t *Table[V]) put(key string, v V) {
	t.lru.Remove(key)
	e := tableEntry[V]{v, t.cost(v), time.Now()}
	t.used += e.cost
	t.lru.Add(key, e)
	// The last one stays, however large: without it the next caller would load
	// it again, and the one after.
	for t.used > t.limit && t.lru.Len() > 1 {
		t.lru.RemoveOldest()
	}
}
