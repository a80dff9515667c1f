package window

// trust is how many blocks a stream may have fetched ahead for each one read.
// One that began at the start of the file is most likely a reader of all of
// it; one that began elsewhere first has to show that it is not a single read
// in several requests, and until then at most doubles what it fetches.
const (
	trust     = 8
	suspicion = 1

	// proven is how much a stream from the middle must have read to be
	// trusted like one from the start: 8 MiB, more than the chunks that array
	// formats read in one piece, with the 2 MiB that a kernel reads beyond.
	proven = 64

	// bulk is the length of requests that a kernel makes which reads ahead far
	// by itself: 512 KiB. It has two of them in flight, which is enough for a
	// read of a few megabytes, so one from the middle needs no more from us.
	bulk = 4
)

// stream is one place where a file is read onwards.
type stream struct {
	start  int64 // first block read
	next   int64 // one past the furthest block read
	read   int64 // blocks read in [start, next)
	window int64 // blocks to have ahead of next
	bulk   bool  // some of its requests are long
	issued int64 // one past the last block asked for
	last   int64 // the read that used it last, by the window's count
}

// distance tells whether a read continues s, and how far off it starts.
func (s *stream) distance(r Span) (int64, bool) {
	// What was read vouches for how far a read may jump: one random block is
	// not continued by another a megabyte on. Inside what is already asked
	// for, a skip costs nothing.
	reach := min(s.read, outOfOrder)
	switch {
	case r.From > s.next:
		skip := r.From - s.next
		return skip, skip <= reach || r.From < s.issued
	default:
		late := s.next - r.From
		return late, late <= outOfOrder && r.From >= s.start-reach
	}
}

// advance notes a read that continues s.
func (s *stream) advance(r Span, state State) {
	onward := r.To > s.next
	s.bulk = s.bulk || r.Len() >= bulk
	s.start = min(s.start, r.From)
	s.next = max(s.next, r.To)
	s.read = min(s.read+r.Len(), s.next-s.start)
	if state == Missing {
		// What was asked for is gone again, or never came: ask anew from here.
		s.issued = min(s.issued, r.To)
	}
	if onward && state != Ready {
		s.window = min(max(4*s.window, 4*s.read, head), s.earned(), maxWindow)
	}
}

// earned is the longest window s may have.
func (s *stream) earned() int64 {
	switch {
	case 2*s.read < s.next-s.start:
		// It skips more than it reads: most of a window would be skipped too.
		return 0
	case s.start == 0:
		return trust * s.read
	case s.bulk:
		// By little and little: two reads close together pass for a long one.
		return max(0, trust*(s.read-proven))
	case s.read >= proven:
		return trust * s.read
	default:
		return suspicion * s.read
	}
}

// from is where the next range of s begins.
func (s *stream) from() int64 { return max(s.issued, s.next) }

// unread is what s asked for and nobody read.
func (s *stream) unread() Span {
	if s.issued <= s.next {
		return Span{}
	}
	return Span{s.next, s.issued}
}

// offer is the next range of s, for a handle that may hold limit blocks and
// has room for some of them.
func (s *stream) offer(blocks, limit, room int64) (Span, bool) {
	window := min(s.window, limit)
	from, to := s.from(), min(s.next+window, blocks)
	chunk := chunkOf(window)
	if to-from > chunk {
		to = from + chunk
	}
	switch {
	case to <= from, to-from > room:
		return Span{}, false
	case to-from < chunk && to < blocks:
		// Not worth a request yet: wait until a whole chunk fits.
		return Span{}, false
	}
	return Span{from, to}, true
}

// chunkOf is the length of the ranges that fill a window: an eighth, so that
// several are in flight, and of a small one half, so that one can be on its
// way while another is read.
func chunkOf(window int64) int64 {
	return max(1, min(max(window/8, min(minChunk, window/2)), MaxRange))
}
