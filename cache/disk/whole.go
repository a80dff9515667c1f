package disk

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	// maxChecks files may wait to be looked at. One that finds no room is
	// looked at when it is opened again.
	maxChecks = 1024

	// calm is how long no block is written before a file is looked at: what
	// somebody waits for comes first.
	calm = 200 * time.Millisecond

	// settled is the age from which the times of a file tell all writes apart.
	// The kernel's clock for them may go in steps of 10 ms.
	settled = 50 * time.Millisecond
)

// Whole opens the data of f if all of it is there and was found right since
// the machine was started, for a reader that goes past the checks of [File.Read].
// The caller closes it. If it is not known to be, it returns nil, and a look at
// it is taken in the background.
//
// What is read through it is as good as any local file: a block that rots on
// the disk after it was checked is not noticed here, though mostly memory still
// has what was checked. A file that is dropped stays whole for whoever has it
// open, because files are only ever unlinked, never shortened; if somebody else
// shortens it, readers see its new end.
func (f *File) Whole() *Whole {
	opened := make(chan *Whole, 1) // what comes too late, the collector closes
	err := f.store.guard(func() error {
		data, err := f.whole()
		if err != nil {
			return err
		}
		w, err := newWhole(f.store, data)
		if err != nil {
			_ = data.Close() // it was only read
			return err
		}
		opened <- w
		return nil
	})
	switch {
	case err == nil:
		f.store.worked()
		return <-opened
	case errors.Is(err, errUnknown):
		f.Check()
	default:
		f.store.judge(err)
	}
	return nil
}

// errUnknown is a file that has no mark for the state it is in.
var errUnknown = errors.New("not known to be whole")

func (f *File) whole() (*os.File, error) {
	open, err := f.openApart(os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer open.table.Close()
	m := make([]byte, markSize)
	if _, err = open.table.ReadAt(m, f.tail()); err == nil {
		var now stamp
		var size int64
		if now, size, err = stampOf(open.data); err == nil && (size != f.size || !marked(m, f.id, boot(), now)) {
			err = errUnknown
		}
	}
	if errors.Is(err, io.EOF) {
		err = errUnknown
	}
	if err != nil {
		_ = open.data.Close() // it was only read
		return nil, err
	}
	if info, err := open.table.Stat(); err == nil {
		open.touched.Store(info.ModTime().Unix())
		f.touch(open)
	}
	return open.data, nil
}

// openApart opens the files of f for one use that may be long, and makes
// nothing.
func (f *File) openApart(flags int) (*files, error) {
	root := f.store.directory()
	if root == nil {
		return nil, fs.ErrNotExist
	}
	open, err := openPair(root, f.id.name(), flags)
	if err != nil {
		return nil, err
	}
	got := make([]byte, headerSize)
	if _, err := open.table.ReadAt(got, 0); err != nil || !bytes.Equal(got, header(f.id, f.store.cfg.BlockSize, f.size)) {
		open.close()
		return nil, errUnknown
	}
	return open, nil
}

// Check has a look taken at f in the background: if it is whole, and right,
// Whole opens it from then on.
func (f *File) Check() {
	select {
	case f.store.checks <- f:
	default:
	}
}

// check is the goroutine that looks whether files are whole.
func (s *Store) check() {
	for {
		select {
		case <-s.stop:
			return
		case f := <-s.checks:
			if s.calmDown() {
				s.judge(f.verify())
			}
		}
	}
}

// calmDown waits until nothing is written, and tells whether to go on.
func (s *Store) calmDown() bool {
	for {
		left := calm - time.Since(time.Unix(0, s.busy.Load()))
		if left <= 0 {
			return true
		}
		select {
		case <-s.stop:
			return false
		case <-time.After(left):
		}
	}
}

// verifyRun is how many blocks are read at once to check them.
const verifyRun = 8

// verify reads f from end to end, and marks it if it is whole and right and
// nobody wrote to it meanwhile.
func (f *File) verify() error {
	open, err := f.openApart(os.O_RDWR)
	if errors.Is(err, errUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	defer open.close()
	before, size, err := stampOf(open.data)
	if err != nil || size != f.size {
		return err
	}
	if time.Since(time.Unix(0, max(before.ctime, before.mtime))) < settled {
		select {
		case <-f.store.stop:
			return nil
		case <-time.After(settled):
		}
	}
	have := make([]byte, markSize)
	if _, err := open.table.ReadAt(have, f.tail()); err == nil && marked(have, f.id, boot(), before) {
		return nil // by us just now, or by another mount
	}
	blocks := (f.size + f.store.cfg.BlockSize - 1) / f.store.cfg.BlockSize
	if n, err := f.holes(open, blocks); err != nil || n > 0 {
		return err
	}
	buf := make([]byte, verifyRun*f.store.cfg.BlockSize)
	for i := int64(0); i < blocks; i += verifyRun {
		if !f.store.calmDown() {
			return nil
		}
		if err := f.verifyBlocks(open, i, min(verifyRun, blocks-i), buf); err != nil {
			return err
		}
	}
	if after, _, err := stampOf(open.data); err != nil || after != before {
		return err
	}
	_, err = open.table.WriteAt(mark(f.id, boot(), before), f.tail())
	return err
}

// holes counts the blocks of f that are not there, up to the first part of the
// table that has any.
func (f *File) holes(open *files, blocks int64) (n int64, err error) {
	const part = 8192 // 64 KiB of entries
	entries := make([]byte, min(part, blocks)*entrySize)
	for i := int64(0); i < blocks && n == 0; i += part {
		e := entries[:min(part, blocks-i)*entrySize]
		clear(e)
		if _, err := open.table.ReadAt(e, headerSize+i*entrySize); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		for ; len(e) > 0; e = e[entrySize:] {
			if !present(e) {
				n++
			}
		}
	}
	return n, nil
}

// verifyBlocks checks n blocks from i on.
func (f *File) verifyBlocks(open *files, i, n int64, buf []byte) error {
	entries := make([]byte, n*entrySize)
	if _, err := open.table.ReadAt(entries, headerSize+i*entrySize); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	size := f.store.cfg.BlockSize
	buf = buf[:min((i+n)*size, f.size)-i*size]
	if _, err := open.data.ReadAt(buf, i*size); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for k := range n {
		e := entries[k*entrySize : (k+1)*entrySize]
		if !present(e) {
			return fs.ErrNotExist
		}
		p := buf[k*size : min((k+1)*size, int64(len(buf)))]
		if !matches(f.id, i+k, p, e) {
			_, _ = open.table.WriteAt(make([]byte, entrySize), headerSize+(i+k)*entrySize)
			return errCorrupt
		}
	}
	return nil
}

// boot tells the times apart between which the machine was started. Where the
// kernel does not say, what another process has found is not believed.
var boot = sync.OnceValue(func() (id [16]byte) {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err == nil {
		var raw []byte
		raw, err = hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(string(text)), "-", ""))
		if err == nil && copy(id[:], raw) == len(id) {
			return id
		}
	}
	_, _ = rand.Read(id[:]) // it never fails
	return id
})
