package disk

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"syscall"
)

// A mark, behind the entries of a table, says that the data file was read from
// end to end since the machine was started, that every block was there and
// right, and what the file's times were then. As long as they are the same
// nobody has written to it.
//
// It is void after a restart: what was in memory then may not have reached the
// disk. Of what a disk loses by itself while the machine runs it knows nothing.
//
// magic [8], boot [16], device uint64, inode uint64, ctime int64, mtime int64,
// checksum of these and the identity uint32, zero uint32. Times are in
// nanoseconds, all numbers little endian.
const (
	markMagic = "COwhole1"
	markSize  = 64
)

// stamp is what tells one state of a data file from any other.
type stamp struct {
	device, inode uint64
	ctime, mtime  int64
}

// stampOf is the state of an open file, and its size.
func stampOf(f *os.File) (s stamp, size int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return stamp{}, 0, err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		s = stamp{uint64(stat.Dev), stat.Ino, stat.Ctim.Nano(), stat.Mtim.Nano()}
	}
	return s, info.Size(), nil
}

// mark encodes that a file was whole in a state.
func mark(id identity, boot [16]byte, s stamp) []byte {
	m := append(make([]byte, 0, markSize), markMagic...)
	m = append(m, boot[:]...)
	for _, v := range []uint64{s.device, s.inode, uint64(s.ctime), uint64(s.mtime)} {
		m = binary.LittleEndian.AppendUint64(m, v)
	}
	sum := crc32.Update(crc32.Checksum(id[:], castagnoli), castagnoli, m)
	m = binary.LittleEndian.AppendUint32(m, sum)
	return append(m, 0, 0, 0, 0)
}

// marked tells whether m is the mark of a file in that state.
func marked(m []byte, id identity, boot [16]byte, s stamp) bool {
	return bytes.Equal(m, mark(id, boot, s))
}

// tail is where the entries of f's table end, and the mark is.
func (f *File) tail() int64 {
	n := (f.size + f.store.cfg.BlockSize - 1) / f.store.cfg.BlockSize
	return headerSize + n*entrySize
}

// unmark takes back that f is whole. If that fails, so will the next look at
// the table.
func (f *File) unmark(open *files) {
	_, _ = open.table.WriteAt(make([]byte, markSize), f.tail())
}
