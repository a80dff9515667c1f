package window

import (
	"math/rand/v2"
	"testing"
)

const plenty = 1 << 20 // a limit that does not bind

// sim is a cache of unlimited size around a window: what was asked for comes
// at once, but a read's own blocks count as late.
type sim struct {
	t       testing.TB
	w       *Window
	blocks  int64
	have    map[int64]bool
	asked   int64 // blocks fetched
	longest int64 // range
	limit   int64
}

func newSim(t testing.TB, blocks int64) *sim {
	return &sim{t: t, w: New(blocks), blocks: blocks, have: map[int64]bool{}, limit: plenty}
}

func (s *sim) fetch(r Span) {
	s.t.Helper()
	if r.From < 0 || r.To > s.blocks || r.Len() == 0 {
		s.t.Fatalf("%v is not in a file of %d blocks", r, s.blocks)
	}
	s.longest = max(s.longest, r.Len())
	for i := r.From; i < r.To; i++ {
		if !s.have[i] {
			s.have[i] = true
			s.asked++
		}
	}
}

// read is one read and all the fetching that follows from it.
func (s *sim) read(from, n int64) (ahead int64) {
	s.t.Helper()
	r := Span{from, min(from+n, s.blocks)}
	state := Coming
	for i := r.From; i < r.To; i++ {
		if !s.have[i] {
			state = Missing
		}
	}
	need, _ := s.w.Read(r, state)
	if need.From > r.From || need.To < r.To {
		s.t.Fatalf("%v is not all of the read %v", need, r)
	}
	s.fetch(need)
	for {
		span, ok := s.w.Next(s.limit, 0)
		if !ok {
			return ahead
		}
		if span.Len() > MaxRange {
			s.t.Fatalf("range of %d blocks", span.Len())
		}
		s.fetch(span)
		ahead += span.Len()
		s.w.Started(span)
	}
}

func TestSequentialReaderSoonHasAFullWindow(t *testing.T) {
	for _, n := range []int64{1, 8} { // 128 KiB and 1 MiB requests
		s := newSim(t, 8192)
		from := int64(0)
		for s.asked-from < maxWindow-MaxRange {
			s.read(from, n)
			from += n
			if from > 20<<3 { // 20 MiB
				t.Fatalf("after %d blocks in requests of %d only %d are ahead", from, n, s.asked-from)
			}
		}
		if s.longest != MaxRange {
			t.Errorf("longest range %d, want %d", s.longest, MaxRange)
		}
	}
}

func TestWindowStaysInProportion(t *testing.T) {
	s := newSim(t, 8192)
	for from := int64(0); from < 500; from++ {
		s.read(from, 1)
		if got, most := s.asked, (from+1)*(trust+1)+head; got > most {
			t.Fatalf("%d blocks read, %d fetched", from+1, got)
		}
	}
	s = newSim(t, 8192)
	for i := range int64(proven - 1) {
		s.read(4000+i, 1)
		if got, most := s.asked, 2*(i+1); got > most {
			t.Fatalf("from the middle: %d blocks read, %d fetched", i+1, got)
		}
	}
}

func TestWholeFileIsFetchedOnce(t *testing.T) {
	for _, blocks := range []int64{1, 2, 7, 8, 9, 100, 5000} {
		s := newSim(t, blocks)
		for from := int64(0); from < blocks; from++ {
			s.read(from, 1)
		}
		if s.asked != blocks {
			t.Errorf("%d blocks fetched of %d", s.asked, blocks)
		}
	}
}

func TestRandomReadsFetchWhatTheyNeed(t *testing.T) {
	const blocks = 8192 // 1 GiB
	rng := rand.New(rand.NewPCG(1, 2))
	s := newSim(t, blocks)
	const reads = 300
	for range reads {
		s.read(rng.Int64N(blocks-2), 2)
	}
	if s.asked > 2*reads*11/10 {
		t.Errorf("%d blocks fetched for %d read", s.asked, 2*reads)
	}
}

func TestOutOfOrderReadsAreOneStream(t *testing.T) {
	// Requests of 1 MiB, each four of them in a random order, as the threads
	// that serve a kernel's read-ahead send them.
	rng := rand.New(rand.NewPCG(3, 4))
	s := newSim(t, 8192)
	for base := int64(0); base < 1024; base += 32 {
		for _, i := range rng.Perm(4) {
			s.read(base+int64(i)*8, 8)
		}
	}
	if got := s.asked - 1024; got < maxWindow-MaxRange {
		t.Errorf("only %d blocks ahead", got)
	}
	if n := len(s.w.streams); n > 4 {
		t.Errorf("%d streams for one reader", n)
	}
}

func TestForwardSkipsKeepTheStream(t *testing.T) {
	s := newSim(t, 8192)
	from := int64(0)
	for range 100 {
		s.read(from, 8)
		from += 8 + 4 // skips a third
	}
	if got := s.asked - from; got < maxWindow/2 {
		t.Errorf("only %d blocks ahead", got)
	}
	if n := len(s.w.streams); n != 1 {
		t.Errorf("%d streams", n)
	}
}

func TestSparseStrideEarnsNothing(t *testing.T) {
	s := newSim(t, 8192)
	for i := range int64(200) {
		s.read(8*i, 1)
	}
	if s.asked > 200*2 {
		t.Errorf("%d blocks fetched for 200 read", s.asked)
	}
}

func TestBackwardReaderFetchesWhatItReads(t *testing.T) {
	s := newSim(t, 8192)
	for i := int64(4000); i > 3000; i-- {
		s.read(i, 1)
	}
	if s.asked > 1000*11/10 {
		t.Errorf("%d blocks fetched for 1000 read", s.asked)
	}
}

func TestRandomReadsBetweenDoNotEndAStream(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	s := newSim(t, 8192)
	for from := int64(0); from < 400; from++ {
		s.read(from, 1)
		s.read(4000+rng.Int64N(4000), 1)
	}
	if !s.have[400+maxWindow/2] {
		t.Error("the stream has lost its window")
	}
}

func TestSeveralStreamsAtOnce(t *testing.T) {
	s := newSim(t, 1<<16)
	const streams = 8
	for i := range int64(300) {
		for n := range int64(streams) {
			s.read(n<<13+i, 1)
		}
	}
	for n := range int64(streams) {
		if !s.have[n<<13+300+maxWindow/2] {
			t.Errorf("stream %d has no window", n)
		}
	}
}

func TestTailIsCheap(t *testing.T) {
	s := newSim(t, 8192)
	s.read(8191, 1) // where a zip or a Parquet file is opened
	s.read(8190, 1)
	s.read(8188, 2)
	if s.asked > tail {
		t.Errorf("%d blocks fetched", s.asked)
	}
	s = newSim(t, 8192)
	s.read(8188, 1)
	if !s.have[8191] || s.asked != tail {
		t.Errorf("the first read of the tail fetched %d blocks", s.asked)
	}
}

func TestLimitBoundsTheWindow(t *testing.T) {
	for limit := int64(2); limit <= 512; limit *= 2 {
		s := newSim(t, 8192)
		s.limit = limit
		for from := int64(0); from < 2000; from++ {
			s.read(from, 1)
			if ahead := s.asked - from - 1; ahead > max(limit, head-1) {
				t.Fatalf("limit %d: %d blocks ahead", limit, ahead)
			}
		}
		if s.longest > max(head, (limit+1)/2) {
			t.Errorf("limit %d: range of %d", limit, s.longest)
		}
	}
}

func TestNothingIsOfferedWithoutRoom(t *testing.T) {
	s := newSim(t, 8192)
	for from := range int64(100) {
		s.read(from, 1)
	}
	s.w.Read(Span{100, 130}, Coming)
	if span, ok := s.w.Next(plenty, 0); !ok {
		t.Fatal("nothing to fetch")
	} else if again, ok := s.w.Next(plenty, plenty-span.Len()); !ok || again != span {
		t.Errorf("%v, then %v", span, again)
	}
	if span, ok := s.w.Next(plenty, plenty); ok {
		t.Errorf("%v, with no room", span)
	}
}

func TestWhatWentMissingIsAskedForAgain(t *testing.T) {
	s := newSim(t, 8192)
	for from := range int64(200) {
		s.read(from, 1)
	}
	clear(s.have) // evicted, all of it
	s.asked = 0
	for from := int64(200); from < 210; from++ {
		s.read(from, 1)
	}
	if s.asked < maxWindow/2 {
		t.Errorf("only %d blocks fetched again", s.asked)
	}
}

func TestReadyReaderKeepsASmallWindow(t *testing.T) {
	// A reader slower than the network never finds a block missing: more
	// ahead would not make it quicker.
	w := New(8192)
	w.Read(Span{0, 1}, Missing)
	var most int64
	for i := int64(1); i < 500; i++ {
		w.Read(Span{i, i + 1}, Ready)
		for {
			span, ok := w.Next(plenty, 0)
			if !ok {
				break
			}
			most = max(most, span.To-i)
			w.Started(span)
		}
	}
	if most > 2*head {
		t.Errorf("%d blocks ahead", most)
	}
}

func TestDroppedIsWhatNobodyRead(t *testing.T) {
	for name, next := range map[string]func(i int64) int64{
		"random reads":   func(i int64) int64 { return 1000 + 1000*i },
		"another stream": func(i int64) int64 { return 100_000 + i },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, 1<<20)
			for from := range int64(50) {
				s.read(from, 1)
			}
			issued := s.w.streams[0].issued
			for i := range int64(forgotten + maxStreams) {
				_, dropped := s.w.Read(Span{next(i), next(i) + 1}, Missing)
				if dropped.Len() > 0 {
					if dropped != (Span{50, issued}) {
						t.Errorf("dropped %v, want [50, %d)", dropped, issued)
					}
					return
				}
			}
			t.Error("a stream that nobody reads is never dropped")
		})
	}
}
