// Package follow decides which files of a directory to fetch before anybody
// reads them, and which directories to list before anybody opens them.
//
// It is the pure part: no I/O, no clock, no goroutine. A [Row] is told of every
// file of one directory that is read, and answers with those that are likely to
// be next. Three in a row begin a stream: one after the other, or with the same
// number left out each time, forwards or backwards, in any of the orders in
// which programs go through directories (see [Kind]). Several programs, or
// threads of one, may go through a directory at once, each as a stream.
//
// A stream earns what is fetched ahead for it: at most twice as many files as it
// has read. So a program that stops has cost in vain twice what it has used at
// most, and one that goes on has the network's full width after a few round
// trips. Who reads one file, or two, costs nothing.
package follow

import "path"

// Dir is a directory: N files, in order of name.
type Dir struct {
	N     int
	Name  func(i int) string
	Inode func(i int) uint64
}

const (
	// MaxAhead is how many files may be ahead of a stream: two round trips of
	// 35 ms (a signed URL, then the file), at 800 files a second that one reader
	// can take in.
	MaxAhead = 64

	// evidence is how many files in a row begin a stream, and strideEvidence how
	// many where some are left out each time: by chance that happens more often.
	evidence       = 3
	strideEvidence = 5

	// maxStride is the most that is left out: the rows of a plane of chunks.
	maxStride = 1024

	// late and early are how far from where it should be a file may be read and
	// belong to its stream: sixteen programs that take eight files each.
	late, early = 128, 16

	// recent is how many reads are remembered to find streams in: three of each
	// of sixteen programs.
	recent = 48

	// maxStreams go through a directory at once; one that has not been read for
	// as long as all may miss two turns is over.
	maxStreams = 8
	forgotten  = 64

	// maxSorted is the largest directory of which other orders than that of the
	// listing are looked at: to sort it takes some 20 ms.
	maxSorted = 20_000
	// maxOrders are kept of one directory: 8 bytes a file and order.
	maxOrders = 6
)

// Row is what is known about how one directory is read. It is for one goroutine.
type Row struct {
	dir     Dir
	orders  []*order
	last    []int // files read, the latest in front
	streams []*stream
	reads   int
}

// NewRow makes the row of a directory that nobody has read.
func NewRow(d Dir) *Row { return &Row{dir: d} }

// stream is one program's way through a row. Its ranks are those of its order.
type stream struct {
	order  *order
	step   int
	next   int // rank expected to be read
	issued int // steps from next on that are fetched ahead
	run    int // files read, here and in the directories before
	most   int // steps that may be ahead until it is read here; 0 is any number
	last   int // Row.reads when it was read
}

// Read notes that file i is read.
func (r *Row) Read(i int) {
	if i < 0 || i >= r.dir.N || len(r.last) > 0 && r.last[0] == i {
		return // again by the same program, likely
	}
	r.reads++
	r.last = append([]int{i}, r.last[:min(len(r.last), recent-1)]...)
	r.forget()
	for _, s := range r.streams {
		if s.take(s.order.rankOf(i)) {
			s.last = r.reads
			return
		}
	}
	if s := r.find(i); s != nil {
		r.begin(s)
	}
}

// begin puts s in front of the streams, in place of the one longest not read.
func (r *Row) begin(s *stream) {
	s.last = r.reads
	if len(r.streams) == maxStreams {
		oldest := 0
		for i, o := range r.streams {
			if o.last < r.streams[oldest].last {
				oldest = i
			}
		}
		r.streams = append(r.streams[:oldest], r.streams[oldest+1:]...)
	}
	r.streams = append([]*stream{s}, r.streams...)
}

func (r *Row) forget() {
	kept := r.streams[:0]
	for _, s := range r.streams {
		if r.reads-s.last <= forgotten {
			kept = append(kept, s)
		}
	}
	r.streams = kept
}

// take notes a read of rank, and tells whether it is of this stream.
func (s *stream) take(rank int) bool {
	k := rank - s.next
	if rank < 0 || k%s.step != 0 {
		return false
	}
	k /= s.step
	if k < -late || k > max(early, s.issued) {
		return false
	}
	if k >= 0 {
		s.run, s.most = s.run+1, 0
		s.next += (k + 1) * s.step
		s.issued = max(0, s.issued-k-1)
	}
	return true
}

// find looks for a stream that the read of i completes.
func (r *Row) find(i int) *stream {
	if len(r.last) < evidence {
		return nil
	}
	for kind := range kinds {
		if s := r.findIn(r.order(kind, ""), i); s != nil {
			return s
		}
	}
	ext := path.Ext(r.dir.Name(i))
	for _, j := range r.last[:evidence] {
		if ext == "" || path.Ext(r.dir.Name(j)) != ext {
			return nil
		}
	}
	for kind := range kinds {
		if s := r.findIn(r.order(kind, ext), i); s != nil {
			return s
		}
	}
	return nil
}

// findIn looks in one order: for neighbours among the reads remembered, and for
// equal steps in the latest of them.
func (r *Row) findIn(o *order, i int) *stream {
	if o == nil {
		return nil
	}
	rank := o.rankOf(i)
	if rank < 0 {
		return nil
	}
	has := func(rank int) bool {
		for _, j := range r.last {
			if o.rankOf(j) == rank && rank >= 0 {
				return true
			}
		}
		return false
	}
	if o.kind == ByInode || o.kind == ByLetter {
		// In these any files are neighbours by chance: all must be in a row.
		if len(r.last) <= evidence {
			return nil
		}
		step := rank - o.rankOf(r.last[1])
		for k, j := range r.last[:evidence+1] {
			if step*step != 1 || o.rankOf(j) != rank-k*step || rank-k*step < 0 {
				return nil
			}
		}
		return &stream{order: o, step: step, next: rank + step, run: evidence}
	}
	for _, step := range []int{1, -1} {
		if has(rank-step) && has(rank-2*step) {
			return &stream{order: o, step: step, next: rank + step, run: evidence - 1}
		}
	}
	if len(r.last) < strideEvidence {
		return nil
	}
	step := rank - o.rankOf(r.last[1])
	if step == 0 || step > maxStride || step < -maxStride {
		return nil
	}
	for k, j := range r.last[:strideEvidence] {
		if o.rankOf(j) != rank-k*step || rank-k*step < 0 {
			return nil
		}
	}
	return &stream{order: o, step: step, next: rank + step, run: evidence - 1}
}

// order gives an order of the directory, or nil if it is not worth it.
func (r *Row) order(kind Kind, ext string) *order {
	for _, o := range r.orders {
		if o.kind == kind && o.ext == ext {
			return o
		}
	}
	if plain := kind == ByName && ext == ""; !plain && (r.dir.N > maxSorted || len(r.orders) >= maxOrders) {
		return nil
	}
	o := newOrder(r.dir, kind, ext)
	r.orders = append(r.orders, o)
	return o
}

// Next is a file to fetch now, when no stream is to have more than limit ahead.
// Each is given once, until its stream has come past it.
func (r *Row) Next(limit int) (file int, ok bool) {
	for _, s := range r.streams {
		if s.issued >= s.ahead(limit) {
			continue
		}
		rank := s.next + s.issued*s.step
		if rank < 0 || rank >= s.order.len(r.dir.N) {
			continue
		}
		s.issued++
		return s.order.fileAt(rank), true
	}
	return 0, false
}

func (s *stream) ahead(limit int) int {
	if s.most > 0 {
		limit = min(limit, s.most)
	}
	return min(2*s.run, limit, MaxAhead)
}

// Way is how a stream goes on in the next directory.
type Way struct {
	Kind Kind
	Back bool // against the order
	Run  int  // files read on it
}

// Leaving is the way of the stream read last, when it reaches the end of the
// directory with so many files less than it may have ahead.
func (r *Row) Leaving(limit int) (w Way, want int) {
	if len(r.streams) == 0 {
		return w, 0
	}
	s := r.streams[0]
	for _, o := range r.streams {
		if o.last > s.last {
			s = o
		}
	}
	left := (s.order.len(r.dir.N) - s.next + s.step - 1) / s.step
	if s.step < 0 {
		left = (s.next - s.step) / -s.step
	}
	return Way{Kind: s.order.kind, Back: s.step < 0, Run: s.run}, max(0, s.ahead(limit)-max(0, left))
}

// Enter expects that a stream of another directory goes on in this one, with so
// many files to be ahead now. It returns how many of them are not in here.
func (r *Row) Enter(w Way, want int) (left int) {
	left = max(0, want-r.dir.N)
	if len(r.last) > 0 || r.dir.N == 0 {
		return left // it is here already
	}
	if len(r.streams) == 0 {
		o := r.order(w.Kind, "")
		if o == nil {
			return 0
		}
		s := &stream{order: o, step: 1}
		if w.Back {
			s.step, s.next = -1, r.dir.N-1
		}
		r.begin(s)
	}
	s := r.streams[0]
	s.run, s.most = max(s.run, w.Run), max(s.most, want)
	return left
}

// Give forgets all streams: what was fetched ahead for them has failed.
func (r *Row) Give() { r.streams, r.last = nil, nil }
