package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// busy is a server that takes a second for each request and knows how many it
// had at once.
type busy struct {
	mu        sync.Mutex
	now, peak int
	status    int
	header    http.Header
}

func (b *busy) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	b.now++
	b.peak = max(b.peak, b.now)
	resp := &http.Response{StatusCode: b.status, Header: b.header, Body: io.NopCloser(strings.NewReader(""))}
	b.mu.Unlock()
	select {
	case <-time.After(time.Second):
	case <-r.Context().Done():
	}
	b.mu.Lock()
	b.now--
	b.mu.Unlock()
	return resp, r.Context().Err()
}

func (b *busy) set(status int, header http.Header) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status, b.header, b.peak = status, header, 0
}

// burst sends k requests at once and waits for all.
func burst(t *testing.T, l *Limiter, k int) {
	var wg sync.WaitGroup
	for range k {
		wg.Go(func() {
			resp, err := l.RoundTrip(request(t, t.Context(), "http://x"))
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			resp.Body.Close() // twice gives one place back
		})
	}
	wg.Wait()
}

func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &busy{status: 200}
		l := Limit(b, 8)
		start := time.Now()
		burst(t, l, 80)
		if b.peak != 8 || time.Since(start) != 10*time.Second {
			t.Errorf("%d at once, %v for all", b.peak, time.Since(start))
		}
		if l.InUse() != 0 {
			t.Errorf("%d places in use", l.InUse())
		}
	})
}

func TestLimitShrinksAndGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &busy{status: 503}
		l := Limit(b, 8)
		burst(t, l, 8) // one burst is one sign
		b.set(200, nil)
		burst(t, l, 4)
		b.set(200, nil)
		burst(t, l, 100)
		if b.peak < 5 {
			t.Errorf("it did not recover: %d at once", b.peak)
		}
		b.set(503, nil)
		for range 8 {
			burst(t, l, 1)
			time.Sleep(2 * coolDown)
		}
		b.set(503, nil)
		burst(t, l, 5)
		if b.peak != 1 {
			t.Errorf("%d at once under throttling", b.peak)
		}
	})
}

func TestRetryAfterHoldsEverybodyBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &busy{status: 429, header: http.Header{"Retry-After": {"20"}}}
		l := Limit(b, 8)
		burst(t, l, 1)
		b.set(200, nil)
		start := time.Now()
		burst(t, l, 4)
		if took := time.Since(start); took != 21*time.Second {
			t.Errorf("the next took %v", took)
		}
	})
}

func TestLimitLetsGoOfThoseWhoLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Limit(&busy{status: 200}, 1)
		var wg sync.WaitGroup
		wg.Go(func() { burst(t, l, 1) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := l.RoundTrip(request(t, ctx, "http://x")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
		wg.Wait()
		burst(t, l, 2)
		if l.InUse() != 0 {
			t.Errorf("%d places in use", l.InUse())
		}
	})
}

// One who leaves in the moment of getting a place gives it back.
func TestLimitLeavingWithAPlace(t *testing.T) {
	l := Limit(&busy{status: 200}, 1)
	turn := make(chan struct{})
	l.busy, l.queue = 0, []chan struct{}{turn}
	l.admit()
	l.leave(turn)
	if l.InUse() != 0 {
		t.Errorf("%d places in use", l.InUse())
	}
}
