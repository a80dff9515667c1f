package disk

import (
	"fmt"
	"testing"
	"time"
)

// TestSlowCloseIsNotWaitedFor reads from one file while a disk takes long to
// close another, as NFS does, which writes what is still to be written.
func TestSlowCloseIsNotWaitedFor(t *testing.T) {
	s := openStore(t, t.TempDir(), 1<<30)
	for i := range maxOpen {
		fill(t, s, fmt.Sprint(i))
	}
	if n := good(t, s, "0"); n != 11 {
		t.Fatalf("%d blocks", n)
	}
	closing, closed := make(chan struct{}, 1), make(chan struct{})
	s.mu.Lock()
	s.shut = func(open *files) {
		closing <- struct{}{}
		<-closed
		open.close()
	}
	s.mu.Unlock()
	defer func() { // for all that is closed at the end
		s.mu.Lock()
		defer s.mu.Unlock()
		s.shut = (*files).close
	}()
	defer close(closed)
	f := s.File("one more", fileSize)
	f.Write(0, [][]byte{content("one more", 0, blockSize)}, func() {}) // closes another
	<-closing
	began := time.Now()
	ok, _ := s.File("0", fileSize).Read(0, make([]byte, blockSize), func() {})
	if took := time.Since(began); !ok || took > patience {
		t.Errorf("a block was read (%v) in %v", ok, took)
	}
}
