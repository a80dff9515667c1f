package run

import (
	"context"
	"sync"
)

// turns lets one at a time read an asset's record and write it back: the
// platform takes whole records, so that of two who do both at once the first
// would be undone. Its zero value is ready.
type turns struct {
	mu sync.Mutex // guards what follows
	of map[string]*turn
}

type turn struct {
	free chan struct{} // holds one thing while nobody has the turn
	want int           // who have it or wait for it
}

// take waits for the turn at id, until done is called, or for ctx.
func (t *turns) take(ctx context.Context, id string) (done func(), err error) {
	t.mu.Lock()
	if t.of == nil {
		t.of = map[string]*turn{}
	}
	it := t.of[id]
	if it == nil {
		it = &turn{free: make(chan struct{}, 1)}
		it.free <- struct{}{}
		t.of[id] = it
	}
	it.want++
	t.mu.Unlock()
	select {
	case <-it.free:
		return func() {
			it.free <- struct{}{}
			t.leave(id, it)
		}, nil
	case <-ctx.Done():
		t.leave(id, it)
		return nil, ctx.Err()
	}
}

func (t *turns) leave(id string, it *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if it.want--; it.want == 0 {
		delete(t.of, id)
	}
}
