package disk

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

const (
	victimEnv = "CACHE_DISK_VICTIM"
	kills     = 15
	shared    = 8 // files
)

func umask(mask int) int { return syscall.Umask(mask) }

// victim writes the shared files again and again, until it is killed.
func victim(dir string) {
	s, err := Open(Config{Dir: dir, Size: 1 << 30, BlockSize: blockSize, Queue: 16})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ready")
	for {
		key := fmt.Sprint("file", rand.IntN(shared))
		f := s.File(key, fileSize)
		i := rand.Int64N(11)
		f.Write(i, [][]byte{content(key, i, sizeOf(i))}, func() {})
		if rand.IntN(50) == 0 {
			s.drop(s.directory(), f.id.name()) // so that files are made, too
		}
	}
}

// TestKilledWriter is rows 75 and 79: processes that share the directory with
// us are killed at any moment, and no block is ever wrong.
func TestKilledWriter(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, 1<<30)
	var read int64
	for range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), victimEnv+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		for end := time.Now().Add(time.Duration(rand.IntN(60)) * time.Millisecond); time.Now().Before(end); {
			read += good(t, s, fmt.Sprint("file", rand.IntN(shared)))
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // "killed"
		for i := range shared {
			read += good(t, s, fmt.Sprint("file", i))
		}
	}
	if read == 0 {
		t.Error("no block was ever there")
	}
	for i := range shared { // and all can be made whole
		key := fmt.Sprint("file", i)
		fill(t, s, key)
		fill(t, s, key)
		if n := good(t, s, key); n != 11 {
			t.Errorf("%d blocks of %s", n, key)
		}
	}
}

// TestFullDisk is row 76.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("a full disk needs a file system of its own, and mounting one the rights: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s := openStore(t, dir, 1<<30)
	for i := range 10 {
		fill(t, s, fmt.Sprint("file", i))
	}
	for i := range 10 {
		good(t, s, fmt.Sprint("file", i)) // right, or not there
	}
	if s.directory() != nil && s.Used() > 64<<10 {
		t.Errorf("%d bytes used", s.Used())
	}
}
