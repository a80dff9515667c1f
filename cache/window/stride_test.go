package window

import (
	"math/rand/v2"
	"testing"
)

// TestStrides reads at equal distances in all the ways that programs do, and
// counts the reads that have to wait.
func TestStrides(t *testing.T) {
	const blocks, reads = 1 << 16, 100
	for name, c := range map[string]struct {
		at       func(i int64) int64 // where read i begins, in bytes
		n        int64               // how many bytes it reads
		requests int64               // in how many requests it comes
		late     int                 // reads that may find something missing
	}{
		"backwards by blocks":                   {func(i int64) int64 { return 1<<30 - i<<17 }, 1 << 17, 1, 4},
		"backwards by megabytes":                {func(i int64) int64 { return 1<<30 - i<<20 }, 1 << 20, 1, 4},
		"backwards by 4 megabytes":              {func(i int64) int64 { return 1<<30 - i<<22 }, 1 << 22, 4, 5},
		"backwards by megabytes, beside blocks": {func(i int64) int64 { return 1<<30 + 777 - i<<20 }, 1 << 20, 1, 4},
		"onwards, few bytes":                    {func(i int64) int64 { return 1<<29 + i*5<<20 }, 100, 1, 4},
		"onwards, beside blocks":                {func(i int64) int64 { return 1<<29 + i*1_000_003 }, 5000, 1, 15},
		"backwards, beside blocks":              {func(i int64) int64 { return 1<<30 - i*3_333_333 }, 200_000, 1, 6},
		"onwards, in many requests":             {func(i int64) int64 { return i * 64 << 20 }, 3 << 20, 24, 6},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, blocks)
			late := 0
			var used int64
			for i := range int64(reads) {
				from, to := c.at(i)>>17, (c.at(i)+c.n-1)>>17+1
				if !s.hasAll(from, to) {
					late++
				}
				used += to - from
				for step := (to - from + c.requests - 1) / c.requests; from < to; from += step {
					s.read(from, min(step, to-from))
				}
			}
			if late > c.late {
				t.Errorf("%d of %d reads were late", late, reads)
			}
			if s.asked > used*5/2 {
				t.Errorf("%d blocks fetched for %d read", s.asked, used)
			}
		})
	}
}

func (s *sim) hasAll(from, to int64) bool {
	for ; from < to; from++ {
		if !s.have[from] {
			return false
		}
	}
	return true
}

func TestStrideIsTakenForOneOnlyAfterAWhile(t *testing.T) {
	s := newSim(t, 8192)
	for i := range int64(regular) {
		if ahead := s.read(1000*(i+1), 1); ahead > 0 {
			t.Errorf("%d blocks ahead of read %d", ahead, i)
		}
	}
}

func TestStepsMayBeLeftOutOrComeLate(t *testing.T) {
	s := newSim(t, 1<<16)
	for i := range int64(10) {
		s.read(1000*(i+1), 1)
	}
	for _, i := range []int64{12, 11, 13, 16, 15, 17, 14, 18, 19} {
		if !s.have[1000*i] {
			t.Errorf("step %d was not there", i)
		}
		s.read(1000*i, 1)
	}
}

func TestStrideThatEndsIsDropped(t *testing.T) {
	s := newSim(t, 1<<16)
	for i := range int64(10) {
		s.read(1000*(i+1), 1)
	}
	_, dropped := s.w.Read(Span{60_000, 60_001}, Missing)
	if dropped.From > 11_000 || dropped.To <= 11_000 {
		t.Errorf("dropped %v", dropped)
	}
	if span, ok := s.w.Next(plenty, 0); ok {
		t.Errorf("%v is still wanted", span)
	}
}

func TestStrideStaysInTheFileAndTheLimit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		blocks := 1 + rng.Int64N(3000)
		s := newSim(t, blocks)
		s.limit = rng.Int64N(40)
		at, step, n := rng.Int64N(blocks), rng.Int64N(401)-200, 1+rng.Int64N(20)
		for range 30 {
			if at += step; at < 0 || at >= blocks {
				break
			}
			s.read(at, min(n, blocks-at))
		}
	}
}
