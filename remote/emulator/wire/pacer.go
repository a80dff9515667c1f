package wire

import (
	"sync"
	"time"
)

// slack is how far a pacer makes up for time that passed unused, because a
// timer fired late or the sender was busy: without it a rate of many small
// steps would never be reached.
const slack = 5 * time.Millisecond

// pacer hands out the time on a line of a given rate. The zero value is ready.
type pacer struct {
	mu   sync.Mutex
	free time.Time // guarded by mu: when the line has sent all it was given
}

// reserve takes the time for n bytes, and returns how long it is until they
// have gone out. A rate of 0 or less is no bound.
func (p *pacer) reserve(n, rate int64) time.Duration {
	if rate <= 0 {
		return 0
	}
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if earliest := now.Add(-slack); p.free.Before(earliest) {
		p.free = earliest
	}
	p.free = p.free.Add(time.Duration(float64(n) / float64(rate) * float64(time.Second)))
	return p.free.Sub(now)
}
