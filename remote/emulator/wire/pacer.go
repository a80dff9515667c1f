package wire

import (
	"sync"
	"time"
)

// slack is how far a pacer makes up for time that passed unused in the middle
// of sending, because a timer fired late or the sender was busy: without it a
// rate made of many small steps would never be reached.
const slack = 20 * time.Millisecond

// pacer hands out the time on a line of a given rate. The zero value is ready.
type pacer struct {
	mu   sync.Mutex
	free time.Time // guarded by mu: when the line has sent all it was given
}

// reserve takes the time for n bytes, and returns how long it is until they
// have gone out. Time before now is only used if the sender is in the middle of
// sending: a line that was idle has saved nothing up. A rate of 0 or less is no
// bound.
func (p *pacer) reserve(n, rate int64, middle bool) time.Duration {
	if rate <= 0 {
		return 0
	}
	now := time.Now()
	earliest := now
	if middle {
		earliest = now.Add(-slack)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free.Before(earliest) {
		p.free = earliest
	}
	p.free = p.free.Add(time.Duration(float64(n) / float64(rate) * float64(time.Second)))
	return p.free.Sub(now)
}
