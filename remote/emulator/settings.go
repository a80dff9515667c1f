package emulator

import (
	"sync"
	"time"
)

// settings are what can be changed while the server runs.
type settings struct {
	mu        sync.RWMutex
	quirks    Quirks        // guarded by mu
	lifetime  time.Duration // of signed URLs; guarded by mu
	tokenDied bool          // guarded by mu: the death that TokenPages asks for
}

func (s *settings) quirksNow() Quirks {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.quirks
}

// SetQuirks edits the quirks; requests under way keep the old ones.
func (s *settings) SetQuirks(edit func(*Quirks)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edit(&s.quirks)
	s.tokenDied = false
}

// SetURLLifetime changes how long URLs signed from now on are good for; 0
// means an hour.
func (s *settings) SetURLLifetime(d time.Duration) {
	if d == 0 {
		d = defaultURLLifetime
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lifetime = d
}

func (s *settings) urlLifetime() time.Duration {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.lifetime
}

// tokenDies tells, once, that a token has come to its end.
func (s *settings) tokenDies() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	died := s.tokenDied
	s.tokenDied = true
	return !died
}

// throttle counts requests of the present second.
type throttle struct {
	mu     sync.Mutex
	second int64 // guarded by mu
	count  int   // guarded by mu
}

// allow tells whether one more request fits into this second.
func (t *throttle) allow(perSecond int, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.second != now.Unix() {
		t.second, t.count = now.Unix(), 0
	}
	t.count++
	return perSecond <= 0 || t.count <= perSecond
}
