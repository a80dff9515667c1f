package disk

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Whole is a file that is there from end to end, to be read past the checks of
// [File.Read]: see [File.Whole]. Its methods may be called from many goroutines
// at once, but Close last.
type Whole struct {
	store *Store
	data  *os.File
	raw   syscall.RawConn // of data
	far   bool            // see Network
}

func newWhole(s *Store, data *os.File) (*Whole, error) {
	raw, err := data.SyscallConn()
	if err != nil {
		return nil, err
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(data.Fd()), &fs); err != nil {
		return nil, os.NewSyscallError("statfs", err)
	}
	return &Whole{s, data, raw, Network(int64(fs.Type))}, nil
}

// Fd is the file for somebody who reads it without us, as the kernel does for
// the readers of a mount. It is not ok where that could wait for longer than any
// disk takes, and nothing would end it: for a server, or for another process.
func (w *Whole) Fd() (fd int, ok bool) { return int(w.data.Fd()), !w.far }

// Close ends the reading.
func (w *Whole) Close() { _ = w.data.Close() } // it was only read

// Read fills p with what is from off on, and tells whether it could. As for
// [File.Read], the disk is given only so long.
func (w *Whole) Read(p []byte, off int64) bool {
	if w.readCached(p, off) {
		return true
	}
	if w.store.directory() == nil {
		return false
	}
	read := make(chan *[]byte, 1)
	err := w.store.guard(func() error {
		buf, _ := wholeBuffers.Get().(*[]byte)
		if buf == nil || cap(*buf) < len(p) {
			b := make([]byte, len(p))
			buf = &b
		}
		n, err := w.data.ReadAt((*buf)[:len(p)], off)
		if n < len(p) && errors.Is(err, io.EOF) {
			return errGone // somebody shortened it
		}
		if n < len(p) {
			return err
		}
		read <- buf
		return nil
	})
	if !w.store.judge(err) {
		return false
	}
	buf := <-read
	copy(p, *buf)
	wholeBuffers.Put(buf)
	return true
}

// wholeBuffers are between the disk and who reads: a disk that hangs keeps what
// it was given, and the reader's own has to go back.
var wholeBuffers sync.Pool

// readCached is Read of what the kernel has in memory, for which nobody waits.
// Not all file systems can tell.
func (w *Whole) readCached(p []byte, off int64) bool {
	n, err := 0, error(nil)
	if failed := w.raw.Control(func(fd uintptr) {
		n, err = unix.Preadv2(int(fd), [][]byte{p}, off, unix.RWF_NOWAIT)
	}); failed != nil {
		return false
	}
	return err == nil && n == len(p)
}
