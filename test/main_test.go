// Package test drives the built program from outside, as its users do: a real
// mount in a process of its own, programs that read it in others, against the
// emulator over real sockets.
//
// No test touches a mount in its own process without a deadline: everything
// goes through run, which kills what does not end, and if the kernel will not
// let go even then, aborts the mount's connection.
package test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// binary is the program under test, built once with the race detector on, so
// that a race anywhere in it fails the test that met it; benchmarks do without.
var binary string

// buildTime is for a cold build of everything on a small machine.
const buildTime = 10 * time.Minute

func TestMain(m *testing.M) {
	if command, ok := os.LookupEnv(helperVar); ok {
		os.Exit(helper(command, os.Args[1:]))
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "codeoceanfs-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "codeoceanfs")
	ctx, cancel := context.WithTimeout(context.Background(), buildTime)
	defer cancel()
	args := []string{"build", "-o", binary}
	// Figures are of the program that people have; all else is under the race
	// detector, which takes five times the memory and twice the time.
	if flag.Parse(); flag.Lookup("test.bench").Value.String() == "" && !full() {
		args = append(args, "-race")
	}
	build := exec.CommandContext(ctx, "go", append(args, module)...)
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	if os.Geteuid() == 0 {
		// Without it a mount that hangs cannot be aborted; it may be there.
		exec.Command("mount", "-t", "fusectl", "none", "/sys/fs/fuse/connections").Run()
	}
	if err := os.Setenv(comparedVar, filepath.Join(dir, "compared")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := writeFigures(code != 0); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}
