// Package warm fills the disk cache of a mount ahead, by reading files through
// it as anybody would.
package warm

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"codeoceanfs/fs/mountpoint"
)

const (
	// readSize is the largest request that a mount gets.
	readSize = 1 << 20

	// storeTime is how long the mount has to write a file to disk that was
	// read: it does that behind its readers.
	storeTime = 5 * time.Second
	storePoll = 50 * time.Millisecond

	// paceSize is how much of a file may be read that is not on disk yet, or
	// little more: what the mount has in memory of all files is on its way.
	paceSize = 16 << 20

	// passes over a file, at most: the second has little left to fetch.
	passes = 3
)

// Failure is a file or folder that is not on disk, and why.
type Failure struct {
	Path string
	Err  error
}

// Summary is what became of all.
type Summary struct {
	Files    int   // found
	Stored   int   // of them, those that were on disk before
	Bytes    int64 // read, of the others
	Took     time.Duration
	Failures []Failure
}

// State is how far it is, for those who wait.
type State struct {
	Listing bool // more is being found
	Files   int64
	Bytes   int64 // of all that was found
	Done    int64 // of these, on disk or failed
	Failed  int64
	Took    time.Duration
}

// Run reads all files at and below the paths, which are in a mount of ours, so
// many at a time, until all are on its disk. Files that are there already are
// not read. It calls tell now and then, and once at the end. The error is about
// what was asked for; what goes wrong with a file is in the summary.
func Run(ctx context.Context, paths []string, parallel int, tell func(State)) (Summary, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	w := &warmer{began: time.Now(), stop: stop}
	paths = slices.Clone(paths)
	for i, path := range paths {
		real, err := filepath.EvalSymlinks(path) // the links of a search, for example
		if err != nil {
			return Summary{}, err
		}
		if real, err = filepath.Abs(real); err != nil {
			return Summary{}, err
		}
		if _, err := mountpoint.Of(real); err != nil {
			return Summary{}, err
		}
		paths[i] = real
	}
	told := make(chan struct{})
	over := make(chan struct{})
	go func() {
		defer close(told)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				tell(w.state())
			case <-over:
				return
			}
		}
	}()
	err := w.all(ctx, paths, parallel)
	close(over)
	<-told
	tell(w.state())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.summary.Files, w.summary.Bytes, w.summary.Took = int(w.files.Load()), w.read.Load(), time.Since(w.began)
	return w.summary, err
}

type warmer struct {
	began                            time.Time
	stop                             context.CancelCauseFunc // for what is so of all files
	listed                           atomic.Bool
	files, bytes, done, failed, read atomic.Int64

	mu      sync.Mutex // guards summary
	summary Summary
}

func (w *warmer) state() State {
	return State{
		Listing: !w.listed.Load(), Files: w.files.Load(), Bytes: w.bytes.Load(),
		Done: w.done.Load(), Failed: w.failed.Load(), Took: time.Since(w.began),
	}
}

// all reads files while it finds more.
func (w *warmer) all(ctx context.Context, paths []string, parallel int) error {
	var g errgroup.Group
	g.SetLimit(parallel + 1)
	found := make(chan string, 10_000)
	g.Go(func() error {
		defer close(found)
		defer w.listed.Store(true)
		for _, path := range paths {
			if err := w.walk(ctx, path, found); err != nil {
				return err
			}
		}
		return nil
	})
	for range parallel {
		g.Go(func() error {
			for path := range found {
				if ctx.Err() == nil {
					w.one(ctx, path)
				}
			}
			return nil
		})
	}
	return errors.Join(g.Wait(), context.Cause(ctx))
}

// walk finds the files below path. What the mount says of itself, and makes
// people wait for, is not among them.
func (w *warmer) walk(ctx context.Context, path string, found chan<- string) error {
	point, err := mountpoint.Of(path)
	if err != nil {
		return err
	}
	return filepath.WalkDir(path, func(at string, d iofs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return iofs.SkipAll
		case err != nil:
			w.fail(at, err)
			return nil
		case d.IsDir() && at == filepath.Join(point, "control"):
			return iofs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			w.fail(at, err)
			return nil
		}
		w.files.Add(1)
		w.bytes.Add(info.Size())
		select {
		case found <- at:
		case <-ctx.Done():
		}
		return nil
	})
}

func (w *warmer) fail(path string, err error) {
	var inPath *iofs.PathError
	if errors.As(err, &inPath) {
		err = inPath.Err // the path is said already
	}
	w.failed.Add(1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.summary.Failures = append(w.summary.Failures, Failure{path, err})
}

// one has a file on disk.
func (w *warmer) one(ctx context.Context, path string) {
	// Past the kernel's pages: what it has of the file it would not ask the mount
	// for. And by this the mount knows that it need not guess what is read next.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECT, 0)
	if err != nil {
		w.fail(path, err)
		return
	}
	defer f.Close()
	size := int64(0)
	if info, err := f.Stat(); err == nil {
		size = info.Size()
	}
	defer func() { w.done.Add(size) }()
	n, err := stored(f)
	switch {
	case errors.Is(err, unix.ENODATA):
		w.bytes.Add(-size) // not a file of an asset: its record
		w.files.Add(-1)
		size = 0
		return
	case err == nil && n == size:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.summary.Stored++
		return
	case err == nil:
		err = w.fetch(ctx, f, size)
	}
	switch {
	case errors.Is(err, errNoCache), errors.Is(err, errFull), errors.Is(err, errDown):
		w.stop(err)
	case err != nil && ctx.Err() == nil:
		w.fail(path, err)
	}
}

var (
	errNoCache   = errors.New("this mount keeps nothing on disk: it was made with --cache-size 0, as the demo is")
	errFull      = errors.New("the disk of this mount's cache is full: make room there, or mount with another --cache-dir")
	errDown      = errors.New("the disk of this mount's cache fails: why is in control/status.json, as disk_trouble")
	errNotStored = errors.New("read, and not kept on disk: the cache may be too small for it, or the disk full (see --cache-size)")
)

// fetch reads f until the mount has it on disk. A mount that reads faster than
// its disk writes keeps what it can, and gets no more than a few chances.
func (w *warmer) fetch(ctx context.Context, f *os.File, size int64) (err error) {
	for range passes {
		if err = w.pass(ctx, f, size); !errors.Is(err, errNotStored) {
			break
		}
	}
	return err
}

// pass reads f once, not faster than the disk takes it.
func (w *warmer) pass(ctx context.Context, f *os.File, size int64) error {
	buf := make([]byte, readSize)
	for off := int64(0); ; {
		n, err := f.ReadAt(buf, off)
		off += int64(n)
		w.read.Add(int64(n))
		switch {
		case errors.Is(err, io.EOF):
			return wait(ctx, f, size)
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case off%paceSize == 0:
			// That it takes too long is no reason to stop here.
			if err := wait(ctx, f, off-paceSize); err != nil && !errors.Is(err, errNotStored) {
				return err
			}
		}
	}
}

// wait waits until so much of f is on disk.
func wait(ctx context.Context, f *os.File, size int64) error {
	for end := time.Now().Add(storeTime); ; {
		n, err := stored(f)
		switch {
		case err != nil:
			return err
		case n >= size:
			return nil
		case time.Now().After(end):
			return fmt.Errorf("%d of %d bytes: %w", n, size, errNotStored)
		}
		select {
		case <-time.After(storePoll):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// stored is how many bytes of f the mount has on disk. The error is ENODATA for
// a file that is not of an asset.
func stored(f *os.File) (int64, error) {
	var buf [32]byte
	n, err := unix.Fgetxattr(int(f.Fd()), "user.codeocean.stored", buf[:])
	switch {
	case errors.Is(err, unix.ENOSPC):
		return 0, errFull
	case errors.Is(err, unix.ENOMEDIUM):
		return 0, errDown
	case errors.Is(err, unix.EIO):
		return 0, nil // the disk does not say: it is asked again
	case err != nil:
		return 0, err
	}
	if n == 0 {
		return 0, errNoCache
	}
	return strconv.ParseInt(string(buf[:n]), 10, 64)
}
