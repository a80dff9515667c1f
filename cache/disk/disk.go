// Package disk keeps blocks of files that never change in a directory, across
// restarts, for any number of processes at once.
//
// For each file there is a data file, sparse and of the file's own size, and a
// table with a checksum for each block. A block counts as there once its entry
// is in the table, which is written after the data; and every block is checked
// before it is used. So nothing needs to be locked or synced: a process killed
// between the two leaves a block that is not there, a power cut one that fails
// its check, and two processes that write the same block write the same bytes.
// A block that fails is fetched and written again.
//
// The checksums are against accidents. Against other users there are the modes
// of the directory (0700) and the files (0600), and their owner, which is
// checked; what is kept is the plain data of private files.
//
// A disk that fails never fails a reader. Its blocks are as if they were not
// there, and after some failures it is left alone and tried again each minute.
package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// folder is made inside the directory given, so that what is there besides
	// is never touched. The number is that of the format.
	folder = "blocks1"

	// maxOpen bounds the files kept open, two descriptors each: enough for
	// those being read at a time, and far from a limit of 1024.
	maxOpen = 128

	// maxFailures in a row and the disk is left alone for pause.
	maxFailures = 3
	pause       = time.Minute

	// closeTimeout bounds how long Close waits for a disk that hangs.
	closeTimeout = 5 * time.Second
)

// Config says where blocks are kept, and how many.
type Config struct {
	Dir       string       // made when missing; must belong to the caller
	Size      int64        // bound on the disk space taken, in bytes
	BlockSize int64        // in bytes
	Queue     int          // runs of blocks that may wait to be written
	Logger    *slog.Logger // hears when the disk fails and when it is back; nil is silence
}

// Store is one directory of blocks. Its methods may be called from many
// goroutines at once, and many stores may share a directory.
type Store struct {
	cfg     Config
	queue   chan job
	reads   chan struct{} // a token for each read of the disk under way
	stop    chan struct{} // closed to end the goroutines
	checks  chan *File    // files that may be whole, to be looked at
	values  chan value    // to be written
	running sync.WaitGroup
	busy    atomic.Int64 // when a write began last, in nanoseconds
	used    atomic.Int64 // bytes taken, as last counted and written since
	recent  atomic.Int64 // bytes written since space was last looked at

	mu       sync.Mutex // guards what follows; never held during I/O on blocks, nor on closing them
	root     *os.Root
	files    *simplelru.LRU[string, *files]
	closing  []*files     // by unlock
	shut     func(*files) // closes them; another in a test
	failures int          // in a row
	until    time.Time    // left alone until then; zero when it is not
	down     bool         // it was said that it is
	why      error        // the failure that had it left alone
}

// Open makes the directory ready. It fails when that is not possible, or when
// it belongs to somebody else.
func Open(cfg Config) (*Store, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	root, err := openRoot(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("cache directory: %w", err)
	}
	s := &Store{
		cfg: cfg, root: root, shut: (*files).close,
		queue:  make(chan job, cfg.Queue),
		reads:  make(chan struct{}, maxReads),
		stop:   make(chan struct{}),
		checks: make(chan *File, maxChecks),
		values: make(chan value, maxValues),
	}
	s.files, err = simplelru.NewLRU(maxOpen, s.evicted)
	if err != nil {
		return nil, err
	}
	s.running.Go(s.write)
	s.running.Go(s.check)
	s.running.Go(s.keepValues)
	return s, nil
}

// openRoot makes the folder and opens it, if it is ours alone.
func openRoot(dir string) (*os.Root, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	parent, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer parent.Close()
	if err := parent.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	info, err := parent.Lstat(folder)
	if err != nil {
		return nil, err
	}
	if err := ours(info, fs.ModeDir, 0o077); err != nil {
		return nil, fmt.Errorf("%s/%s: %w", dir, folder, err)
	}
	return parent.OpenRoot(folder)
}

// ours checks the kind, the owner and the mode of a file.
func ours(info fs.FileInfo, kind, forbidden fs.FileMode) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case info.Mode().Type() != kind:
		return errors.New("is not what it should be, but " + info.Mode().Type().String())
	case !ok || int(stat.Uid) != os.Geteuid():
		return errors.New("belongs to another user")
	case info.Mode()&forbidden != 0:
		return fmt.Errorf("is open to others (mode %v)", info.Mode().Perm())
	case kind == 0 && stat.Nlink > 1:
		return errors.New("has another name besides")
	}
	return nil
}

// Close stops writing. Blocks still in the queue are let go unwritten.
func (s *Store) Close() error {
	close(s.stop)
	stopped := make(chan struct{})
	go func() {
		s.running.Wait()
		s.mu.Lock()
		s.files.Purge()
		s.unlock()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-time.After(closeTimeout):
		return fmt.Errorf("cache directory %s: a write does not end", s.cfg.Dir)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.root.Close()
}

// unlock releases mu, and closes the files that went out of the list meanwhile:
// close(2) writes what the kernel still has of a file on NFS, and takes as long.
func (s *Store) unlock() {
	out, shut := s.closing, s.shut
	s.closing = nil
	s.mu.Unlock()
	for _, open := range out {
		shut(open)
	}
}

// Used is the disk space taken, in bytes, as last counted.
func (s *Store) Used() int64 { return s.used.Load() }

// directory returns the folder, or nil while the disk is left alone. After
// the pause it is opened anew, and made again if it is gone.
func (s *Store) directory() *os.Root {
	s.mu.Lock()
	if root := s.root; s.until.IsZero() || time.Now().Before(s.until) {
		defer s.mu.Unlock()
		if !s.until.IsZero() {
			return nil
		}
		return root
	}
	s.until = time.Now().Add(pause) // for the others meanwhile, and if this fails
	s.mu.Unlock()

	root, err := openRoot(s.cfg.Dir)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.unlock()
	s.files.Purge()
	_ = s.root.Close() // it was only read
	s.root, s.until, s.failures = root, time.Time{}, maxFailures-1
	return root
}

// failed notes that the disk failed. Space that is short counts at once: more
// tries would change nothing.
func (s *Store) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures++
	full := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
	if s.failures < maxFailures && !full || !s.until.IsZero() {
		return
	}
	s.until, s.why = time.Now().Add(pause), err
	if !s.down {
		s.down = true
		s.cfg.Logger.Warn("disk cache is left alone, and tried again each minute", "dir", s.cfg.Dir, "error", err)
	}
}

// Trouble is why the disk is left alone, or nil.
func (s *Store) Trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.until.IsZero() {
		return nil
	}
	return s.why
}

// worked notes that the disk did what was asked.
func (s *Store) worked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = 0
	if s.down && s.until.IsZero() {
		s.down = false
		s.cfg.Logger.Info("disk cache works again", "dir", s.cfg.Dir)
	}
}
