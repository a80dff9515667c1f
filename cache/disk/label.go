package disk

import (
	"encoding/binary"
	"hash/crc32"
	"os"
)

// A label, behind the mark of a table, is the key of the file in plain: the
// names of files are hashes, and people may want to know what takes the space.
// Nothing is ever found by it.
//
// length uint32, checksum uint32, both little endian, key.
const (
	labelHead = 8
	labelMost = 16 << 10 // far longer than any key
)

// label writes the label into a new table. A table without one is as good.
func (f *File) label(table *os.File) {
	if len(f.key) > labelMost {
		return
	}
	_, _ = table.WriteAt(encodeLabel(f.key), f.tail()+markSize)
}

func encodeLabel(key string) []byte {
	l := binary.LittleEndian.AppendUint32(nil, uint32(len(key)))
	l = binary.LittleEndian.AppendUint32(l, crc32.Checksum([]byte(key), castagnoli))
	return append(l, key...)
}

// decodeLabel is the key in what begins with a label.
func decodeLabel(l []byte) (key string, ok bool) {
	if len(l) < labelHead {
		return "", false
	}
	n := binary.LittleEndian.Uint32(l)
	rest := l[labelHead:]
	if n > labelMost || int(n) > len(rest) || crc32.Checksum(rest[:n], castagnoli) != binary.LittleEndian.Uint32(l[4:]) {
		return "", false
	}
	return string(rest[:n]), true
}
