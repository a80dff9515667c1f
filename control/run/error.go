package run

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"codeoceanfs/control/request"
	"codeoceanfs/remote/fault"
)

// Error is why a request has failed, or was not begun.
type Error struct {
	Errno syscall.Errno
	Hint  string // what to do, or empty
	Err   error
}

func (e *Error) Error() string {
	s := fault.Redact(e.Err.Error())
	if e.Hint != "" {
		s += ": " + e.Hint
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

func fail(errno syscall.Errno, hint, format string, args ...any) *Error {
	return &Error{Errno: errno, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// stillUnknown reports whether an error met while it was looked for what became
// of a request leaves that open. What must not be sent twice stays open until it
// is found.
func stillUnknown(verb request.Verb, err error) bool {
	switch fault.KindOf(err) {
	case fault.ErrThrottled, fault.ErrUnreachable, fault.ErrTimeout:
		return true
	}
	return verb == request.Create || verb == request.Transfer || errors.Is(err, context.Canceled)
}

// concealed takes a request's secrets out of an error: the platform may repeat
// what it was sent.
func concealed(e *Error, req *request.Request) *Error {
	if text := e.Err.Error(); req.Conceal(text) != text {
		return &Error{Errno: e.Errno, Hint: e.Hint, Err: errors.New(req.Conceal(text))}
	}
	return e
}

// askAgain is what to do about a request of which nobody knows, and giveUp what
// to do when that has found nothing.
const (
	askAgain = "write the same request again to find out what became of it; it is not sent twice"
	giveUp   = "if you see in Code Ocean that it was not carried out, rm this file and write it again"
)

// explain makes of any error one for the program that wrote the request.
func (r *Runner) explain(err error) *Error {
	if errors.Is(err, fault.ErrUnknown) { // whatever else is said of it
		return &Error{Errno: r.cfg.Errno(fault.ErrUnknown), Err: err, Hint: askAgain + "; " + giveUp}
	}
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	var field *request.Error
	if errors.As(err, &field) {
		return &Error{Errno: syscall.EINVAL, Err: err}
	}
	e := &Error{Errno: r.cfg.Errno(err), Err: err}
	switch fault.KindOf(err) {
	case fault.ErrThrottled, fault.ErrUnreachable, fault.ErrTimeout:
		e.Hint = "nothing was changed: write it again later"
	case fault.ErrRefused:
		e.Hint = "does the token have the Datasets scope with write access, and its user the right to change this asset?"
	}
	return e
}
