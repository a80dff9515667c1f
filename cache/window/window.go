// Package window decides what to fetch next for one open file.
//
// It is the pure part of read-ahead: no I/O, no clock, no goroutine. The cache
// tells it of every read, in blocks, and it answers with what the read needs
// and, when asked, with the next range worth fetching before anyone reads it.
//
// Reads belong to streams. A read that starts about where an earlier one
// ended continues its stream, also when it skips a little or comes late: the
// kernel sends the requests of one read-ahead from several threads, so their
// order is not the reader's. Anything else begins a stream of its own, and a
// stream of one read asks for nothing more: that is a random read. Only when
// streams begin at equal distances the next ones are asked for (see stride).
//
// A stream earns its window. Each read that finds its bytes not yet there
// makes the window four times as long, but never longer than a multiple of
// what the stream has really read: a reader that keeps up gets no more, and
// the bytes fetched in vain stay in proportion to those used.
//
//	      start              next            issued
//	        |--- read so far ---|--- window --->|
//	--------|-------------------|===|===|===|===|-----------> file
//	                              ranges of one chunk each
package window

// These are in blocks of 128 KiB; the sizes in the reasons are bytes.
const (
	// maxWindow is what one stream may have fetched ahead: 128 MiB is 32
	// ranges of 4 MiB, which hides 30 ms at well over a gigabyte a second.
	maxWindow = 1024

	// MaxRange is the longest range: with 4 MiB the wait for the first byte is
	// a third of a request at 80 MB/s, and more of them in parallel make up
	// for it; longer ones only hold more memory.
	MaxRange = 32

	// minChunk keeps small windows from falling apart into small requests.
	minChunk = 8

	// head is fetched by a first read at the start of a file: 512 KiB take
	// 6 ms more than one block, and most readers of a first byte go on.
	head = 4

	// small files are fetched whole by their first read, up to 1 MiB.
	small = 8

	// tail is the end of a file that is fetched in one go: indices of zip,
	// Parquet and HDF5 are there and are read in a few small steps backwards.
	tail = 4

	// outOfOrder is how far a read may fall behind or skip and still belong
	// to its stream: 4 MiB, two read-aheads of a kernel set to 2 MiB.
	outOfOrder = 32

	// maxStreams is how many places of a file can be read in turns by one
	// handle, each with its own window: threads of a reader, columns of a file.
	maxStreams = 16

	// forgotten is how many reads elsewhere end a stream: each of maxStreams
	// may miss a turn, and one that was left soon makes room for the next.
	forgotten = 2 * maxStreams
)

// Span is the blocks [From, To).
type Span struct{ From, To int64 }

// Len is the number of blocks in s.
func (s Span) Len() int64 { return max(0, s.To-s.From) }

// Contains tells whether block i is in s.
func (s Span) Contains(i int64) bool { return s.From <= i && i < s.To }

// State is how the cache stood for the blocks of a read when it came.
type State int

// A read is as late as the latest of its blocks.
const (
	Ready   State = iota // all there
	Coming               // some still in flight, none missing
	Missing              // some neither there nor in flight
)

// Window is the memory of one handle: where it reads, and what was asked for.
// Its zero value is not ready; use [New]. It is not safe for concurrent use.
type Window struct {
	blocks  int64    // length of the file
	streams []stream // the most recently used first
	stride  stride   // of where they begin
	strided bool     // it made the last offer
	random  bool     // the last read was
	reads   int64    // reads so far, the clock of this package
}

// New makes the window of a file of so many blocks.
func New(blocks int64) *Window { return &Window{blocks: blocks} }

// Read notes a read of the blocks in r, which is not empty and inside the
// file. It returns the blocks to fetch for it, r or a little more, and those
// that were asked for by a stream given up now (empty most of the time).
func (w *Window) Read(r Span, state State) (need, dropped Span) {
	w.reads++
	i := w.find(r)
	w.random = i < 0 && r.Len() < bulk
	if i < 0 {
		need = w.grow(r)
		left := w.stride.begun(r, w.lengthFrom(w.stride.last))
		dropped = w.begin(stream{start: r.From, next: r.To, read: r.Len(), issued: need.To, bulk: r.Len() >= bulk})
		if dropped.Len() == 0 {
			dropped = left
		}
		return need, dropped
	}
	s := w.use(i)
	if r.From < s.start {
		dropped = w.stride.begun(r, 0)
	}
	s.advance(r, state)
	if left := w.forget(); left.Len() > 0 {
		dropped = left
	}
	return r, dropped
}

// Random tells whether the last read continued nothing, and was so short that
// its wait was for a first byte and not for its bytes: see [Rent].
func (w *Window) Random() bool { return w.random && w.stride.steps < regular }

// lengthFrom is how much was read of the stream that began at block start.
func (w *Window) lengthFrom(start int64) int64 {
	for i := range w.streams {
		if s := &w.streams[i]; s.start == start {
			return s.next - s.start
		}
	}
	return 0
}

// forget gives up the stream longest unused, when that was long ago.
func (w *Window) forget() (dropped Span) {
	last := len(w.streams) - 1
	if s := &w.streams[last]; w.reads-s.last > forgotten {
		dropped = s.unread()
		w.streams = w.streams[:last]
	}
	return dropped
}

// grow rounds the first read of a stream up where that is cheap: a small
// file, the head and the tail of any.
func (w *Window) grow(r Span) Span {
	switch {
	case r.From == 0 && w.blocks <= small:
		r.To = w.blocks
	case r.From == 0:
		r.To = max(r.To, head)
	case r.From >= w.blocks-tail:
		r.To = w.blocks
	}
	return r
}

// Next is the next range worth fetching unasked, of the stream read last that
// wants one. limit is how many blocks the handle may hold unread, held how
// many it does. When the range is being fetched, say so with [Window.Started];
// until then Next offers the same again.
func (w *Window) Next(limit, held int64) (Span, bool) {
	w.strided = false
	for i := range w.streams {
		if span, ok := w.streams[i].offer(w.blocks, limit, limit-held); ok {
			return span, true
		}
	}
	w.strided = true
	return w.stride.offer(w.blocks, limit, limit-held)
}

// Started notes that span, or a first part of what Next offered, is there or
// under way.
func (w *Window) Started(span Span) {
	if w.strided {
		w.stride.started(span)
		return
	}
	for i := range w.streams {
		s := &w.streams[i]
		if s.from() == span.From {
			s.issued = max(s.issued, span.To)
			return
		}
	}
}

// find returns the stream that r continues most closely, or -1.
func (w *Window) find(r Span) int {
	best, nearest := -1, int64(0)
	for i := range w.streams {
		d, ok := w.streams[i].distance(r)
		if ok && (best < 0 || d < nearest) {
			best, nearest = i, d
		}
	}
	return best
}

// use moves stream i to the front and returns it.
func (w *Window) use(i int) *stream {
	s := w.streams[i]
	copy(w.streams[1:i+1], w.streams[:i])
	s.last = w.reads
	w.streams[0] = s
	return &w.streams[0]
}

// begin puts s in front, in the place of another when there are too many: the
// one longest unused that has no window, so that random reads between those
// of a stream do not end it, unless it is forgotten.
func (w *Window) begin(s stream) (dropped Span) {
	if len(w.streams) < maxStreams {
		w.streams = append(w.streams, s)
		w.use(len(w.streams) - 1)
		return w.forget()
	}
	i := len(w.streams) - 1
	for j := i; j > 0; j-- {
		if old := &w.streams[j]; old.window == 0 || w.reads-old.last > forgotten {
			i = j
			break
		}
	}
	dropped = w.streams[i].unread()
	w.streams[i] = s
	w.use(i)
	return dropped
}
