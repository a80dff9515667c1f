package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

var errCorrupt = errors.New("block fails its checksum")

// errGone are files that somebody has deleted since they were opened.
var errGone = errors.New("deleted while it was open")

// use calls do with the files of f as they are. Those that turn out to be gone
// are opened, or made, again.
func (f *File) use(create bool, do func(open *files) error) error {
	for again := false; ; again = true {
		open, err := f.open(create)
		if err != nil {
			return err
		}
		err = do(open)
		f.store.release(open)
		if again || !errors.Is(err, errGone) {
			return err
		}
	}
}

// readBlock fills p with block i, if it is there and right.
func (f *File) readBlock(open *files, i int64, p []byte) error {
	f.touch(open)
	e, at := make([]byte, entrySize), headerSize+i*entrySize
	if _, err := open.table.ReadAt(e, at); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !present(e) {
		return fs.ErrNotExist
	}
	if _, err := open.data.ReadAt(p, i*f.store.cfg.BlockSize); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !matches(f.id, i, p, e) {
		// Fetched again, it will be written again. The entry goes at once, so
		// that nobody else reads the block in vain.
		_, _ = open.table.WriteAt(make([]byte, entrySize), at)
		f.unmark(open)
		return errCorrupt
	}
	return nil
}

// absent counts the blocks from i on, at most n, that are not there.
func (f *File) absent(open *files, i, n int64) (int64, error) {
	entries := make([]byte, n*entrySize)
	if _, err := open.table.ReadAt(entries, headerSize+i*entrySize); err != nil && !errors.Is(err, io.EOF) {
		return n, err
	}
	for k := range n {
		if present(entries[k*entrySize:]) {
			return k, nil
		}
	}
	return n, nil
}

// writeRun keeps bufs as the blocks from i on: all of the data in one call and
// then all entries in one. Large writes cost the kernel a fraction of what the
// same bytes do in blocks.
func (f *File) writeRun(open *files, i int64, bufs [][]byte) error {
	if err := f.linked(open); err != nil {
		return err
	}
	if err := pwritev(open.data, bufs, i*f.store.cfg.BlockSize); err != nil {
		return err
	}
	entries := make([]byte, 0, len(bufs)*entrySize)
	for k, p := range bufs {
		entries = append(entries, entry(f.id, i+int64(k), p)...)
	}
	_, err := open.table.WriteAt(entries, headerSize+i*entrySize)
	return err
}

// linked refuses files that somebody has deleted since they were opened: what
// is written to them is lost when they are closed, and takes space until then.
func (f *File) linked(open *files) error {
	for _, file := range []*os.File{open.table, open.data} {
		info, err := file.Stat()
		if err != nil {
			return err
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Nlink == 0 {
			f.store.forget(f.id.name(), open)
			return errGone
		}
	}
	return nil
}

// pwritev writes all of bufs, one after the other, from off on.
func pwritev(to *os.File, bufs [][]byte, off int64) error {
	raw, err := to.SyscallConn()
	if err != nil {
		return err
	}
	size := 0
	for _, p := range bufs {
		size += len(p)
	}
	var failed error
	err = raw.Write(func(fd uintptr) bool {
		// To take the space of the whole run at once spares ext4 to reserve it
		// for each page, which costs several times as much as the copying. A
		// file system that cannot is none the worse.
		_ = unix.Fallocate(int(fd), unix.FALLOC_FL_KEEP_SIZE, off, int64(size))
		for len(bufs) > 0 && failed == nil {
			var n int
			n, failed = unix.Pwritev(int(fd), bufs, off)
			switch {
			case errors.Is(failed, unix.EINTR):
				failed = nil
			case failed == nil && n == 0:
				failed = io.ErrShortWrite
			}
			off += int64(max(n, 0))
			bufs = after(bufs, max(n, 0))
		}
		return true
	})
	return errors.Join(err, failed)
}

// after is what is left of bufs behind their first n bytes.
func after(bufs [][]byte, n int) [][]byte {
	for len(bufs) > 0 && n >= len(bufs[0]) {
		n -= len(bufs[0])
		bufs = bufs[1:]
	}
	if n > 0 {
		rest := append([][]byte{bufs[0][n:]}, bufs[1:]...)
		return rest
	}
	return bufs
}
