package window

import "testing"

// FuzzWindow makes any reads at all, in files of any length: every range lies
// in the file, is not longer than a chunk and respects the limit, and what is
// fetched unasked stays in proportion to what was read.
func FuzzWindow(f *testing.F) {
	f.Add(uint16(100), uint16(64), []byte{0, 0, 1, 1, 0, 1, 2, 0, 1})
	f.Add(uint16(8192), uint16(3), []byte("the quick brown fox jumps over the lazy dog"))
	f.Fuzz(func(t *testing.T, blocks, limit uint16, reads []byte) {
		if blocks == 0 {
			return
		}
		s := newSim(t, int64(blocks))
		s.limit = int64(limit)
		var read int64
		at := int64(0)
		for ; len(reads) >= 3; reads = reads[3:] {
			// Mostly near the last read, now and then anywhere.
			switch n := int64(int8(reads[0])); reads[1] % 4 {
			case 0:
				at += n
			case 1:
				at = n * 64
			}
			at = ((at % s.blocks) + s.blocks) % s.blocks
			n := min(int64(reads[2]%9)+1, s.blocks-at)
			ahead := s.read(at, n)
			if ahead > max(0, s.limit)*maxStreams {
				t.Fatalf("%d blocks ahead, limit %d", ahead, s.limit)
			}
			read += n
			at += n
			if most := (trust+1)*read + head + small; s.asked > most {
				t.Fatalf("%d blocks fetched for %d read", s.asked, read)
			}
			if n := len(s.w.streams); n > maxStreams {
				t.Fatalf("%d streams", n)
			}
		}
	})
}
