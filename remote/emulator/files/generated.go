package files

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"
	"time"
)

// Generated describes files that exist by their description only: one, or as
// many as Count says. It is part of asset.json and bucket.json.
type Generated struct {
	// Path is the file's path. With Count it is a format with one %d for each
	// number, zero padded so that numbers and names sort alike: "c%02d/f%05d".
	Path string `json:"path"`
	// Count is how many values each number of Path takes, from 0 up.
	Count []int `json:"count,omitempty"`
	// Size of each file in bytes.
	Size int64 `json:"size,omitempty"`
	// Text, when not empty, is the content, and Size its length.
	Text string `json:"text,omitempty"`
	// Seed names the content. Empty means the file's own full name, see
	// [NewGenerated]; another seed is another version of the file.
	Seed string `json:"seed,omitempty"`
	// Modified in unix seconds; 0 is the time the tree is given.
	Modified int64 `json:"modified,omitempty"`
	// Storage is the storage class; what is in GLACIER or DEEP_ARCHIVE is listed
	// and not given. Empty is the standard one.
	Storage string `json:"storage,omitempty"`
	// ETag replaces the one that follows from the content. NoETag leaves it out.
	ETag   string `json:"etag,omitempty"`
	NoETag bool   `json:"no_etag,omitempty"`
}

// NewGenerated returns the tree of what specs describe; of equal paths the
// last one counts. The full name of a file, which its content follows from, is
// name, a slash, and its path.
func NewGenerated(name string, modified time.Time, specs ...Generated) (Tree, error) {
	single := make(map[string]File)
	var layers []Tree
	for _, g := range specs {
		if g.Size < 0 {
			return nil, fmt.Errorf("generated %q: size %d: %w", g.Path, g.Size, fs.ErrInvalid)
		}
		if len(g.Count) == 0 {
			single[g.Path] = g.file(name, g.Path, modified)
			continue
		}
		many, err := g.many(name, modified)
		if err != nil {
			return nil, err
		}
		layers = append(layers, many)
	}
	slices.Reverse(layers)
	if len(single) > 0 || len(layers) == 0 {
		layers = append([]Tree{memory(single)}, layers...)
	}
	return Union(layers...), nil
}

func (g Generated) file(name, key string, modified time.Time) File {
	if g.Modified != 0 {
		modified = time.Unix(g.Modified, 0)
	}
	seed := g.Seed
	if seed == "" {
		seed = name + "/" + key
	}
	f := File{Key: key, Size: g.Size, Modified: modified, Storage: g.Storage}
	if g.Text != "" {
		f.Size = int64(len(g.Text))
		f.open = func() (Content, error) { return pure{strings.NewReader(g.Text)}, nil }
	} else {
		f.open = func() (Content, error) { return pure{NewPattern(seed)}, nil }
	}
	switch {
	case g.NoETag:
	case g.ETag != "":
		f.ETag = g.ETag
	default:
		f.ETag = etag([]string{name, key, seed, g.Text}, f.Size)
	}
	return f
}

// many makes the files that Count asks for, computed one by one when somebody
// looks: a million of them are as cheap as one.
func (g Generated) many(name string, modified time.Time) (Tree, error) {
	n := 1
	for _, c := range g.Count {
		if c <= 0 || n > math.MaxInt32/c {
			return nil, fmt.Errorf("generated %q: count %v: %w", g.Path, g.Count, fs.ErrInvalid)
		}
		n *= c
	}
	key := func(i int) string {
		digits := make([]any, len(g.Count))
		for d := len(g.Count) - 1; d >= 0; d-- {
			digits[d] = i % g.Count[d]
			i /= g.Count[d]
		}
		return fmt.Sprintf(g.Path, digits...)
	}
	// The carries are where a missing zero shows: 9 to 10, and the last.
	for _, i := range []int{0, 9, 99, 999, 9999, 99999, n - 2} {
		if i >= 0 && i+1 < n && key(i) >= key(i+1) || strings.Contains(key(0), "%!") {
			return nil, fmt.Errorf("generated %q: %q does not sort before %q: %w",
				g.Path, key(i), key(i+1), fs.ErrInvalid)
		}
	}
	return indexed{
		n:    n,
		key:  key,
		file: func(i int) File { return g.file(name, key(i), modified) },
	}, nil
}

// pure is a content without anything to close.
type pure struct{ io.ReaderAt }

func (pure) Close() error { return nil }

// Bytes is a file whose content is held in memory.
func Bytes(key string, modified time.Time, content []byte) File {
	return File{
		Key: key, Size: int64(len(content)), Modified: modified,
		ETag: etag([]string{key, string(content)}),
		open: func() (Content, error) { return pure{bytes.NewReader(content)}, nil },
	}
}
