package bucket

import (
	"time"
)

// Quick makes the waits between attempts short, for tests with real sockets.
func (s *Store) Quick() {
	s.meta.Base, s.meta.Cap = time.Millisecond, 5*time.Millisecond
	s.data.Base, s.data.Cap = time.Millisecond, 5*time.Millisecond
}

// Hasty makes the budgets short as well, for faults that do not end.
func (s *Store) Hasty() {
	s.Quick()
	s.meta.Budget, s.data.Budget = 300*time.Millisecond, 300*time.Millisecond
}

// ForgetCredentials makes it seem long ago that credentials were looked for.
func (s *Store) ForgetCredentials() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.chains {
		c.mu.Lock()
		c.asked = time.Time{}
		c.mu.Unlock()
	}
}

// Idle waits for requests whose answer nobody waits for.
func (s *Store) Idle() { s.strays.Wait() }
