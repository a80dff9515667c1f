package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

var errCorrupt = errors.New("block fails its checksum")

// use calls do with the files of f as they are. Those that were closed at that
// very moment, to make room or to see what is really there, are opened again.
func (f *File) use(create bool, do func(open *files) error) error {
	for again := false; ; again = true {
		open, err := f.open(create)
		if err != nil {
			return err
		}
		if err = do(open); again || !errors.Is(err, os.ErrClosed) {
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

// writeBlock keeps p as block i.
func (f *File) writeBlock(open *files, i int64, p []byte) error {
	if _, err := open.data.WriteAt(p, i*f.store.cfg.BlockSize); err != nil {
		return err
	}
	_, err := open.table.WriteAt(entry(f.id, i, p), headerSize+i*entrySize)
	return err
}
