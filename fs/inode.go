package fs

import (
	"crypto/sha256"
	"encoding/binary"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
)

// identity gives a node its inode number: a hash of the asset and the path in
// it, so that it is the same on every mount and every host.
//
// go-fuse takes nodes of equal StableAttr for one node, so a collision would
// serve one file's bytes as another's. A second, independent half of the hash
// is therefore in Gen; and because names come from other people, the hash is one
// for which nobody can make a collision.
//
// variant tells apart what has one inode number but must not be one node: the
// versions of a file that can change, and the places where one directory shows
// (the kernel allows a directory one place only).
func identity(mode uint32, asset, path, variant string) fusefs.StableAttr {
	return fusefs.StableAttr{
		Mode: mode & syscall.S_IFMT,
		Ino:  inodeNumber(asset, path),
		Gen:  hash64("gen", asset, path, variant),
	}
}

// inodeNumber is the number that stat shows. The lowest are the kernel's and
// go-fuse's own, and the highest bit is left to numbers that go-fuse makes up.
func inodeNumber(asset, path string) uint64 {
	const reservedBelow = 16
	n := hash64("ino", asset, path) &^ (1 << 63)
	if n < reservedBelow {
		n += reservedBelow
	}
	return n
}

func hash64(parts ...string) uint64 {
	b := make([]byte, 0, 256)
	for _, p := range parts {
		// The length in front keeps ("a", "bc") and ("ab", "c") apart.
		b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:8])
}
