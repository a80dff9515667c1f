// Package files is where the emulator's bytes come from: trees of files that
// lie on disk, in memory, or nowhere at all because they are generated.
//
// A [Tree] is what an S3 bucket is, a set of keys in byte order, and so it
// also serves as the folders of an internal asset. Trees are read-only, safe
// for concurrent use, and cheap to ask: no call reads more than the folder,
// or the page, that it was asked for.
package files

import (
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"io"
	"time"
)

// File is one file of a tree.
type File struct {
	// Key is the whole path, slash separated, as the tree knows it.
	Key      string
	Size     int64
	Modified time.Time
	// ETag is quoted, as HTTP wants it. Equal ETags of one key mean equal bytes.
	// An imitation of S3 may have none.
	ETag string
	// Storage is the storage class, "" for the standard one.
	Storage string

	open func() (Content, error)
}

// Content is an open file. A content that is an *os.File goes to the network
// without passing through user space.
type Content interface {
	io.ReaderAt
	io.Closer
}

// Open opens the file's bytes; the caller closes them.
func (f File) Open() (Content, error) { return f.open() }

// Item is one line of a listing: a file, or with Prefix true a common prefix
// that ends in the delimiter and stands for everything below it.
type Item struct {
	File
	Prefix bool
}

// Tree is a set of files.
type Tree interface {
	// Walk yields in byte order what S3 would list: the files whose key has
	// the prefix, those that share a next delimiter ("" for none) folded into
	// one common prefix, and of all these the ones greater than after. It
	// stops early when yield answers false.
	Walk(prefix, delimiter, after string, yield func(Item) bool) error
	// Stat finds one file by its exact key, or fs.ErrNotExist.
	Stat(key string) (File, error)
}

// etag names one version of a file, by what tells versions of it apart. It has
// S3's form for uploads in parts, so that no client takes it for the MD5 of the
// bytes.
func etag(texts []string, numbers ...int64) string {
	h := fnv.New64a()
	for _, t := range texts {
		_, _ = io.WriteString(h, t) // a hash never fails
		_, _ = h.Write([]byte{0})
	}
	sum := h.Sum64()
	for _, n := range numbers {
		sum = mix(sum ^ uint64(n))
	}
	b := make([]byte, 0, 40)
	b = append(b, '"')
	b = hex.AppendEncode(b, binary.LittleEndian.AppendUint64(nil, sum))
	b = hex.AppendEncode(b, binary.LittleEndian.AppendUint64(nil, mix(sum)))
	return string(append(b, `-1"`...))
}
