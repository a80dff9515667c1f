package fault

import "errors"

// Own gives a caller an error of its own for one that several callers share, as
// those that waited for one request do: each may add to its [Error] what it
// knows, and none sees what the others add.
func Own(err error) error {
	var shared *Error
	if !errors.As(err, &shared) {
		return err
	}
	mine := *shared
	if err == error(shared) {
		return &mine
	}
	return &owned{err, &mine}
}

// owned is a shared error around an Error of the caller's own.
type owned struct {
	error
	mine *Error
}

func (o *owned) Unwrap() error { return o.error }

// As gives the caller's own Error for the shared one.
func (o *owned) As(target any) bool {
	t, ok := target.(**Error)
	if ok {
		*t = o.mine
	}
	return ok
}
