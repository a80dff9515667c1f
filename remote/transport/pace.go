package transport

import (
	"sync"
	"time"
)

const (
	// paceBurst retries may start at once: one for each request that a broken
	// link takes down with it, a few times over.
	paceBurst = 100
	// paceEvery is the distance of further retries: ten a second probe a host
	// that is down without burdening it.
	paceEvery = 100 * time.Millisecond
	// paceShare of the successful requests may be retries besides, so that a
	// busy client is not slowed by a small share of failures.
	paceShare = 10
)

// pace holds back retries when there are many: a token bucket, kept as the time
// at which it will be full again. Retries are delayed by it, not refused: a
// fault shorter than an operation's budget is not to become an error.
type pace struct {
	mu   sync.Mutex
	full time.Time // mu guards it
}

// spend takes a token and returns how long to wait for it. One that comes later
// than most is not taken: whoever gives up instead leaves no debt to others.
func (p *pace) spend(most time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	full := p.full
	if full.Before(now) {
		full = now
	}
	full = full.Add(paceEvery)
	wait := max(0, full.Sub(now)-paceBurst*paceEvery)
	if wait <= most {
		p.full = full
	}
	return wait
}

// earn gives back a share of a token for a success.
func (p *pace) earn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.full = p.full.Add(-paceEvery / paceShare)
}
