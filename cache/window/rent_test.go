package window

import (
	"math/rand/v2"
	"testing"
	"time"
)

const gigabyte = 8192 // blocks

// buyer is the cache around a Rent: random reads of 34 ms each, and a network
// of so many blocks a second.
type buyer struct {
	*Rent
	t    testing.TB
	have map[int64]bool
	rate float64
	miss int
}

func newBuyer(t testing.TB, blocks int64, rate float64) *buyer {
	return &buyer{NewRent(blocks), t, map[int64]bool{}, rate, 0}
}

func (b *buyer) read(at int64) {
	if b.have[at] {
		return
	}
	b.have[at] = true
	b.miss++
	b.Waited(Span{at, at + 1}, 34*time.Millisecond)
	for {
		span, ok := b.Next(plenty)
		if !ok {
			return
		}
		if span.From < 0 || span.To > b.blocks || span.Len() == 0 || span.Len() > MaxRange {
			b.t.Fatalf("%v of a file of %d blocks", span, b.blocks)
		}
		n := int64(0)
		for i := span.From; i < span.To; i++ {
			if !b.have[i] {
				b.have[i] = true
				n++
			}
		}
		b.Buy(n)
		b.Spent(time.Duration(float64(n) / b.rate * 1e9))
	}
}

func TestFewRandomReadsBuyNothing(t *testing.T) {
	for _, blocks := range []int64{100, gigabyte, 1000 * gigabyte} {
		b := newBuyer(t, blocks, bestRate)
		for i := range int64(patience) {
			b.read(i * blocks / patience)
		}
		if b.Bought() > 0 {
			t.Errorf("%d blocks bought of %d", b.Bought(), blocks)
		}
	}
}

func TestManyRandomReadsBuyHalfOfTheFileAndThenTheRest(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	b := newBuyer(t, gigabyte, bestRate)
	for range 300 {
		b.read(rng.Int64N(gigabyte))
	}
	if b.miss > 300*6/10 || b.Bought()+int64(b.miss) > 16*300 {
		t.Errorf("%d of 300 reads waited, and %d blocks were bought", b.miss, b.Bought())
	}
	for range 2700 {
		b.read(rng.Int64N(gigabyte))
	}
	if left := gigabyte - len(b.have); left > gigabyte/20 {
		t.Errorf("after 3000 reads %d blocks are not there", left)
	}
}

func TestNotMoreIsSpentThanWasWaited(t *testing.T) {
	for _, rate := range []float64{10, 100, 1000, 10_000} {
		rng := rand.New(rand.NewPCG(2, 2))
		b := newBuyer(t, gigabyte, rate)
		for range 1000 {
			b.read(rng.Int64N(gigabyte))
			one := time.Duration(MaxRange / rate * 1e9)
			if b.spent > b.waited+one {
				t.Fatalf("at %.0f blocks a second: waited %v, spent %v", rate, b.waited, b.spent)
			}
		}
		if b.Bought() == 0 {
			t.Errorf("at %.0f blocks a second nothing was bought", rate)
		}
	}
}

func TestLargeFileIsNotBoughtForAFewReads(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	b := newBuyer(t, 100*gigabyte, bestRate)
	for range 300 {
		b.read(rng.Int64N(100 * gigabyte))
	}
	if b.Bought() > 0 {
		t.Errorf("%d blocks, of which none would be hit", b.Bought())
	}
}

func TestNearestIsBoughtFirst(t *testing.T) {
	b := newBuyer(t, gigabyte, bestRate)
	b.Waited(Span{4000, 4001}, time.Minute)
	for i := range int64(patience) {
		b.Waited(Span{4000 + i, 4001 + i}, time.Second)
	}
	for k := range int64(20) {
		span, ok := b.Next(plenty)
		if !ok || abs(span.From-4000) > (k/2+2)*MaxRange {
			t.Fatalf("%v, %v", span, ok)
		}
	}
}

func TestWhatIsReturnedIsOfferedAgain(t *testing.T) {
	b := newBuyer(t, 10*MaxRange, bestRate)
	for i := range int64(patience + 1) {
		b.Waited(Span{i, i + 1}, time.Second)
	}
	first, _ := b.Next(plenty)
	b.Buy(first.Len())
	b.Return(first, first.Len())
	if again, ok := b.Next(plenty); !ok || again != first || b.Bought() != 0 {
		t.Errorf("%v, then %v; %d bought", first, again, b.Bought())
	}
	if span, ok := b.Next(0); ok {
		t.Errorf("%v, with no room", span)
	}
}

func FuzzRent(f *testing.F) {
	f.Add(uint32(8192), uint16(1000), []byte("random reads of all kinds, again and again and again"))
	f.Fuzz(func(t *testing.T, blocks uint32, rate uint16, reads []byte) {
		if blocks == 0 || rate == 0 || blocks > 1<<20 {
			return
		}
		b := newBuyer(t, int64(blocks), float64(rate))
		for i, r := range reads {
			b.read((int64(r)*1_000_003 + int64(i)*7919) % b.blocks)
			one := time.Duration(MaxRange / b.rate * 1e9)
			if b.spent > b.waited+one || b.Bought() > b.blocks {
				t.Fatalf("waited %v, spent %v on %d blocks of %d", b.waited, b.spent, b.Bought(), b.blocks)
			}
		}
	})
}
