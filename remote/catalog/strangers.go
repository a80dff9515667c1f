package catalog

import (
	"sync"
	"time"
)

// maxStrangers bounds the memory for assets outside the catalog: a kilobyte
// each.
const maxStrangers = 1000

// strangers are assets that were asked for by id and are in no listing of ours.
// They are kept for a while, since every file below them asks again.
type strangers struct {
	mu   sync.Mutex // guards byID
	byID map[string]stranger
}

type stranger struct {
	entry Entry
	until time.Time
}

func (s *strangers) get(id string) (Entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.byID[id]
	return one.entry, ok && time.Now().Before(one.until)
}

func (s *strangers) drop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}

func (s *strangers) put(id string, e Entry, keep time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil || len(s.byID) >= maxStrangers {
		s.byID = map[string]stranger{} // to ask again is cheap, and this is rare
	}
	s.byID[id] = stranger{e, time.Now().Add(keep)}
}
