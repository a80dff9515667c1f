package fs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"

	"codeoceanfs/remote/fault"
)

func TestErrno(t *testing.T) {
	of := func(kind error) error { return fmt.Errorf("list: %w", &fault.Error{Op: "list files", Kind: kind}) }
	for err, want := range map[error]syscall.Errno{
		nil:                                     0,
		of(fault.ErrNotExist):                   syscall.ENOENT,
		of(fault.ErrRefused):                    syscall.EACCES,
		of(fault.ErrStale):                      syscall.ESTALE,
		of(fault.ErrTimeout):                    syscall.ETIMEDOUT,
		of(fault.ErrUnreachable):                syscall.EHOSTUNREACH,
		of(fault.ErrInvalid):                    syscall.EINVAL,
		of(fault.ErrMalformed):                  syscall.EIO,
		of(fault.ErrThrottled):                  syscall.EIO,
		of(fault.ErrUnknown):                    syscall.EIO,
		of(nil):                                 syscall.EIO,
		io.ErrUnexpectedEOF:                     syscall.EIO,
		errors.New("anything"):                  syscall.EIO,
		context.DeadlineExceeded:                syscall.ETIMEDOUT,
		context.Canceled:                        syscall.EINTR,
		fmt.Errorf("x: %w", of(fault.ErrStale)): syscall.ESTALE,
	} {
		if got := toErrno(err); got != want {
			t.Errorf("%v: %v, not %v", err, got, want)
		}
	}
}

// A read may never fail as if this machine had run out of something: programs
// take those errors for a state of their own and act on it.
func TestErrnoOfTheNetworkIsNotOurs(t *testing.T) {
	for _, err := range []error{
		fmt.Errorf("dial: %w", &fault.Error{Kind: fault.ErrUnreachable, Err: syscall.ECONNREFUSED}),
		&fault.Error{Op: "read range", Err: syscall.EAGAIN},
		&fault.Error{Op: "read range", Err: syscall.ENOMEM},
		&fault.Error{Op: "write block", Err: syscall.ENOSPC},
		&fault.Error{Op: "read block", Err: syscall.ENOENT},
		fmt.Errorf("read the token: %w", &os.PathError{Op: "open", Path: "x", Err: syscall.ENOENT}),
		fmt.Errorf("read the token: %w", &os.PathError{Op: "open", Path: "x", Err: syscall.EACCES}),
	} {
		switch got := toErrno(err); got {
		case syscall.EHOSTUNREACH, syscall.EIO:
		default:
			t.Errorf("%v: %v", err, got)
		}
	}
}
