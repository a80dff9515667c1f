package cache

// slots counts the ranges in flight, of all files. An eighth of them is kept
// for reads that wait, so that these never queue behind reading ahead; and no
// file has more than three quarters, so that one whose server hangs does not
// hold up the others.
type slots struct {
	limit int
	busy  int // all
	ahead int // those that nobody waited for when they began
}

func (s *slots) freeFor(f *file) bool {
	return s.busy < s.limit && f.fetches < max(1, s.limit*3/4)
}

// freeAhead tells whether a handle with so many fetches may begin another one
// ahead, when as many handles do.
func (s *slots) freeAhead(f *file, fetches, handles int) bool {
	all := max(1, s.limit-s.limit/8)
	fair := (all + handles - 1) / max(1, handles)
	return s.freeFor(f) && s.ahead < all && fetches < fair
}
