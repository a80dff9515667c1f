// Package daemon puts the program into the background.
//
// A Go program cannot fork, so the foreground process starts a second one with
// the same arguments in a session of its own, and waits until that one says
// that it is ready or why it is not. What the user sees on the terminal is the
// truth of either, and the exit status says the same.
package daemon

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// readyVar names the environment variable in which the background process
// finds the descriptor to report on.
const readyVar = "_CODEOCEANFS_READY_FD"

// stopTime is how long a background process that has not become ready may take
// to end when the user gives up; then it is killed.
const stopTime = 10 * time.Second

// report is the one line that the background process says.
type report struct {
	Error string `json:"error,omitempty"`
	Code  int    `json:"code,omitempty"` // exit status
	Text  string `json:"text,omitempty"` // for the user
	// Warning is what the user should know though all is well.
	Warning string `json:"warning,omitempty"`
}

// Failed is an error of the background process, with its exit status.
type Failed struct {
	Message string
	Code    int
}

func (e *Failed) Error() string { return e.Message }

// Start runs the program again in the background and returns what it says when
// it is ready, with a warning or without. Its standard error goes to log. The end
// of ctx ends it, if it is not ready by then.
func Start(ctx context.Context, log string) (text, warning string, err error) {
	exe, err := os.Executable()
	if err != nil {
		return "", "", fmt.Errorf("find the program itself: %w", err)
	}
	stderr, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return "", "", fmt.Errorf("open the log: %w", err)
	}
	defer stderr.Close()
	ours, theirs, err := os.Pipe()
	if err != nil {
		return "", "", fmt.Errorf("make a pipe: %w", err)
	}
	defer ours.Close()

	cmd := exec.Command(exe, os.Args[1:]...)
	cmd.Stderr = stderr
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.Env = append(os.Environ(), readyVar+"="+strconv.Itoa(firstExtraFile))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		theirs.Close()
		return "", "", fmt.Errorf("start the background process: %w", err)
	}
	theirs.Close()
	// Not exec.CommandContext: it would go on watching ctx, which ends when we
	// do, and take the background process along.
	unwatch := context.AfterFunc(ctx, func() {
		cmd.Process.Signal(syscall.SIGTERM)
		time.AfterFunc(stopTime, func() { cmd.Process.Kill() })
	})

	var r report
	line, readErr := bufio.NewReader(ours).ReadBytes('\n')
	if readErr == nil {
		readErr = json.Unmarshal(line, &r)
	}
	if readErr == nil && r.Error == "" {
		unwatch()
		return r.Text, r.Warning, cmd.Process.Release()
	}
	waitErr := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case r.Error != "":
		return "", "", &Failed{r.Error, r.Code}
	}
	return "", "", fmt.Errorf("the background process ended before it was ready (%w): see %s", errors.Join(waitErr), log)
}

// firstExtraFile is the descriptor that exec.Cmd gives to ExtraFiles[0].
const firstExtraFile = 3

// Parent is the foreground process, as the background one sees it. A nil Parent
// is nobody: its methods do nothing.
type Parent struct {
	pipe    *os.File
	warning string // to be told with Ready
}

// Foreground finds the process that waits for this one, or nil if this one was
// started by a person.
func Foreground() *Parent {
	fd, err := strconv.Atoi(os.Getenv(readyVar))
	if err != nil {
		return nil
	}
	os.Unsetenv(readyVar)
	syscall.CloseOnExec(fd)
	return &Parent{pipe: os.NewFile(uintptr(fd), "ready")}
}

// Warn has the user told of something, when all else is well.
func (p *Parent) Warn(text string) {
	if p != nil {
		p.warning = text
	}
}

// Ready tells that all is well, and leaves the directory it was started in,
// which must not be kept from being unmounted or removed.
func (p *Parent) Ready(text string) {
	if p == nil {
		return
	}
	os.Chdir("/")
	p.say(report{Text: text, Warning: p.warning})
}

// Fail tells why this process is about to end, with which status.
func (p *Parent) Fail(err error, code int) {
	if p != nil {
		p.say(report{Error: err.Error(), Code: code})
	}
}

// say fails only when nobody waits any more, and then there is nobody to tell.
func (p *Parent) say(r report) {
	json.NewEncoder(p.pipe).Encode(r)
	p.pipe.Close()
}
