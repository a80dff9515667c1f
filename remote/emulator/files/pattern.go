package files

import (
	"crypto/subtle"
	"encoding/binary"
	"hash/fnv"
	"io"
	"sync"
)

// Pattern is endless content that follows from a name alone: any range of it
// can be computed, so a file of any size needs no storage and every byte read
// through a mount can be checked. It is safe for concurrent use.
//
// All patterns are one stream of noise, each from its own place on. The stream
// is the exclusive or of two short tiles that repeat with periods without a
// common divisor, and so itself repeats only after their product, 16 GiB. To
// compute it costs a tenth of sending it.
type Pattern uint64

const (
	tileA  = 128 << 10 // both tiles fit into a core's second cache
	tileB  = tileA - 1
	period = tileA * tileB
)

type tiles struct{ a, b [tileA]byte }

// noise is made when the first file is read, and the same in every process.
var noise = sync.OnceValue(func() *tiles {
	t := new(tiles)
	for i := uint64(0); i < tileA; i += 8 {
		binary.LittleEndian.PutUint64(t.a[i:], mix(i))
		binary.LittleEndian.PutUint64(t.b[i:], mix(^i))
	}
	return t
})

// mix is splitmix64's output function: it turns numbers into noise, different
// ones into different noise.
func mix(z uint64) uint64 {
	z *= 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// NewPattern returns the content that belongs to name. Different names have
// different bytes everywhere but by chance, and so have different offsets of
// one.
func NewPattern(name string) Pattern {
	h := fnv.New64a()
	_, _ = io.WriteString(h, name) // a hash never fails
	return Pattern(mix(h.Sum64()) % period)
}

// ReadAt fills all of b: the content has no end.
func (p Pattern) ReadAt(b []byte, off int64) (int, error) {
	t := noise()
	n := len(b)
	at := (uint64(p) + uint64(off)) % period
	for len(b) > 0 {
		x, y := t.a[at%tileA:], t.b[at%tileB:tileB]
		done := subtle.XORBytes(b, x[:min(len(x), len(b))], y)
		b, at = b[done:], at+uint64(done)
	}
	return n, nil
}
