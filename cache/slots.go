package cache

// slots counts the ranges in flight, of all files. A few are kept back: an
// eighth for reads that wait, so that these never queue behind reading ahead;
// and of these one half for other files, so that one whose server hangs does
// not hold up all the others.
type slots struct {
	limit int
	busy  int // all
	ahead int // those that nobody waited for when they began
}

// part is the slots without one in n, and at least one.
func (s *slots) part(n int) int { return max(1, s.limit-max(1, s.limit/n)) }

// freeFor tells whether a read of f may begin a fetch.
func (s *slots) freeFor(f *file) bool {
	return s.busy < s.limit && f.fetches < s.part(16)
}

// freeAhead tells whether a handle of f with so many fetches may begin another
// one ahead, when as many handles do.
func (s *slots) freeAhead(f *file, fetches, handles int) bool {
	all := s.part(8)
	fair := (all + handles - 1) / max(1, handles)
	return s.freeFor(f) && s.ahead < all && fetches < fair
}
