package fs

import (
	"syscall"
	"testing"
)

func TestIdentity(t *testing.T) {
	const id = "00acd66e-2116-5078-9af7-354ba58a950d"
	file := identity(syscall.S_IFREG|0o644, id, "a/b", "")
	if file != identity(syscall.S_IFREG|0o644, id, "a/b", "") {
		t.Error("not the same twice")
	}
	// A number that was published is for ever: backups and databases keep it.
	if want := uint64(8414897964567770475); file.Ino != want {
		t.Errorf("inode number %d, and it was %d", file.Ino, want)
	}
	if file.Mode != syscall.S_IFREG {
		t.Errorf("mode %o", file.Mode)
	}
	if other := identity(syscall.S_IFREG, id, "a/b", "v2"); other.Ino != file.Ino || other.Gen == file.Gen {
		t.Errorf("another version: %+v, the first %+v", other, file)
	}
	for _, other := range [][2]string{{id, "a/c"}, {id, "a/b/"}, {id + "a", "/b"}, {"", id + "a/b"}} {
		o := identity(syscall.S_IFREG, other[0], other[1], "")
		if o.Ino == file.Ino || o.Gen == file.Gen {
			t.Errorf("%q has the identity of another", other)
		}
	}
}

func FuzzInodeNumber(f *testing.F) {
	f.Add("", "")
	f.Add("id", "path")
	f.Fuzz(func(t *testing.T, asset, path string) {
		if n := inodeNumber(asset, path); n < 16 || n >= 1<<63 {
			t.Errorf("%d is reserved", n)
		}
	})
}
