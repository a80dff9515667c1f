// Package clients is the view from outside: Python programs that drive the
// emulator with the platform's own SDK and the AWS tools, and that read files
// with what researchers read them with. This Go part gives the tests a Python
// that has those libraries.
//
// The programs:
//
//	sdk_*.py         the official SDK against an API; the environment that
//	                 they want is told in checks.py
//	s3_*.py          boto3 and aws-cli against a store
//	open_formats.py  opens every file below a directory by its format and
//	                 prints a digest of what it held: compare two directories
//	read_mmap.py     SHA-256 through a memory map; the standard library only
//	read_random.py   random reads in N processes against a source file; as above
package clients

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

//go:embed requirements.txt
var requirements []byte

// complete is the file in a virtual environment that says it was installed
// to the end.
const complete = "codeoceanfs-complete"

// Python returns the interpreter of a virtual environment with everything of
// requirements.txt. It is kept in the user's cache directory and made, which
// takes half a minute and a package index, when it is not there yet. Any
// number of processes may call it at once.
func Python(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("place for the Python environment: %w", err)
	}
	home := filepath.Join(cache, "codeoceanfs")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return "", err
	}
	// One at a time, also in asking for packages: apt takes one caller only.
	unlock, err := lock(ctx, filepath.Join(home, "test-venv.lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	version, err := systemPython(ctx)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append(version, requirements...))
	dir := filepath.Join(home, "test-venv-"+hex.EncodeToString(sum[:8]))
	python := filepath.Join(dir, "bin", "python")
	if _, err := os.Stat(filepath.Join(dir, complete)); err == nil {
		return python, nil
	}
	if err := install(ctx, dir); err != nil {
		return "", fmt.Errorf("make the Python environment %s: %w", dir, err)
	}
	return python, nil
}

// install makes the virtual environment anew.
func install(ctx context.Context, dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if _, err := Run(ctx, nil, "python3", "-m", "venv", dir); err != nil {
		return err
	}
	wanted := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(wanted, requirements, 0o644); err != nil {
		return err
	}
	if _, err := Run(ctx, nil, filepath.Join(dir, "bin", "python"), "-m", "pip", "install",
		"--quiet", "--disable-pip-version-check", "--no-input", "-r", wanted); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, complete), nil, 0o644)
}

// systemPython makes sure of a python3 that can make virtual environments, and
// returns which it is: place and version. On Debian, where the module is a
// package of its own, it is installed when we are root.
func systemPython(ctx context.Context) (version []byte, err error) {
	const probe = "import ensurepip, sys, venv; assert sys.version_info >= (3, 11), sys.version; print(sys.executable, sys.version)"
	out, err := Run(ctx, nil, "python3", "-c", probe)
	if err != nil && os.Geteuid() == 0 {
		out, err = afterApt(ctx, probe)
	}
	if err != nil {
		return nil, fmt.Errorf("Python 3.11 or later with its venv module is needed (apt install python3-venv): %w", err)
	}
	return out, nil
}

// afterApt installs python3-venv and probes again. The index of packages of a
// fresh container is empty, so that the first try may need an update.
func afterApt(ctx context.Context, probe string) ([]byte, error) {
	env := []string{"DEBIAN_FRONTEND=noninteractive"}
	get := func() error {
		_, err := Run(ctx, env, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "python3", "python3-venv")
		return err
	}
	if err := get(); err != nil {
		if _, err := Run(ctx, env, "apt-get", "update", "-qq"); err != nil {
			return nil, err
		}
		if err := get(); err != nil {
			return nil, err
		}
	}
	return Run(ctx, nil, "python3", "-c", probe)
}

// lock takes an exclusive lock on a file, made when missing, and returns what
// gives it back. Its kernel call cannot be interrupted, hence the asking.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}
