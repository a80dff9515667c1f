package disk

import (
	"errors"
	"io"
	"io/fs"
)

var errCorrupt = errors.New("block fails its checksum")

// readBlock fills p with block i, if it is there and right.
func (f *File) readBlock(i int64, p []byte) error {
	open, err := f.open(false)
	if err != nil {
		return err
	}
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
func (f *File) absent(i, n int64) (int64, error) {
	open, err := f.open(false)
	if err != nil {
		return n, err
	}
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
func (f *File) writeBlock(i int64, p []byte) error {
	open, err := f.open(true)
	if err != nil {
		return err
	}
	if _, err := open.data.WriteAt(p, i*f.store.cfg.BlockSize); err != nil {
		return err
	}
	_, err = open.table.WriteAt(entry(f.id, i, p), headerSize+i*entrySize)
	return err
}
