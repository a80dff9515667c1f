package disk

import (
	"testing"
)

// TestFileTooLargeForTheDisk keeps, or not, a file that the file system cannot
// hold: others are kept all the same.
func TestFileTooLargeForTheDisk(t *testing.T) {
	s := openStore(t, t.TempDir(), 1<<30)
	f := s.File("huge", 1<<62)
	done := make(chan struct{})
	for i := range int64(maxFailures) {
		if !f.Write(i, [][]byte{make([]byte, blockSize)}, func() { close(done) }) {
			t.Fatal("the queue is full")
		}
		<-done
		done = make(chan struct{})
		if ok, _ := f.Read(i, make([]byte, blockSize), func() {}); ok {
			t.Error("it is there")
		}
	}
	fill(t, s, "a")
	if n := good(t, s, "a"); n != 11 {
		t.Errorf("%d blocks of another file", n)
	}
}
