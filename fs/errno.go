package fs

import (
	"context"
	"errors"
	"syscall"

	"codeoceanfs/remote/fault"
)

// Errno is what programs see of an error of the platform.
func Errno(err error) syscall.Errno { return toErrno(err) }

// toErrno is the one place where an error becomes what the kernel, and so the
// user's program, sees of it.
//
// An errno inside err is never passed on. It is of a socket or of the disk of the
// cache, and EAGAIN, ENOMEM or ENOSPC from a read would be taken by programs for
// a state of their own.
func toErrno(err error) syscall.Errno {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		return syscall.EINTR // the caller is being killed: see call
	}
	switch fault.KindOf(err) {
	case fault.ErrNotExist:
		return syscall.ENOENT
	case fault.ErrRefused:
		return syscall.EACCES
	case fault.ErrStale:
		return syscall.ESTALE
	case fault.ErrTimeout:
		return syscall.ETIMEDOUT
	case fault.ErrUnreachable:
		return syscall.EHOSTUNREACH
	case fault.ErrInvalid:
		return syscall.EINVAL
	}
	return syscall.EIO
}

// fail gives err to the kernel, and to the log and the control directory: the
// only places where the user can learn what is behind the errno. A name that
// does not exist is an answer and not a failure, and a killed caller does not
// wait for one.
func (t *tree) fail(op, asset, path string, err error) syscall.Errno {
	errno := toErrno(err)
	switch errno {
	case 0, syscall.ENOENT, syscall.EINTR:
		return errno
	}
	t.faults.Add(t.cfg.Logger, op, asset, path, errno, err)
	return errno
}
