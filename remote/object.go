package remote

import (
	"context"
	"io"
	"strconv"
	"strings"
)

// Object is one version of one file: fixed bytes that can be read in ranges.
type Object struct {
	key   string
	size  int64
	fetch func(ctx context.Context, off, n int64) (io.ReadCloser, error)
	ready func(ctx context.Context) error // nil: it always is
}

// Key is different for bytes that may be different, for ever, on all machines:
// other deployments, other users, other files, other versions.
func (o *Object) Key() string { return o.key }

// Size is in bytes.
func (o *Object) Size() int64 { return o.size }

// Range reads the n bytes from off on: a body of exactly n bytes, or an error.
func (o *Object) Range(ctx context.Context, off, n int64) (io.ReadCloser, error) {
	return o.fetch(ctx, off, n)
}

// Prepare does what Range would do before its first byte and that others need not
// wait for: it gets the signed URL, where one is needed and not known yet. It
// waits for requests that somebody needs now.
func (o *Object) Prepare(ctx context.Context) error {
	if o.ready == nil {
		return nil
	}
	return o.ready(ctx)
}

// objectKey joins what tells objects apart. The path comes last because it is
// the only part that may hold anything.
func objectKey(version string, e Entry, path string) string {
	return strings.Join([]string{version, strconv.FormatInt(e.Size, 10), e.ETag, path}, "\x00")
}
