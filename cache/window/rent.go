package window

import "time"

// Rent decides when random reads of a file have become so many that the file is
// better fetched than asked for piece by piece. It is the skier's question,
// whether to rent or to buy, and has the skier's answer: what is fetched unasked
// may take as long as readers of the file have waited, and no longer. Whoever
// reads little gets little fetched, and who reads much has waited at most twice
// as long as one who knew it from the start.
//
// There is one for a file, whatever number of handles it has. It has no clock:
// times are told. Its zero value is not ready; use [NewRent].
type Rent struct {
	blocks int64
	reads  int64          // random ones that had to wait
	read   int64          // blocks of these
	waited time.Duration  // by them
	spent  time.Duration  // on what was fetched unasked
	bought int64          // blocks fetched unasked
	taken  map[int64]bool // stretches asked for, or looked at, by their number
	near   int64          // the stretch read last
	past   int64          // all that are nearer to it than this are taken
}

const (
	// patience is how many reads may be the look-ups of a program that wants
	// little: a header, an index, some records.
	patience = 20

	// bestRate is what the best network brings in a second, in blocks: 1 GiB.
	// Unless readers have waited for as long as a worthwhile part of the file
	// takes there, nothing is bought: a small part would seldom be hit. On a
	// slower network buying ends with what was waited.
	bestRate = 1 << 30 >> 17

	// worth is the part of a file, in sixty-fourths, that is bought at first:
	// every second read then finds its bytes, for half of the price.
	worth = 35

	// fond is how many blocks may be bought for one that was read, if that is
	// more: then the rest of the file is fetched too.
	fond = 9
)

// NewRent is for a file of so many blocks.
func NewRent(blocks int64) *Rent { return &Rent{blocks: blocks, taken: map[int64]bool{}} }

// Waited notes a random read, and for how long it waited.
func (r *Rent) Waited(span Span, d time.Duration) {
	r.reads++
	r.read += span.Len()
	r.waited += d
	r.near, r.past = span.From/MaxRange, 0
}

// Spent notes how long the network was busy with what was bought.
func (r *Rent) Spent(d time.Duration) { r.spent += d }

// Bought is how many blocks were.
func (r *Rent) Bought() int64 { return r.bought }

// Next is the next range to buy, if any may be now: the nearest to where reads
// are. It is offered once. held bounds how many blocks may be bought in all.
func (r *Rent) Next(held int64) (Span, bool) {
	part := r.blocks * worth / 64
	most := min(max(part, fond*r.read), held)
	price := time.Duration(float64(part) / bestRate * float64(time.Second))
	if r.reads <= patience || r.waited < price || r.spent >= r.waited || r.bought >= most {
		return Span{}, false
	}
	stretches := (r.blocks + MaxRange - 1) / MaxRange
	for ; r.past < stretches; r.past++ {
		for _, at := range [2]int64{r.near + r.past, r.near - r.past} {
			if at < 0 || at >= stretches || r.taken[at] {
				continue
			}
			r.taken[at] = true
			return Span{at * MaxRange, min((at+1)*MaxRange, r.blocks)}, true
		}
	}
	return Span{}, false
}

// Buy notes that n blocks of a range are being fetched.
func (r *Rent) Buy(n int64) { r.bought += n }

// Return notes that they are not, after all, and may be offered again.
func (r *Rent) Return(span Span, n int64) {
	r.bought -= n
	delete(r.taken, span.From/MaxRange)
	r.past = 0
}
