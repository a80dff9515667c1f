package transport

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// coolDown is the time in which throttling answers count as one: they come in
// bursts, to requests that were all sent at the old rate.
const coolDown = time.Second

// calmDown is how long a server that throttled is not sent a request that could
// be done without: longer than a limit that was halved takes to grow again.
const calmDown = 30 * time.Second

// Limit lets at most n requests through rt at once, from the sending to the
// close of the body. Others wait in order, or until their context ends. When
// the server throttles (429, 503) the limit halves, and grows by one for each
// round of successes; a Retry-After with a 429 holds everybody's requests back.
func Limit(rt http.RoundTripper, n int) *Limiter {
	return &Limiter{next: rt, max: float64(max(1, n)), limit: float64(max(1, n))}
}

// Limiter is what Limit returns. It is an http.RoundTripper.
type Limiter struct {
	next http.RoundTripper
	max  float64

	mu       sync.Mutex // guards what follows
	limit    float64    // at present, from 1 to max
	busy     int
	queue    []chan struct{}
	cutAt    time.Time // when limit was last halved
	pauseEnd time.Time // nothing is sent before
}

// RoundTrip implements http.RoundTripper.
func (l *Limiter) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := l.acquire(req.Context()); err != nil {
		return nil, err
	}
	resp, err := l.next.RoundTrip(req)
	if err != nil {
		l.release()
		return nil, err
	}
	l.learn(resp)
	resp.Body = &limitedBody{ReadCloser: resp.Body, release: sync.OnceFunc(l.release)}
	return resp, nil
}

// Throttled reports whether the server has asked for fewer requests lately.
func (l *Limiter) Throttled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.cutAt.IsZero() && time.Since(l.cutAt) < calmDown
}

// InUse gives the number of requests that hold a place now.
func (l *Limiter) InUse() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.busy
}

func (l *Limiter) acquire(ctx context.Context) error {
	l.mu.Lock()
	if l.busy < int(l.limit) && len(l.queue) == 0 {
		l.busy++
		l.mu.Unlock()
	} else {
		turn := make(chan struct{})
		l.queue = append(l.queue, turn)
		l.mu.Unlock()
		select {
		case <-turn:
		case <-ctx.Done():
			l.leave(turn)
			return context.Cause(ctx)
		}
	}
	l.mu.Lock()
	pause := time.Until(l.pauseEnd)
	l.mu.Unlock()
	if pause > 0 && !sleep(ctx, pause) {
		l.release()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return context.DeadlineExceeded // it would pass before the pause ends
	}
	return nil
}

// leave takes turn out of the queue, or gives back the place it just got.
func (l *Limiter) leave(turn chan struct{}) {
	l.mu.Lock()
	for i, t := range l.queue {
		if t == turn {
			l.queue = append(l.queue[:i], l.queue[i+1:]...)
			l.mu.Unlock()
			return
		}
	}
	l.mu.Unlock()
	l.release()
}

func (l *Limiter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
	l.admit()
}

// admit lets waiters in while there is room. mu is held.
func (l *Limiter) admit() {
	for l.busy < int(l.limit) && len(l.queue) > 0 {
		close(l.queue[0])
		l.queue = l.queue[1:]
		l.busy++
	}
}

// learn adapts the limit to an answer.
func (l *Limiter) learn(resp *http.Response) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if now.Sub(l.cutAt) > coolDown {
			l.limit, l.cutAt = max(1, l.limit/2), now
		}
		if resp.StatusCode == http.StatusTooManyRequests {
			if end := now.Add(RetryAfter(resp.Header)); end.After(l.pauseEnd) {
				l.pauseEnd = end
			}
		}
	default:
		l.limit = min(l.max, l.limit+1/l.limit)
		l.admit()
	}
}

// limitedBody gives the place back at the end of the body, or when it is closed.
type limitedBody struct {
	io.ReadCloser
	release func()
}

// Close implements io.Closer.
func (b *limitedBody) Close() error {
	defer b.release()
	return b.ReadCloser.Close()
}
