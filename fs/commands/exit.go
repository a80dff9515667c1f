package commands

import (
	"errors"
	"fmt"

	"codeoceanfs/fs/daemon"
	"codeoceanfs/fs/service"
)

// Exit statuses, as mount(8) has them.
const (
	exitUsage = 1 // wrong flags, arguments or configuration
	// ExitSystem is anything else.
	ExitSystem = 2
	exitMount  = 32 // the mount cannot be made or taken away
)

// exitError is an error with the status that the program ends with.
type exitError struct {
	error
	status int
}

// Unwrap makes errors.As see the error itself.
func (e exitError) Unwrap() error { return e.error }

// usagef is a mistake on the command line or in the configuration.
func usagef(format string, args ...any) error {
	return exitError{fmt.Errorf(format, args...), exitUsage}
}

// mountFailed is a failure to mount or unmount, or of the background process,
// which has chosen the status itself.
func mountFailed(err error) error {
	var failed *daemon.Failed
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failed) && failed.Code != 0:
		return exitError{err, failed.Code}
	}
	return exitError{service.Explain(err), exitMount}
}

// ExitStatus is the status that the program ends with after err.
func ExitStatus(err error) int {
	var exit exitError
	if errors.As(err, &exit) {
		return exit.status
	}
	return ExitSystem
}
