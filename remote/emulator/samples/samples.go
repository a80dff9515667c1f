// Package samples holds the assets that the demo serves and the tests read: a
// small laboratory with every kind of asset and real files of real formats.
//
// They are embedded in the binary as the emulator's data directory, and made
// by make_samples.py, which stands beside this file.
package samples

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// all: because Zarr stores, and odd assets, have names with a leading dot.
//
//go:embed all:data
var embedded embed.FS

const (
	// stamp is the file that says which samples a directory holds. It is
	// written last, so an extraction that was cut short is done again.
	stamp = ".samples"
	// extra lists, by path, the text of the files that go:embed refuses for
	// their names (quotes, colons, control characters, a trailing dot).
	extra = "extra.json"
)

// written is the time of change of every extracted file: the samples are the
// same whenever and wherever they are extracted, and a store tells this time.
var written = time.Date(2024, time.July, 1, 12, 0, 0, 0, time.UTC)

// Extract writes the samples to dir, in the layout the emulator serves. A dir
// that holds these samples already is left as it is, and so stay the assets
// that were created, changed and deleted there since; samples of another
// version are written over. No other file is touched.
func Extract(dir string) error {
	files, err := load()
	if err != nil {
		return fmt.Errorf("samples: %w", err)
	}
	sum := digest(files)
	have, err := os.ReadFile(filepath.Join(dir, stamp))
	if err == nil && string(have) == sum {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("samples: %w", err)
	}
	for _, f := range files {
		if err := f.write(dir); err != nil {
			return fmt.Errorf("samples: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, stamp), []byte(sum), 0o644); err != nil {
		return fmt.Errorf("samples: %w", err)
	}
	return nil
}

// file is one sample file, by its slash-separated path in the data directory.
type file struct {
	path    string
	content []byte
}

// load returns all sample files, the extra ones included.
func load() ([]file, error) {
	data, err := fs.Sub(embedded, "data")
	if err != nil {
		return nil, err
	}
	var files []file
	err = fs.WalkDir(data, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == extra {
			return err
		}
		content, err := fs.ReadFile(data, path)
		files = append(files, file{path, content})
		return err
	})
	if err != nil {
		return nil, err
	}
	raw, err := fs.ReadFile(data, extra)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	if err := json.Unmarshal(raw, &texts); err != nil {
		return nil, fmt.Errorf("%s: %w", extra, err)
	}
	for _, path := range slices.Sorted(maps.Keys(texts)) {
		files = append(files, file{path, []byte(texts[path])})
	}
	return files, nil
}

// digest identifies the samples: every path and every byte.
func digest(files []file) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%q %d\n", f.path, len(f.content))
		h.Write(f.content)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// write puts the file below dir. A file that holds the same bytes is not
// written again: a store derives its ETag from the file, and readers pin it.
func (f file) write(dir string) error {
	path := filepath.Join(dir, filepath.FromSlash(f.path))
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, f.content) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, f.content, 0o644); err != nil {
		return err
	}
	return os.Chtimes(path, written, written)
}
