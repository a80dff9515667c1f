// Package client makes requests of a mount that runs, by writing the files of
// its control directory, for people who prefer commands to files.
package client

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"codeoceanfs/control/request"
)

// Result is what a request's file says of it, as far as it is needed here.
type Result struct {
	Error string `json:"error"`
	Hint  string `json:"hint"`
	Asset struct {
		ID   string `json:"id"`
		Path string `json:"path"`
	} `json:"asset"`
	Raw []byte `json:"-"`
}

// Key is a name for a request that has none. What must not be carried out twice
// has one made of what it says, so that the same request has it again. Any other
// has one of its own each time: to archive what was archived before, and taken
// out since, is something to do.
func Key(verb request.Verb, body []byte) string {
	sum := sha256.Sum256(body)
	key := hex.EncodeToString(sum[:8])
	if verb != request.Create && verb != request.Transfer {
		key += "-" + strings.ToLower(rand.Text()[:12])
	}
	return key
}

// Read reads a request from a file, or from standard input, which is "-".
func Read(file string) ([]byte, error) {
	from := os.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("read the request: %w", err)
		}
		defer f.Close()
		from = f
	}
	// One byte more than there may be is enough for the mount to refuse it.
	body, err := io.ReadAll(io.LimitReader(from, request.MaxBody+1))
	if err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	return body, nil
}

// Submit makes a request of the mount at point. It returns when it is carried
// out, or has failed; the error says why.
func Submit(point string, verb request.Verb, key string, body []byte) (*Result, error) {
	name := filepath.Join(point, "control", string(verb), key)
	err := write(name+".json", body)
	r, resultErr := read(name + ".result.json")
	switch {
	case err != nil && r != nil && r.Error != "":
		err = errors.New(r.Error)
		if r.Hint != "" {
			err = fmt.Errorf("%w: %s", err, r.Hint)
		}
		return r, err
	case err != nil:
		return r, err
	}
	return r, resultErr
}

func write(name string, body []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	return errors.Join(err, f.Close())
}

func read(name string) (*Result, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := &Result{Raw: raw}
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// Wait waits until an asset is ready, and returns its record. The asset is what
// the request of that key has made, or is named by its id or by its path, in the
// mount or from anywhere.
func Wait(ctx context.Context, point, what string) ([]byte, error) {
	name, err := waitName(point, what)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(point, "control", "wait", name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	type outcome struct {
		raw []byte
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		raw, err := io.ReadAll(bufio.NewReader(f))
		done <- outcome{[]byte(strings.TrimLeft(string(raw), "\n")), err}
	}()
	select {
	case o := <-done:
		return o.raw, o.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%s is not ready yet: %w", what, ctx.Err())
	}
}

// waitName is the name in wait for a key, an id or a path.
func waitName(point, what string) (string, error) {
	if !strings.Contains(what, "/") {
		return what, nil
	}
	path := what
	if _, err := os.Lstat(path); err != nil && !filepath.IsAbs(path) {
		path = filepath.Join(point, what)
	}
	id := make([]byte, 256)
	n, err := unix.Getxattr(path, "user.codeocean.id", id)
	if err != nil {
		return "", fmt.Errorf("%s is no asset: %w", what, err)
	}
	return string(id[:n]), nil
}
