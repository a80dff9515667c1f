package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Directory is a directory of blocks, for somebody who looks at it or clears
// it, and does not use it. Stores may use it all the while.
type Directory struct{ root *os.Root }

// Look opens the directory that a [Store] of dir has made. It makes nothing:
// the error is fs.ErrNotExist where there is none.
func Look(dir string) (*Directory, error) {
	name := filepath.Join(dir, folder)
	info, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if err := ours(info, fs.ModeDir, 0o077); err != nil {
		return nil, fmt.Errorf("%s %w", name, err)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return &Directory{root}, nil
}

// Close ends the look.
func (d *Directory) Close() error { return d.root.Close() }

// Held is one file of which blocks are on disk.
type Held struct {
	Key   string    // that it was written under; empty when that cannot be read
	Size  int64     // of the file, in bytes
	There int64     // of these, how many are on disk, checked or not
	Taken int64     // disk space, in bytes
	Used  time.Time // last, to within a minute
}

// Files gives what is held of each file, in no order, and how many values there
// are beside them, with the space that they take.
func (d *Directory) Files() (files []Held, values int, taken int64, err error) {
	all, _, err := count(d.root)
	if err != nil {
		return nil, 0, 0, err
	}
	for _, k := range all {
		if k.value {
			values++
			taken += k.taken
			continue
		}
		h := Held{Taken: k.taken, Used: k.last}
		// One that cannot be read takes its space all the same.
		_ = d.read(k.name, &h)
		files = append(files, h)
	}
	return files, values, taken, nil
}

// read fills in what the table of a file says.
func (d *Directory) read(name string, h *Held) error {
	table, err := openFile(d.root, name+tableName, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer table.Close()
	head := make([]byte, headerSize)
	if _, err := table.ReadAt(head, 0); err != nil {
		return err
	}
	blockSize, size, ok := parseHeader(head)
	if !ok {
		return errForeign
	}
	blocks := (size + blockSize - 1) / blockSize
	rest := make([]byte, blocks*entrySize+markSize+labelHead+labelMost)
	n, err := table.ReadAt(rest, headerSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	rest = rest[:n]
	h.Size = size
	for i := int64(0); i < blocks && int64(len(rest)) >= (i+1)*entrySize; i++ {
		if present(rest[i*entrySize:]) {
			h.There += min(blockSize, size-i*blockSize)
		}
	}
	if at := blocks*entrySize + markSize; int64(len(rest)) > at {
		h.Key, _ = decodeLabel(rest[at:])
	}
	return nil
}

// largest is a bound on the size of a file, 1 PiB: a header that says more is
// damaged.
const largest = 1 << 50

// parseHeader reads what a table says of itself.
func parseHeader(h []byte) (blockSize, size int64, ok bool) {
	blockSize = int64(binary.LittleEndian.Uint64(h[8:]))
	size = int64(binary.LittleEndian.Uint64(h[16:]))
	sum := binary.LittleEndian.Uint32(h[56:])
	ok = string(h[:8]) == magic && blockSize > 0 && size >= 0 && size < largest && crc32.Checksum(h[:56], castagnoli) == sum
	return blockSize, size, ok
}

// Value gives what is kept under key, if it is there and right.
func (d *Directory) Value(key string) ([]byte, bool) {
	v, err := readValue(d.root, valueID(key))
	return v, err == nil
}

// Clear removes all that is there, and returns how many files and values that
// were, and the space they took, in bytes. A file that somebody reads is read
// to its end, and keeps its space for as long.
func (d *Directory) Clear() (n int, freed int64, err error) {
	all, freed, err := count(d.root)
	if err != nil {
		return 0, 0, err
	}
	var errs []error
	for _, k := range all {
		for _, suffix := range []string{tableName, dataName, valueName, ""} {
			if err := d.root.Remove(k.name + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return len(all), freed, errors.Join(errs...)
}

// There counts the bytes of f that are on disk, and tells for each block
// whether it is one of them. ok is false when the disk does not say.
func (f *File) There() (n int64, blocks []bool, ok bool) {
	type answer struct {
		n      int64
		blocks []bool
	}
	counted := make(chan answer, 1)
	err := f.store.guard(func() error {
		return f.use(false, func(open *files) error {
			size := f.store.cfg.BlockSize
			a := answer{blocks: make([]bool, (f.size+size-1)/size)}
			entries := make([]byte, len(a.blocks)*entrySize)
			if _, err := open.table.ReadAt(entries, headerSize); err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			if err := f.linked(open); err != nil {
				return err
			}
			for i := range a.blocks {
				if a.blocks[i] = present(entries[i*entrySize:]); a.blocks[i] {
					a.n += min(size, f.size-int64(i)*size)
				}
			}
			counted <- a
			return nil
		})
	})
	if errors.Is(err, fs.ErrNotExist) && f.store.directory() != nil {
		return 0, make([]bool, (f.size+f.store.cfg.BlockSize-1)/f.store.cfg.BlockSize), true
	}
	if !f.store.judge(err) {
		return 0, nil, false
	}
	a := <-counted
	return a.n, a.blocks, true
}
