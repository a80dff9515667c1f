package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"syscall"
)

// maxTokenFile bounds a token file; real ones are a line.
const maxTokenFile = 64 << 10

// tokenFile is a token in a file that may change at any time.
type tokenFile struct {
	name  string
	parse func(raw []byte) (string, error)

	last atomic.Pointer[tokenRead]
}

// tokenRead is what was found when the file was last read.
type tokenRead struct {
	info  os.FileInfo
	value string
}

// token is a Token. It looks at the file's attributes each time, and reads it
// when they changed. A file that is empty, away, or open to others keeps its old
// token in use, beside the error: it may be so for a moment only, while it is
// being replaced, and a token that was good does not end with its file.
func (f *tokenFile) token(context.Context) (string, error) {
	info, err := os.Lstat(f.name)
	last := f.last.Load()
	if err == nil && last != nil && sameFile(last.info, info) {
		return last.value, nil
	}
	read, err := f.read()
	switch {
	case err == nil:
		f.last.Store(read)
		return read.value, nil
	case last != nil:
		return last.value, err
	}
	return "", err
}

// read reads the file, which must hold a token and be private.
func (f *tokenFile) read() (*tokenRead, error) {
	raw, info, err := readPrivate(f.name)
	if err != nil {
		return nil, fmt.Errorf("token file %s: %w", f.name, err)
	}
	value, err := f.parse(raw)
	if err == nil {
		err = checkToken(value)
	}
	if err != nil {
		return nil, fmt.Errorf("token file %s %w", f.name, err)
	}
	return &tokenRead{info, value}, nil
}

// sameFile reports whether two looks at a file saw the same content: as
// everywhere, by identity, size and time of change.
func sameFile(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}

// readPrivate reads a file that holds a secret. It must be a regular file, no
// link, the caller's own, and for nobody else; what is checked is what is read.
func readPrivate(name string) ([]byte, os.FileInfo, error) {
	// Without NONBLOCK, opening a pipe would wait for a writer.
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, nil, errors.New("it is a symbolic link: name the file itself")
	}
	if err != nil {
		return nil, nil, errors.Unwrap(err) // the name is in the caller's error
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	stat, _ := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.Mode().IsRegular():
		return nil, nil, errors.New("it is not a regular file")
	case stat == nil || int(stat.Uid) != os.Geteuid():
		return nil, nil, errors.New("it belongs to somebody else: it must be your own")
	case info.Mode().Perm()&0o077 != 0:
		return nil, nil, fmt.Errorf("it can be read by others (mode %#o): chmod 600 it", info.Mode().Perm())
	}
	raw, err := io.ReadAll(io.LimitReader(file, maxTokenFile))
	return raw, info, err
}
