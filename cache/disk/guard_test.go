package disk

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// TestPlantedFilesAreRefused is row 81 of the failure catalogue.
func TestPlantedFilesAreRefused(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	for name, plant := range map[string]func(to string) error{
		"symlink":         func(to string) error { return os.Symlink(secret, to) },
		"hard link":       func(to string) error { return os.Link(secret, to) },
		"directory":       func(to string) error { return os.Mkdir(to, 0o700) },
		"open to others":  func(to string) error { return os.WriteFile(to, nil, 0o666) },
		"dangling link":   func(to string) error { return os.Symlink("/nowhere/at/all", to) },
		"link in the dir": func(to string) error { return os.Symlink("x", to) },
	} {
		for _, suffix := range []string{dataName, tableName} {
			t.Run(name+suffix, func(t *testing.T) {
				if err := os.WriteFile(secret, []byte("precious"), 0o600); err != nil {
					t.Fatal(err)
				}
				dir := t.TempDir()
				s := openStore(t, dir, 1<<30)
				old := umask(0)
				err := plant(path(dir, "a", suffix))
				umask(old)
				if err != nil {
					t.Fatal(err)
				}
				fill(t, s, "a")
				fill(t, s, "a")
				if n := good(t, s, "a"); n != 11 {
					t.Errorf("%d blocks", n)
				}
				if got, _ := os.ReadFile(secret); string(got) != "precious" {
					t.Errorf("written through the link: %d bytes", len(got))
				}
			})
		}
	}
}

func TestFolderOfOthersIsRefused(t *testing.T) {
	for name, plant := range map[string]func(to string) error{
		"symlink": func(to string) error { return os.Symlink(t.TempDir(), to) },
		"file":    func(to string) error { return os.WriteFile(to, nil, 0o600) },
		"open":    func(to string) error { return os.Mkdir(to, 0o777) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			old := umask(0)
			err := plant(filepath.Join(dir, folder))
			umask(old)
			if err != nil {
				t.Fatal(err)
			}
			if s, err := Open(Config{Dir: dir, Size: 1 << 30, BlockSize: blockSize}); err == nil {
				_ = s.Close()
				t.Error("no error")
			}
		})
	}
}

func TestModes(t *testing.T) {
	old := umask(0)
	defer umask(old)
	dir := filepath.Join(t.TempDir(), "new", "cache")
	s := openStore(t, dir, 1<<30)
	fill(t, s, "a")
	for name, want := range map[string]os.FileMode{
		filepath.Join(dir, folder): 0o700,
		path(dir, "a", dataName):   0o600,
		path(dir, "a", tableName):  0o600,
	} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// TestDeletedDirectory is row 80: it is made again, after a pause.
func TestDeletedDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t, dir, 1<<30)
		fill(t, s, "a")
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"b", "c"} {
			fill(t, s, key) // in vain
			if n := good(t, s, key); n != 0 {
				t.Errorf("%d blocks in no directory", n)
			}
		}
		time.Sleep(pause + time.Second)
		fill(t, s, "d")
		if n := good(t, s, "d"); n != 11 {
			t.Errorf("%d blocks after the pause", n)
		}
	})
}

// TestSlowDiskIsNotWaitedFor is row 82.
func TestSlowDiskIsNotWaitedFor(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t, dir, 1<<30)
		began := time.Now()
		for range maxFailures {
			hang := func() error { time.Sleep(30 * time.Second); return nil }
			if s.judge(s.guard(hang)) {
				t.Error("it was waited for")
			}
		}
		if took := time.Since(began); took > maxFailures*patience {
			t.Errorf("it took %v", took)
		}
		if s.directory() != nil {
			t.Error("it is still used")
		}
		time.Sleep(2 * pause)
		if s.directory() == nil {
			t.Error("it is not tried again")
		}
	})
}

func TestFullQueueRefuses(t *testing.T) {
	s := &Store{queue: make(chan job, 1)}
	f := s.File("a", 10)
	if !f.Write(0, nil, nil) || f.Write(0, nil, nil) {
		t.Error("a queue of one takes one block")
	}
}
