package clients

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Run runs a program to its end with env added to this process's environment,
// and returns its standard output. When ctx is over, the program and all that
// it started are killed. An error holds everything that was printed.
func Run(ctx context.Context, env []string, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	// A process that is stuck in the kernel keeps the pipes open: do not wait
	// for those for long.
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	if cause := ctx.Err(); err != nil && cause != nil {
		err = errors.Join(cause, err)
	}
	if err != nil {
		return stdout.Bytes(), fmt.Errorf("%s: %w\n%s%s", filepath.Base(program), err, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.Bytes(), nil
}
