package remote

import (
	"encoding/binary"
	"errors"
	"time"
)

// A listing kept on disk has of each entry what the platform said. Names are
// made of that anew when it is read: how they are made may change.
//
// number of entries, then of each: flags, raw name, size, modified in unix
// nanoseconds if it has a time, ETag; then how many things were left out, and
// path and reason of each of the examples. Numbers are varints, and texts have
// their length in front.
const (
	keptDir  = 1 << 0 // a folder
	keptTime = 1 << 1 // has a time
)

// Encode gives the listing in a form that DecodeListing reads.
func (l *Listing) Encode() []byte {
	var b []byte
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = binary.AppendUvarint(b, uint64(len(l.entries)))
	for _, e := range l.entries {
		var flags byte
		if e.Dir {
			flags |= keptDir
		}
		if !e.Modified.IsZero() {
			flags |= keptTime
		}
		b = append(b, flags)
		text(e.Raw)
		b = binary.AppendVarint(b, e.Size)
		if flags&keptTime != 0 {
			b = binary.AppendVarint(b, e.Modified.UnixNano())
		}
		text(e.ETag)
	}
	b = binary.AppendUvarint(b, uint64(l.left))
	b = binary.AppendUvarint(b, uint64(len(l.hidden)))
	for _, h := range l.hidden {
		text(h.Path)
		text(h.Reason)
	}
	return b
}

var errNoListing = errors.New("not a listing")

// DecodeListing reads what Encode gave of the folder dir.
func DecodeListing(dir string, kept []byte) (*Listing, error) {
	r := keptReader{rest: string(kept)}
	n := r.count()
	entries := make([]Entry, 0, n)
	for range n {
		flags := r.byte()
		e := Entry{Raw: r.text(), Dir: flags&keptDir != 0, Size: r.varint()}
		if flags&keptTime != 0 {
			e.Modified = time.Unix(0, r.varint())
		}
		e.ETag = r.text()
		if r.failed {
			return nil, errNoListing
		}
		entries = append(entries, e)
	}
	left, examples := r.uvarint(), r.count()
	var hidden []Hidden
	for range examples {
		hidden = append(hidden, Hidden{r.text(), r.text()})
	}
	if r.failed || r.rest != "" || left < examples || left > 1<<40 {
		return nil, errNoListing
	}
	l := newListing(dir, entries)
	l.hidden, l.left = hidden, int(left)+l.left
	return l, nil
}

// keptReader takes values off a text; the first that is not there fails it.
type keptReader struct {
	rest   string
	failed bool
}

func (r *keptReader) take(n int) string {
	if r.failed || n > len(r.rest) || n < 0 {
		r.failed = true
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *keptReader) byte() byte {
	if s := r.take(1); s != "" {
		return s[0]
	}
	return 0
}

func (r *keptReader) uvarint() uint64 {
	v, n := binary.Uvarint([]byte(r.rest[:min(binary.MaxVarintLen64, len(r.rest))]))
	r.take(max(n, 0))
	r.failed = r.failed || n <= 0
	return v
}

func (r *keptReader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1) // as encoding/binary has it
}

// count reads how many things follow, each of a byte at least.
func (r *keptReader) count() uint64 {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.failed = true
		return 0
	}
	return n
}

func (r *keptReader) text() string { return r.take(int(min(r.uvarint(), 1<<31))) }
