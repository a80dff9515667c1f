package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// measured is what a reader of the benchmarks tells of itself.
type measured struct {
	Seconds float64 // from its first call to its last
	CPU     float64 // seconds, of the reader
	Bytes   int64   // read
	Count   int64   // files or reads
}

// usedCPU is in seconds; who is unix.RUSAGE_SELF or RUSAGE_CHILDREN.
func usedCPU(who int) float64 {
	var u unix.Rusage
	if err := unix.Getrusage(who, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// printMeasured prints what a reader did that began then.
func printMeasured(began time.Time, who int, bytes, count int64) error {
	return json.NewEncoder(os.Stdout).Encode(measured{time.Since(began).Seconds(), usedCPU(who), bytes, count})
}

// timed PROGRAM ARGS... runs a program; what it prints is lost.
func timed(args []string) error {
	began := time.Now()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	return printMeasured(began, unix.RUSAGE_CHILDREN, 0, 1)
}

// readTo LIMIT FILE... reads all files at once, each from its start to LIMIT.
func readTo(args []string) error {
	limit, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return err
	}
	var total atomic.Int64
	var g errgroup.Group
	began := time.Now()
	for _, path := range args[1:] {
		g.Go(func() error {
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			buf := make([]byte, 1<<20)
			for done := int64(0); done < limit; {
				n, err := f.Read(buf[:min(int64(len(buf)), limit-done)])
				total.Add(int64(n))
				done += int64(n)
				if errors.Is(err, io.EOF) {
					return nil
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return printMeasured(began, unix.RUSAGE_SELF, total.Load(), int64(len(args)-1))
}

// first-bytes FILE... reads one byte of each, one after the other.
func firstBytes(args []string) error {
	began := time.Now()
	for _, path := range args {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		_, err = f.Read(make([]byte, 1))
		f.Close()
		if err != nil {
			return err
		}
	}
	return printMeasured(began, unix.RUSAGE_SELF, int64(len(args)), int64(len(args)))
}

// part is a piece of a file.
type part struct {
	path   string
	off, n int64
}

// scattered are count pieces of a file, of least to most bytes, at places that
// are whole pages, as most libraries read.
func scattered(path string, size int64, seed uint64, count int, least, most int64) []part {
	const page = 4096
	rnd := rand.New(rand.NewPCG(seed, 5))
	parts := make([]part, count)
	for i := range parts {
		n := least + rnd.Int64N(most-least+1)
		parts[i] = part{path, rnd.Int64N((size-n)/page) * page, n}
	}
	return parts
}

// scatter FILE SEED COUNT LEAST MOST THREADS reads such pieces on one handle.
func scatter(args []string) error {
	var seed uint64
	var count, threads int
	var least, most int64
	for i, to := range []any{&seed, &count, &least, &most, &threads} {
		if _, err := fmt.Sscan(args[i+1], to); err != nil {
			return err
		}
	}
	f, size, err := openSized(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	parts := scattered(args[0], size, seed, count, least, most)
	var next, total atomic.Int64
	var g errgroup.Group
	began := time.Now()
	for range threads {
		g.Go(func() error {
			buf := make([]byte, most)
			for {
				i := int(next.Add(1)) - 1
				if i >= len(parts) {
					return nil
				}
				n, err := f.ReadAt(buf[:parts[i].n], parts[i].off)
				if err != nil {
					return err
				}
				total.Add(int64(n))
			}
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return printMeasured(began, unix.RUSAGE_SELF, total.Load(), int64(count))
}

// readAll DIR THREADS LIMIT reads the files of a folder in the order of their
// names, for no longer than LIMIT: of a slow mount a part is enough.
func readAll(args []string) error {
	threads, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	limit, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	began := time.Now()
	entries, err := os.ReadDir(args[0])
	if err != nil {
		return err
	}
	var next, count, total atomic.Int64
	var g errgroup.Group
	for range threads {
		g.Go(func() error {
			for time.Since(began) < limit {
				i := int(next.Add(1)) - 1
				if i >= len(entries) {
					break
				}
				content, err := os.ReadFile(filepath.Join(args[0], entries[i].Name()))
				if err != nil {
					return err
				}
				count.Add(1)
				total.Add(int64(len(content)))
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return printMeasured(began, unix.RUSAGE_SELF, total.Load(), count.Load())
}

// uncache FILE... takes the files' pages out of the kernel's memory.
func uncache(args []string) error {
	for _, path := range args {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		err = errors.Join(unix.Fdatasync(int(f.Fd())), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED))
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
