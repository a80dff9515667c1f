package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"testing"

	"codeoceanfs/remote/fault"
)

func ExampleError() {
	err := fmt.Errorf("open: %w", &fault.Error{
		Op: "read range", Asset: "0a1b", Path: "data/x.csv", Host: "bucket.example.com",
		Status: 403, Code: "AccessDenied", RequestID: "R1", Attempts: 2,
		Kind: fault.ErrRefused,
	})
	fmt.Println(err)
	fmt.Println(errors.Is(err, fault.ErrRefused))
	// Output:
	// open: read range of asset 0a1b "data/x.csv": permission denied (host "bucket.example.com", code "AccessDenied", request "R1", status 403, 2 attempts)
	// true
}

// A kind that the cause names already is not said twice.
func TestErrorSaysItOnce(t *testing.T) {
	err := &fault.Error{Op: "x", Kind: fault.ErrTimeout, Err: fmt.Errorf("%w: no byte for 10s", fault.ErrTimeout)}
	if got, want := err.Error(), "x: timed out: no byte for 10s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// An operation that names the asset is not followed by another word for it.
func TestErrorNamesTheAssetOnce(t *testing.T) {
	for op, want := range map[string]string{"delete asset": "delete asset 0a1b: invalid request", "list files": "list files of asset 0a1b: invalid request"} {
		if got := (&fault.Error{Op: op, Asset: "0a1b", Kind: fault.ErrInvalid}).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestErrorLeadsToKindAndCause(t *testing.T) {
	err := error(&fault.Error{Op: "x", Kind: fault.ErrMalformed, Err: io.ErrUnexpectedEOF})
	if !errors.Is(err, fault.ErrMalformed) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v does not lead to both", err)
	}
	if got := fault.KindOf(err); got != fault.ErrMalformed {
		t.Errorf("kind is %v", got)
	}
	if got := fault.KindOf(fmt.Errorf("x: %w", context.DeadlineExceeded)); got != fault.ErrTimeout {
		t.Errorf("kind of a deadline is %v", got)
	}
	if got := fault.KindOf(io.ErrUnexpectedEOF); got != nil {
		t.Errorf("kind of plain trouble is %v", got)
	}
}

func TestCauseDropsTheURL(t *testing.T) {
	err := fault.Cause(&url.Error{Op: "Get", URL: signedURL, Err: io.EOF})
	if err != io.EOF {
		t.Errorf("cause is %v", err)
	}
}
