package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// modelOpen is a file that a process of the model has open.
type modelOpen struct {
	modelFile
	*os.File
	direct bool  // O_DIRECT: offsets, lengths and memory are whole pages
	at     int64 // of the last read
}

// model LIST SEED OPS makes random operations on the files that the JSON file
// LIST describes, and compares every byte, and every length.
func model(args []string) error {
	raw, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var files []modelFile
	if err := json.Unmarshal(raw, &files); err != nil {
		return err
	}
	seed, err := strconv.ParseUint(args[1], 10, 64)
	if err != nil {
		return err
	}
	ops, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(seed, 7))
	open := make([]*modelOpen, 6)
	for i := range ops {
		slot := rng.IntN(len(open))
		if open[slot] == nil || rng.IntN(12) == 0 {
			if open[slot] != nil {
				if err := open[slot].Close(); err != nil {
					return err
				}
			}
			if open[slot], err = openModel(rng, files[rng.IntN(len(files))]); err != nil {
				return err
			}
		}
		f := open[slot]
		name, operation := f.operation(rng)
		if err := operation(rng); err != nil {
			return fmt.Errorf("seed %d, operation %d, %s of %s: %w", seed, i, name, f.Path, err)
		}
	}
	return nil
}

func openModel(rng *rand.Rand, file modelFile) (*modelOpen, error) {
	f := &modelOpen{modelFile: file, direct: rng.IntN(5) == 0}
	flags := os.O_RDONLY
	if f.direct {
		flags |= unix.O_DIRECT
	}
	var err error
	if f.File, err = os.OpenFile(file.Path, flags, 0); err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() != f.Size {
		err = fmt.Errorf("%s has %d bytes, not %d", f.Path, info.Size(), f.Size)
	}
	f.at = rng.Int64N(f.Size + 1)
	return f, err
}

// operation chooses what to do next, mostly reads near the last one.
func (f *modelOpen) operation(rng *rand.Rand) (string, func(*rand.Rand) error) {
	if f.direct {
		return "direct read", f.directly
	}
	all := []struct {
		name string
		run  func(*rand.Rand) error
	}{
		{"read anywhere", func(rng *rand.Rand) error { return f.read(rng.Int64N(f.Size+1), 1+rng.Int64N(200<<10)) }},
		{"read onwards", f.onwards},
		{"read backwards", f.backwards},
		{"strided read", f.strided},
		{"small reads", f.dribble},
		{"large read", func(rng *rand.Rand) error { return f.read(f.at, 1<<20+rng.Int64N(3<<20)) }},
		{"read over the end", func(rng *rand.Rand) error { return f.read(max(0, f.Size-rng.Int64N(1<<10)), 4096) }},
		{"readv", f.vectored},
		{"map", f.mapping},
		{"seek", f.seeking},
	}
	one := all[rng.IntN(len(all))]
	return one.name, one.run
}

// read compares n bytes at off, or as many as there are.
func (f *modelOpen) read(off, n int64) error {
	f.at = off + n
	return compare(f.File, f.Content, off, n, f.Size)
}

func (f *modelOpen) onwards(rng *rand.Rand) error {
	n := 1 + rng.Int64N(300<<10)
	for range 1 + rng.IntN(8) {
		if err := f.read(min(f.at, f.Size), n); err != nil {
			return err
		}
	}
	return nil
}

func (f *modelOpen) backwards(rng *rand.Rand) error {
	n := 1 + rng.Int64N(100<<10)
	for off, left := min(f.at, f.Size), 1+rng.IntN(5); left > 0 && off > 0; left-- {
		off = max(0, off-n)
		if err := f.read(off, n); err != nil {
			return err
		}
		f.at = off
	}
	return nil
}

func (f *modelOpen) strided(rng *rand.Rand) error {
	stride, n := 1+rng.Int64N(4<<20), 1+rng.Int64N(20<<10)
	for off, left := rng.Int64N(f.Size+1), 1+rng.IntN(6); left > 0 && off <= f.Size; off, left = off+stride, left-1 {
		if err := f.read(off, n); err != nil {
			return err
		}
	}
	return nil
}

func (f *modelOpen) dribble(rng *rand.Rand) error {
	for range 20 {
		if err := f.read(min(f.at, f.Size), 1+rng.Int64N(600)); err != nil {
			return err
		}
	}
	return nil
}

// vectored reads into three pieces of memory by one call.
func (f *modelOpen) vectored(rng *rand.Rand) error {
	off := rng.Int64N(f.Size + 1)
	pieces := [][]byte{make([]byte, 1+rng.IntN(5000)), make([]byte, 1+rng.IntN(100<<10)), make([]byte, 1+rng.IntN(10))}
	n, err := unix.Preadv(int(f.Fd()), pieces, off)
	if err != nil {
		return err
	}
	var got []byte
	for _, p := range pieces {
		got = append(got, p...)
	}
	return f.same(got[:n], off, int64(len(got)))
}

// mapping reads a piece of the file as memory.
func (f *modelOpen) mapping(rng *rand.Rand) error {
	page := int64(os.Getpagesize())
	if f.Size == 0 {
		return nil
	}
	off := rng.Int64N(f.Size) / page * page
	n := min(1+rng.Int64N(1<<20), f.Size-off)
	data, err := syscall.Mmap(int(f.Fd()), off, int(n), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return err
	}
	return errors.Join(f.same(data, off, n), syscall.Munmap(data))
}

// seeking moves the file's own offset in all ways, and reads there.
func (f *modelOpen) seeking(rng *rand.Rand) error {
	want := rng.Int64N(f.Size + 1)
	var err error
	switch rng.IntN(3) {
	case 0:
		_, err = f.Seek(want, io.SeekStart)
	case 1:
		_, err = f.Seek(want-f.Size, io.SeekEnd)
	default:
		if _, err = f.Seek(f.Size/2, io.SeekStart); err == nil {
			_, err = f.Seek(want-f.Size/2, io.SeekCurrent)
		}
	}
	if err != nil {
		return err
	}
	if at, err := f.Seek(0, io.SeekCurrent); err != nil || at != want {
		return fmt.Errorf("at %d, not %d: %w", at, want, err)
	}
	got := make([]byte, 10<<10)
	n, err := io.ReadFull(f, got)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return f.same(got[:n], want, int64(len(got)))
}

// directly reads past the kernel's pages.
func (f *modelOpen) directly(rng *rand.Rand) error {
	const page = 4096
	off := rng.Int64N(f.Size/page+1) * page
	buf := aligned(page * (1 + rng.Int64N(128)))
	n, err := f.ReadAt(buf, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return f.same(buf[:n], off, int64(len(buf)))
}

// same compares what a read of n bytes at off has given.
func (f *modelOpen) same(got []byte, off, n int64) error {
	return sameBytes(f.Content, got, off, n, f.Size)
}
