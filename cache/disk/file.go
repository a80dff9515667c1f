package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// File is the blocks of one file, on disk or not. It holds no resources.
type File struct {
	store *Store
	id    identity
	key   string
	size  int64
}

// File names a file by a key that stands for its bytes, for ever.
func (s *Store) File(key string, size int64) *File {
	return &File{store: s, id: identify(key, size), key: key, size: size}
}

// files are the data and the table of a File, open.
type files struct {
	data, table *os.File
	users       int          // guarded by Store.mu
	out         bool         // of Store.files, and closed by the last user; likewise
	touched     atomic.Int64 // when it was last noted on disk that they are wanted, in seconds
}

func (f *files) close() {
	// They are written with pwrite and nothing is buffered: closing them has
	// nothing to report.
	_ = f.data.Close()
	_ = f.table.Close()
}

const (
	dataName  = ".data"
	tableName = ".table"

	// touchEvery is how exact the order is in which files are dropped.
	touchEvery = time.Minute
)

// open returns the files of f, and makes them first if create is set. The
// caller releases them. It returns fs.ErrNotExist when they are not there or the
// disk is left alone.
func (f *File) open(create bool) (*files, error) {
	s := f.store
	root := s.directory()
	if root == nil {
		return nil, fs.ErrNotExist
	}
	name := f.id.name()
	s.mu.Lock()
	open, ok := s.files.Get(name)
	if ok {
		open.users++
	}
	s.mu.Unlock()
	if ok {
		return open, nil
	}
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE
	}
	open, err := f.openNew(root, name, flags)
	if errors.Is(err, errForeign) {
		// Not ours, or cut short: it goes, and the next write begins anew.
		s.drop(root, name)
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.unlock()
	if other, ok := s.files.Get(name); ok {
		s.closing = append(s.closing, open)
		other.users++
		return other, nil
	}
	open.users++
	s.files.Add(name, open)
	return open, nil
}

// release ends a use of open.
func (s *Store) release(open *files) {
	s.mu.Lock()
	defer s.unlock()
	if open.users--; open.users == 0 && open.out {
		s.closing = append(s.closing, open)
	}
}

// evicted is called when open is out of the list of open files, with mu held.
func (s *Store) evicted(_ string, open *files) {
	if open.out = true; open.users == 0 {
		s.closing = append(s.closing, open)
	}
}

func (f *File) openNew(root *os.Root, name string, flags int) (*files, error) {
	open, err := openPair(root, name, flags)
	if err != nil {
		return nil, err
	}
	if err := f.prepare(open); err != nil {
		open.close()
		return nil, err
	}
	return open, nil
}

// openPair opens the two files of one name: table and data.
func openPair(root *os.Root, name string, flags int) (*files, error) {
	table, err := openFile(root, name+tableName, flags)
	if err != nil {
		return nil, err
	}
	data, err := openFile(root, name+dataName, flags)
	if err != nil {
		_ = table.Close()
		return nil, err
	}
	return &files{data: data, table: table}, nil
}

// openFile opens a file that is regular, ours, and no link of any kind.
func openFile(root *os.Root, name string, flags int) (*os.File, error) {
	if info, err := root.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w, but a %v", name, errForeign, info.Mode().Type())
	}
	file, err := root.OpenFile(name, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	if err := ours(info, 0, 0o077); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%s: %w: %w", name, errForeign, err)
	}
	return file, nil
}

var errForeign = errors.New("not a file of this cache")

// prepare checks the table, gives a new one its header, and the data its size.
func (f *File) prepare(open *files) error {
	want := header(f.id, f.store.cfg.BlockSize, f.size)
	got := make([]byte, headerSize)
	switch n, err := open.table.ReadAt(got, 0); {
	case n == 0 && errors.Is(err, io.EOF):
		if _, err := open.table.WriteAt(want, 0); err != nil {
			return err
		}
		f.label(open.table)
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case string(got) != string(want):
		return errForeign
	}
	info, err := open.data.Stat()
	if err != nil {
		return err
	}
	if info.Size() != f.size {
		// Shorter: new, or cut by accident; longer: an accident as well. What
		// is missing fails its check.
		if err := open.data.Truncate(f.size); err != nil {
			return err
		}
	}
	return nil
}

// touch notes on disk that f is wanted, now and then: the time of its table
// is what all processes go by when space is short.
func (f *File) touch(open *files) {
	now := time.Now()
	last := open.touched.Load()
	if now.Unix()-last < int64(touchEvery/time.Second) || !open.touched.CompareAndSwap(last, now.Unix()) {
		return
	}
	if root := f.store.directory(); root != nil {
		// If it fails, the file is taken for less wanted than it is.
		_ = root.Chtimes(f.id.name()+tableName, now, now)
	}
}
