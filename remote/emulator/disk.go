package emulator

import (
	"bytes"
	"crypto/sha1"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// readJSON decodes a file by decodeJSON. A missing file leaves v as it is.
func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := decodeJSON(b, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// writeJSON replaces a file as one, so that nobody reads half of it.
func writeJSON(path string, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".writing-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(b.Bytes())
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// subfolders lists the folders of a directory, none if it is not there.
func subfolders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// readAsset reads one folder of the assets directory. What asset.json leaves
// out is taken from the folder: any directory will do as an asset. began is the
// time that ready_after counts from.
func (s *Server) readAsset(folder string, began time.Time) (*entry, error) {
	info, err := os.Stat(folder)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(folder)
	d := described{Asset: Asset{Record: Record{ID: idOf(name), Name: name, Created: float64(info.ModTime().Unix())}}}
	path := filepath.Join(folder, "asset.json")
	var stamp time.Time
	if info, err := os.Stat(path); err == nil {
		stamp = info.ModTime()
	}
	if err := readJSON(path, &d); err != nil {
		return nil, err
	}
	a, err := d.asset(folder)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	e, err := newEntry(s.complete(a), folder, stamp, began)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return e, nil
}

// complete fills in what an asset cannot be without.
func (s *Server) complete(a Asset) Asset {
	if a.Mount == "" {
		a.Mount = a.Name
	}
	if a.Owner == "" {
		owner := s.access.first()
		a.Owner, a.OwnerEmail = owner.User, owner.Email
	}
	if a.SourceBucket == nil && a.Type != "combined" {
		a.SourceBucket = &SourceBucket{Origin: "local"}
	}
	return a
}

// idOf is the id of an asset that has none: always the same for one name.
func idOf(name string) string {
	h := sha1.Sum([]byte("codeoceanfs emulator asset " + name)) // a name-based UUID, version 5
	h[6], h[8] = h[6]&0x0f|0x50, h[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// save writes an asset's asset.json, and returns the entry that knows of it.
func (e *entry) save() (*entry, error) {
	if e.folder == "" {
		return e, nil
	}
	if err := os.MkdirAll(e.folder, 0o755); err != nil {
		return nil, err
	}
	path := filepath.Join(e.folder, "asset.json")
	if err := writeJSON(path, e.Asset); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	next := *e
	next.stamp = info.ModTime()
	return &next, nil
}
