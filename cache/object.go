package cache

import (
	"context"
	"io"
)

// Object is a file of fixed bytes, far away. All its methods may be called
// from many goroutines at once.
type Object interface {
	// Key identifies the bytes: equal keys mean equal bytes, for ever, across
	// restarts and machines. It may hold anything; it never becomes a path.
	Key() string

	// Size is the number of bytes, and never changes.
	Size() int64

	// Range gives the n bytes from off on: a body of exactly n bytes, or an
	// error from Range or from a Read of the body. It is only called with
	// n > 0 inside the file. It and the body give up when ctx ends.
	Range(ctx context.Context, off, n int64) (io.ReadCloser, error)
}
