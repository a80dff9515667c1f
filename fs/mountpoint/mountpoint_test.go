package mountpoint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInside(t *testing.T) {
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	point := filepath.Join(top, "point")
	if err := os.Mkdir(point, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(point, filepath.Join(top, "link")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		"point":            true,
		"point/a":          true,
		"point/not/there":  true,
		"link":             true,
		"link/not/there":   true,
		"point/..":         false,
		"point/../other":   false,
		"pointed":          false,
		"not/there":        false,
		"..":               false,
		"point/..hidden/x": true,
	} {
		if got := Inside(filepath.Join(top, "")+"/"+path, point); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

func TestUnmountRefuses(t *testing.T) {
	for dir, says := range map[string]string{
		t.TempDir():      "nothing is mounted there",
		"/proc":          "type proc",
		"/none/anywhere": "nothing is mounted there",
	} {
		if err := Unmount(dir, true); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
