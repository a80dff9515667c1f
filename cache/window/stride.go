package window

// stride recognises reads at equal distances, onwards or backwards: the columns
// of a matrix, every n-th frame, a file read from its end in pieces. It looks at
// where runs of reads begin, whatever streams make of these.
type stride struct {
	first, last int64 // where the first and the last of them began
	steps       int64 // from first to last
	length      int64 // blocks of each run, as far as it is known
	issued      int64 // steps from last on whose blocks were asked for
	part        int64 // of the next one, one past the last block asked for
}

const (
	// regular is how many equal steps are taken for a pattern: two may be
	// chance where a program looks things up in a small part of a file.
	regular = 3

	// strides is how many steps are fetched ahead at most: at 30 ms each,
	// which a reader without them waits, 16 hide all but one.
	strides = 16
)

// step is the distance of k steps, rounded down to blocks: distances in bytes
// need not be whole blocks, and then the steps differ by one.
func (s *stride) step(k int64) int64 {
	if s.steps == 0 {
		return 0
	}
	d := (s.last - s.first) * k
	q := d / s.steps
	if d%s.steps < 0 {
		q--
	}
	return q
}

// begun notes where a run of reads begins, and how long the one before was. It
// returns what was asked for by a pattern that has now ended.
func (s *stride) begun(r Span, before int64) (dropped Span) {
	length := max(before, r.Len())
	d := r.From - s.last
	k := s.stepsTo(d)
	switch {
	case k > 0:
		s.last = r.From
		s.steps += k
		s.length = length
		s.issued -= k
		if s.issued <= 0 {
			s.issued, s.part = 0, 0
		}
	case k < 0, s.steps > 0 && d == 0:
		// Once more from where it was before: no step at all.
	default:
		dropped = s.unread()
		steps := int64(1)
		if d == 0 || s.length == 0 { // or r is the first of all
			steps = 0
		}
		*s = stride{first: s.last, last: r.From, steps: steps, length: length}
	}
	return dropped
}

// stepsTo is how many steps lead so far, or 0. Once there is a pattern, steps
// may be left out, or come late, as those of several threads do.
func (s *stride) stepsTo(d int64) int64 {
	if s.steps == 0 {
		return 0
	}
	most := int64(1)
	if s.steps >= regular {
		most = strides
	}
	for k := int64(1); k <= most; k++ {
		switch {
		case abs(d-s.step(k)) <= 1:
			return k
		case most > 1 && abs(d-s.step(-k)) <= 1:
			return -k
		}
	}
	return 0
}

func abs(n int64) int64 { return max(n, -n) }

// run is the blocks that the read k steps on is expected to need.
func (s *stride) run(k, blocks int64) Span {
	from := s.last + s.step(k)
	to := from + s.length
	if (s.last-s.first)%s.steps != 0 {
		to++
	}
	return Span{min(max(0, from), blocks), max(0, min(to, blocks))}
}

// offer is the next range of the pattern, if there is one and room for it. There
// are never more steps fetched ahead than were seen.
func (s *stride) offer(blocks, limit, room int64) (Span, bool) {
	if s.steps < regular {
		return Span{}, false
	}
	for ahead := min(s.steps, strides, min(limit, maxWindow)/s.length); s.issued < ahead; s.issued++ {
		run := s.run(s.issued+1, blocks)
		run.From = max(run.From, s.part)
		if run.Len() == 0 {
			s.part = 0 // outside the file, or all of it asked for
			continue
		}
		run.To = min(run.To, run.From+MaxRange)
		return run, run.Len() <= room
	}
	return Span{}, false
}

// started notes that a range offered is there or under way.
func (s *stride) started(span Span) { s.part = span.To }

// unread spans what was asked for of the steps to come.
func (s *stride) unread() Span {
	if s.issued == 0 {
		return Span{}
	}
	near, far := s.last+s.step(1), s.last+s.step(s.issued)
	return Span{max(0, min(near, far)), max(near, far) + s.length + 1}
}
