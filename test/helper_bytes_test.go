package test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// openSized opens a file and asks how many bytes it has.
func openSized(path string) (*os.File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, st.Size(), nil
}

// aligned is memory that O_DIRECT takes.
func aligned(n int64) []byte {
	const page = 4096
	buf := make([]byte, n+page)
	return buf[page-uintptr(unsafe.Pointer(&buf[0]))%page:][:n]
}

// mmap FILE prints the SHA-256 of FILE, read through a map of it.
func mapped(args []string) error {
	f, size, err := openSized(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if size > 0 {
		data, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
		if err != nil {
			return err
		}
		defer syscall.Munmap(data)
		h.Write(data)
	}
	fmt.Println(hex.EncodeToString(h.Sum(nil)))
	return nil
}

// random FILE NAME SEED READS reads FILE at random places and compares with the
// generated content of that name. It prints how many bytes that were.
func random(args []string) error {
	seed, err := strconv.ParseUint(args[2], 10, 64)
	if err != nil {
		return err
	}
	reads, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	f, size, err := openSized(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	rnd := rand.New(rand.NewPCG(seed, 0))
	total := int64(0)
	for range reads {
		off := rnd.Int64N(size + 1)
		n := 1 + rnd.Int64N(300_000)
		if err := compare(f, args[1], off, n, size); err != nil {
			return err
		}
		total += min(n, size-off)
	}
	fmt.Println(total)
	return nil
}

// pattern FILE NAME [FROM TO] reads FILE from end to end, or between two
// offsets, compares likewise, and prints how many bytes that were.
func pattern(args []string) error {
	f, size, err := openSized(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	from, to := int64(0), size
	if len(args) > 2 {
		if _, err := fmt.Sscan(args[2]+" "+args[3], &from, &to); err != nil {
			return err
		}
	}
	const step = 1 << 20
	for off := from; off < to; off += step {
		if err := compare(f, args[1], off, step, size); err != nil {
			return err
		}
	}
	fmt.Println(to - from)
	return nil
}

// compare reads n bytes at off of f, or those that are there, as the one that
// has size bytes, and checks each.
func compare(f *os.File, name string, off, n, size int64) error {
	got := make([]byte, n)
	read, err := f.ReadAt(got, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s at %d: %w", f.Name(), off, err)
	}
	if err := sameBytes(name, got[:read], off, n, size); err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	return nil
}

// patterns LIST compares every file that the JSON file LIST names, by its path,
// with the generated content that goes with it.
func patterns(args []string) error {
	raw, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var list []struct{ Path, Name []byte }
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(16)
	for _, one := range list {
		g.Go(func() error {
			f, size, err := openSized(string(one.Path))
			if err != nil {
				return err
			}
			defer f.Close()
			return compare(f, string(one.Name), 0, size+1, size)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	fmt.Println(len(list))
	return nil
}

// paced FILE NAME reads FILE from end to end, not faster than in pacedTime, and
// compares with the generated content of that name.
func paced(args []string) error {
	f, size, err := openSized(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	const step = 1 << 20
	start := time.Now()
	for off := int64(0); off < size; off += step {
		if err := compare(f, args[1], off, step, size); err != nil {
			return err
		}
		due := time.Duration(float64(pacedTime) * float64(off+step) / float64(size))
		time.Sleep(time.Until(start.Add(due)))
	}
	return nil
}

// jumping FILE NAME SEED reads at random places of FILE for pacedTime, past the
// kernel's pages, compares likewise, and prints how many bytes that were.
func jumping(args []string) error {
	seed, err := strconv.ParseUint(args[2], 10, 64)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(args[0], os.O_RDONLY|unix.O_DIRECT, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	const page, n = 4096, 64 << 10
	buf := aligned(n)
	rnd := rand.New(rand.NewPCG(seed, 0))
	total := 0
	for start := time.Now(); time.Since(start) < pacedTime; time.Sleep(100 * time.Millisecond) {
		off := rnd.Int64N((info.Size()-n)/page) * page
		total += n
		got, err := f.ReadAt(buf, off)
		if err == nil {
			err = sameBytes(args[1], buf[:got], off, n, info.Size())
		}
		if err != nil {
			return err
		}
	}
	fmt.Println(total)
	return nil
}

// hold FILE [BYTES] opens FILE, reads so many bytes, says so, waits for its
// standard input to end, and then prints the SHA-256 of the whole file, or why
// it cannot be read.
func hold(args []string) error {
	f, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if len(args) > 1 {
		n, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		if _, err := io.CopyN(h, f, n); err != nil {
			return err
		}
	}
	fmt.Println("open")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	if _, err := io.Copy(h, f); err != nil {
		fmt.Println(err)
		return nil
	}
	fmt.Println(hex.EncodeToString(h.Sum(nil)))
	return nil
}
