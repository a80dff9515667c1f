package catalog

import (
	"sync"
	"time"
)

// maxStrangers bounds the memory for assets outside the catalog: a kilobyte
// each.
const maxStrangers = 1000

// missKept is how long it is remembered that an asset could not be had. Who goes
// through a tree asks for it several times in a row, and where the platform does
// not answer would wait for each.
const missKept = 5 * time.Second

// strangers are assets that were asked for by id and are in no listing of ours.
// They are kept for a while, since every file below them asks again.
type strangers struct {
	mu       sync.Mutex // guards what follows
	byID     map[string]stranger
	expected map[string]bool // being asked for, for who comes later
}

type stranger struct {
	entry Entry
	err   error // why there is no entry
	until time.Time
}

// get is what is remembered of the asset, if anything is.
func (s *strangers) get(id string) (e Entry, err error, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.byID[id]
	return one.entry, one.err, ok && time.Now().Before(one.until)
}

// expectAtMost leaves room for the others: who remembers more than there is room
// for asks for all of them again and again.
const expectAtMost = maxStrangers / 2

// expect gives those of the ids that are neither remembered nor expected, up to
// a bound, and expects them from now on.
func (s *strangers) expect(ids []string) (unknown []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, id := range ids[:min(len(ids), expectAtMost)] {
		if one, ok := s.byID[id]; ok && now.Before(one.until) || s.expected[id] {
			continue
		}
		if s.expected == nil {
			s.expected = map[string]bool{}
		}
		s.expected[id] = true
		unknown = append(unknown, id)
	}
	return unknown
}

func (s *strangers) arrived(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.expected, id)
}

func (s *strangers) drop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}

func (s *strangers) put(id string, one stranger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil || len(s.byID) >= maxStrangers {
		s.byID = map[string]stranger{} // to ask again is cheap, and this is rare
	}
	s.byID[id] = one
}
