package disk

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
)

// A table is a header and an entry for each block.
//
// header: magic [8], block size uint64, file size uint64, identity [32],
// checksum of these uint32, zero uint32. All numbers are little endian.
//
// entry: checksum uint32, and its complement: a block of any bytes has an
// entry that is not zero, as those of blocks are that are not there, and an
// entry of which half was written is not valid.
const (
	magic      = "COblock1"
	headerSize = 64
	entrySize  = 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// identity is the hash of what names a file: keys are strings from far away,
// of any length and with any bytes, and never become paths.
type identity [sha256.Size]byte

func identify(key string, size int64) identity {
	return sha256.Sum256(fmt.Appendf(nil, "%d\x00%s", size, key))
}

func (id identity) name() string { return hex.EncodeToString(id[:]) }

// header is what the table of a file must begin with.
func header(id identity, blockSize, size int64) []byte {
	h := append(make([]byte, 0, headerSize), magic...)
	h = binary.LittleEndian.AppendUint64(h, uint64(blockSize))
	h = binary.LittleEndian.AppendUint64(h, uint64(size))
	h = append(h, id[:]...)
	h = binary.LittleEndian.AppendUint32(h, crc32.Checksum(h, castagnoli))
	return append(h, 0, 0, 0, 0)
}

// entry is that of block i of a file with the bytes p. The checksum begins
// with the identity and the index, so that a block in the wrong place fails.
func entry(id identity, i int64, p []byte) []byte {
	sum := crc32.Checksum(binary.LittleEndian.AppendUint64(id[:len(id):len(id)], uint64(i)), castagnoli)
	sum = crc32.Update(sum, castagnoli, p)
	e := binary.LittleEndian.AppendUint32(make([]byte, 0, entrySize), sum)
	return binary.LittleEndian.AppendUint32(e, ^sum)
}

// present tells whether e is the entry of a block that is there.
func present(e []byte) bool {
	return binary.LittleEndian.Uint32(e) == ^binary.LittleEndian.Uint32(e[4:])
}

// matches tells whether p are the bytes that e stands for.
func matches(id identity, i int64, p, e []byte) bool {
	return bytes.Equal(entry(id, i, p), e)
}
