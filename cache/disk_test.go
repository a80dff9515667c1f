package cache

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// written waits until the disk cache has everything that was read.
func written(t testing.TB, c *Cache) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		c.mu.Lock()
		held := len(c.keeping.queue) + c.keeping.writing
		for _, f := range c.files {
			for _, b := range f.blocks {
				held += b.refs
			}
		}
		c.mu.Unlock()
		if held == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the queue is never empty")
		}
	}
}

func TestSecondRunAsksNothing(t *testing.T) {
	dir := t.TempDir()
	for run := range 3 {
		c := newCache(t, Config{Dir: dir})
		for i, size := range []int64{1, BlockSize, 10<<20 + 3} {
			a := newArith(fmt.Sprint(i), size)
			h := open(t, c, a)
			for off := int64(0); off < size; off += 1 << 20 {
				check(t, h, a, off, 1<<20)
			}
			if n := a.asked.Load(); run > 0 && n > 0 {
				t.Errorf("run %d: %d ranges of file %d", run, n, i)
			}
		}
		written(t, c)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOnlyWhatIsMissingOnDiskIsFetched(t *testing.T) {
	dir := t.TempDir()
	const size = 6 * BlockSize
	c := newCache(t, Config{Dir: dir})
	a := newArith("a", size)
	h := open(t, c, a)
	check(t, h, a, 1*BlockSize, BlockSize)
	check(t, h, a, 4*BlockSize, 1)
	written(t, c)

	c = newCache(t, Config{Dir: dir})
	a = newArith("a", size)
	h = open(t, c, a)
	check(t, h, a, 0, size)
	want := [][2]int64{{0, BlockSize}, {2 * BlockSize, 2 * BlockSize}}
	// The tail of the file came along with block 4.
	if fmt.Sprint(a.ranges) != fmt.Sprint(want) {
		t.Errorf("ranges %v, want %v", a.ranges, want)
	}
}

func TestBodyThatIsTooLongIsNotKeptOnDisk(t *testing.T) {
	dir := t.TempDir()
	c := newCache(t, Config{Dir: dir})
	a := newArith("a", 4*BlockSize)
	a.body = func(_ context.Context, _, _, _ int64, right io.Reader) io.Reader {
		return io.MultiReader(right, bytes.NewReader([]byte{1}))
	}
	if err := verify(t.Context(), open(t, c, a), a, 0, a.size); err == nil {
		t.Error("no error")
	}
	written(t, c)
	entries, err := os.ReadDir(filepath.Join(dir, "blocks1"))
	if err != nil || len(entries) > 0 {
		t.Errorf("%d files on disk, %v", len(entries), err)
	}
}

// TestDamagedDiskNeverHurtsAReader flips bytes and deletes files under a cache
// that is too small for memory to help, while it is read.
func TestDamagedDiskNeverHurtsAReader(t *testing.T) {
	dir := t.TempDir()
	c := newCache(t, Config{Dir: dir, Memory: leastMemory})
	a := newArith("a", 8<<20)
	h := open(t, c, a)
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 40 {
		for range 10 {
			check(t, h, a, rng.Int64N(a.size), rng.Int64N(300<<10))
		}
		names, err := filepath.Glob(filepath.Join(dir, "*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			switch f, err := os.OpenFile(name, os.O_RDWR, 0); {
			case err != nil:
			case round%20 == 19:
				_ = f.Close()
				_ = os.Remove(name)
			default:
				_, _ = f.WriteAt([]byte{byte(rng.Uint32())}, rng.Int64N(a.size))
				_ = f.Close()
			}
		}
	}
	if s := c.Stats(); s.BytesKept == 0 {
		t.Error("nothing was ever read from the disk")
	}
}

func TestModelWithDisk(t *testing.T) {
	dir := t.TempDir()
	t.Run("", func(t *testing.T) {
		for seed := range uint64(2) { // two mounts, one directory
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				model(t, rand.New(rand.NewPCG(seed, 9)), Config{Memory: leastMemory, Dir: dir, DiskSize: 16 << 20})
			})
		}
	})
}

func TestDirectoryThatCannotBeMadeIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Dir: file}); err == nil {
		t.Error("no error")
	}
}
