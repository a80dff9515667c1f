package test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// path is a path in the mount.
func (m *mounted) path(parts ...string) string {
	return filepath.Join(append([]string{m.point}, parts...)...)
}

// run runs a program and returns what it printed. It must succeed.
func (m *mounted) run(program string, args ...string) string {
	m.t.Helper()
	out, err := m.try(program, args...)
	if err != nil {
		m.t.Fatal(err)
	}
	return out
}

// try runs a program that may fail, with an error that holds what it said.
func (m *mounted) try(program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), runTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", raceOptions)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		// Stuck in the kernel, a process does not die before it is let go.
		time.AfterFunc(2*time.Second, m.abort)
		return nil
	}
	cmd.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return "", fmt.Errorf("%s %q hung for %s\n%s", program, args, runTime, m.goroutines())
	}
	if err != nil {
		return stdout.String(), fmt.Errorf("%s %q: %w: %s%s", program, args, err, stdout.String(), stderr.String())
	}
	return stdout.String(), nil
}

// fails runs a program that must fail, and say so in these words.
func (m *mounted) fails(words, program string, args ...string) {
	m.t.Helper()
	_, err := m.try(program, args...)
	if err == nil || !strings.Contains(err.Error(), words) {
		m.t.Errorf("%s %q: not %q: %v", program, args, words, err)
	}
}

// helper runs one of the programs in a process of its own.
func (m *mounted) helper(command string, args ...string) (string, error) {
	return m.try("env", append([]string{helperVar + "=" + command, os.Args[0]}, args...)...)
}

// hold opens a file in a process of its own. The function that it returns has
// that process read the file and gives the sum.
func (m *mounted) hold(file string, more ...string) func() string {
	m.t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{file}, more...)...)
	cmd.Env = append(os.Environ(), helperVar+"=hold", raceOptions)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	dog := time.AfterFunc(2*runTime, func() {
		m.abort()
		cmd.Process.Kill()
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "open" {
		m.t.Fatalf("hold %s: %s", file, stderr.String())
	}
	return func() string {
		m.t.Helper()
		defer dog.Stop()
		in.Close()
		lines.Scan()
		if err := cmd.Wait(); err != nil {
			m.t.Fatalf("hold %s: %v: %s", file, err, stderr.String())
		}
		return lines.Text()
	}
}

// eventually waits until check is satisfied. The bound is generous: it is only
// reached when the test fails.
func eventually(t testing.TB, what string, check func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

var errNotYet = errors.New("not yet")

// start runs a program that goes on, until the function that it returns ends it.
func (m *mounted) start(args ...string) (stop func()) {
	m.t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	dog := time.AfterFunc(runTime, m.abort)
	return func() {
		cmd.Process.Kill()
		cmd.Wait()
		dog.Stop()
	}
}
