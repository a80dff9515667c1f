package bucket

import "time"

// Quick makes the waits between attempts short, for tests with real sockets.
func (s *Store) Quick() {
	s.meta.Base, s.meta.Cap = time.Millisecond, 5*time.Millisecond
	s.data.Base, s.data.Cap = time.Millisecond, 5*time.Millisecond
}
