package disk

import (
	"errors"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// MaxRun is the most blocks that one write may bring. At 4 MiB, and blocks of
// 128 KiB, larger ones are no faster.
const MaxRun = 32

const (
	// maxReads bounds the reads under way. A disk that hangs keeps as many
	// goroutines and buffers, and no more.
	maxReads = 256

	// patience is how long a read of one block may take: far longer than any
	// disk that works, and little against a network that is asked instead.
	patience = 500 * time.Millisecond
)

var (
	// errSlow is a read that took too long, and goes on.
	errSlow = errors.New("disk does not answer")
	// errBusy is one that was not begun: as many hang already.
	errBusy = errors.New("disk has not answered before")
)

// Read fills p, which has the length of block i, and tells whether the block
// was there and right. When lost is set the disk hangs with p, which belongs to
// it until it calls late, from another goroutine; which it may never do.
func (f *File) Read(i int64, p []byte, late func()) (ok, lost bool) {
	var left atomic.Bool // by the first of the two: the disk, or who waits for it
	err := f.store.guard(func() error {
		err := f.use(false, func(open *files) error { return f.readBlock(open, i, p) })
		if left.Swap(true) {
			late()
		}
		return err
	})
	ok = f.store.judge(err)
	return ok, errors.Is(err, errSlow) && !left.Swap(true)
}

// Absent counts the blocks from i on, at most n, that are not there: all of
// them when the disk does not say.
func (f *File) Absent(i, n int64) int64 {
	counted := make(chan int64, 1)
	err := f.store.guard(func() error {
		return f.use(false, func(open *files) error {
			k, err := f.absent(open, i, n)
			if err == nil {
				counted <- k
			}
			return err
		})
	})
	if !f.store.judge(err) {
		return n
	}
	return <-counted
}

// guard runs a read of the disk, and waits for it only so long.
func (s *Store) guard(read func() error) error { return s.guardFor(patience, read) }

func (s *Store) guardFor(patience time.Duration, read func() error) error {
	select {
	case s.reads <- struct{}{}:
	default:
		return errBusy
	}
	done := make(chan error, 1)
	go func() {
		err := read()
		<-s.reads
		done <- err
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case err := <-done:
		return err
	case <-late.C:
		return errSlow
	}
}

// judge tells whether err is none, and notes what it says about the disk.
func (s *Store) judge(err error) bool {
	switch {
	case err == nil:
		s.worked()
		return true
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errForeign), errors.Is(err, errGone), errors.Is(err, os.ErrClosed), errors.Is(err, unix.EFBIG):
		// Not there, or gone just now; or all of this is being closed; or it can
		// never be there, because the file system holds no file so large.
	case errors.Is(err, errCorrupt):
		s.cfg.Logger.Warn("disk cache: a block fails its checksum and is fetched again", "dir", s.cfg.Dir)
	default:
		s.failed(err)
	}
	return false
}

// job is a run of blocks to be written.
type job struct {
	file *File
	i    int64
	bufs [][]byte
	done func()
}

// Write queues bufs to be kept as the blocks from i on, at most [MaxRun], and
// calls done when they are not needed any more, from another goroutine. When
// the queue is full it does neither, and returns false: keeping is never waited
// for.
func (f *File) Write(i int64, bufs [][]byte, done func()) bool {
	select {
	case f.store.queue <- job{f, i, bufs, done}:
		return true
	default:
		return false
	}
}

// write is the goroutine that writes what is queued, and keeps to the bounds
// on space.
func (s *Store) write() {
	s.trim()
	for {
		select {
		case <-s.stop:
			s.discard()
			return
		case j := <-s.queue:
			s.busy.Store(time.Now().UnixNano())
			err := j.file.use(true, func(open *files) error { return j.file.writeRun(open, j.i, j.bufs) })
			n := int64(0)
			for _, p := range j.bufs {
				n += int64(len(p))
			}
			j.done()
			s.wrote(n, err)
		}
	}
}

// discard empties the queue.
func (s *Store) discard() {
	for {
		select {
		case j := <-s.queue:
			j.done()
		default:
			return
		}
	}
}

// wrote notes how the write of n bytes ended.
func (s *Store) wrote(n int64, err error) {
	switch {
	case err == nil:
		s.worked()
		if s.used.Add(n) > s.cfg.Size || s.recent.Add(n) > min(lookEvery, s.cfg.Size/4) {
			s.trim()
		}
	case errors.Is(err, errForeign), errors.Is(err, errGone), errors.Is(err, os.ErrClosed):
		// Dropped just now; the next write makes it anew.
	case errors.Is(err, unix.EFBIG):
		// This file is too large for the file system; others are not.
	case errors.Is(err, fs.ErrNotExist):
		// Either the disk is left alone, or the directory is gone.
		if s.directory() != nil {
			s.failed(err)
		}
	default:
		if errors.Is(err, unix.ENOSPC) {
			s.trim() // to leave the others what they need
		}
		s.failed(err)
	}
}
