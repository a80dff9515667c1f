package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrNotReady is a wait that has ended before the asset was ready.
var ErrNotReady = errors.New("is not ready yet")

// Wait waits until an asset is ready, or for ctx, and returns its record. The
// asset is what the request of that key has made, or is named by its id or by its
// path, in the mount or from anywhere.
func Wait(ctx context.Context, point, what string) ([]byte, error) {
	if err := checkMount(point); err != nil {
		return nil, err
	}
	name := what
	if strings.Contains(what, "/") {
		var err error
		if name, err = assetID(point, what); errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%s is %w", what, noAsset(point, what))
		}
		if err != nil {
			return nil, err
		}
	}
	f, err := os.Open(filepath.Join(point, "control", "wait", name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s is no key of a request that has made an asset, no asset's id, and no path (which has a slash, as dataset/NAME)", what)
	}
	if err != nil {
		return nil, err
	}
	type outcome struct {
		raw []byte
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		defer f.Close()
		raw, err := io.ReadAll(bufio.NewReader(f))
		done <- outcome{[]byte(strings.TrimLeft(string(raw), "\n")), err}
	}()
	select {
	case o := <-done:
		if o.err != nil {
			return nil, fmt.Errorf("%s: %w", what, whyFailed(point, name, o.err))
		}
		return o.raw, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%s %w", what, ErrNotReady) // the read ends with the process
	}
}

// whyFailed is what the record says about a wait that has failed, or else err.
func whyFailed(point, name string, err error) error {
	id := name
	if r, resultErr := read(filepath.Join(point, "control", "create", name+".result.json")); resultErr == nil && r.Asset.ID != "" {
		id = r.Asset.ID
	}
	raw, readErr := os.ReadFile(filepath.Join(point, ".by-id", id, ".meta.json"))
	var record struct {
		State  string `json:"state"`
		Reason string `json:"failure_reason"`
	}
	if readErr != nil || json.Unmarshal(raw, &record) != nil || record.State != "failed" {
		return err
	}
	return fmt.Errorf("the asset's creation failed: %s", record.Reason)
}

// noAsset says of a path where no asset is, in the mount or from anywhere, where
// that is which it means.
func noAsset(point, path string) error {
	inside := path
	if below, ok := strings.CutPrefix(path, point+"/"); ok {
		inside = below
	}
	const archive = ".archived/"
	other, archived := strings.CutPrefix(inside, archive)
	there := "it is not archived: "
	if !archived {
		other, there = archive+inside, "it is archived: "
	}
	if filepath.IsLocal(inside) {
		if _, err := assetID(point, filepath.Join(point, other)); err == nil {
			return errors.New("no asset's path: " + there + other)
		}
	}
	return fmt.Errorf("no asset's path in the mount at %s (like dataset/NAME)", point)
}

// errInside is a path in an asset: what is asked of the asset is not asked of all
// that is in it, and so not by it.
var errInside = errors.New("is inside an asset: name the asset, as dataset/NAME")

// assetID is the id of the asset at a path, in the mount or from anywhere.
func assetID(point, path string) (string, error) {
	at := path
	if _, err := os.Lstat(at); err != nil && !filepath.IsAbs(at) {
		at = filepath.Join(point, path)
	}
	id := make([]byte, 256)
	n, err := unix.Getxattr(at, "user.codeocean.id", id)
	if err != nil {
		return "", fmt.Errorf("%s is no asset: %w", path, err)
	}
	if _, err := unix.Getxattr(at, "user.codeocean.path", nil); err == nil { // which assets do not have
		return "", fmt.Errorf("%s %w", path, errInside)
	}
	return string(id[:n]), nil
}
