package fs

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// request is a request of the kernel made by process pid, and its interrupt.
func kernelRequest(pid int) (ctx *fuse.Context, interrupt func()) {
	cancel := make(chan struct{})
	return &fuse.Context{Caller: fuse.Caller{Pid: uint32(pid)}, Cancel: cancel}, func() { close(cancel) }
}

func over(c *call, within time.Duration) bool {
	select {
	case <-c.Done():
		return true
	case <-time.After(within):
		return false
	}
}

func TestCallEndsAtItsDeadline(t *testing.T) {
	ctx, _ := kernelRequest(os.Getpid())
	c := newCall(ctx, 50*time.Millisecond)
	defer c.end()
	if c.Err() != nil {
		t.Errorf("at once: %v", c.Err())
	}
	if !over(c, 5*time.Second) || !errors.Is(c.Err(), context.DeadlineExceeded) {
		t.Errorf("after it: %v", c.Err())
	}
}

// A program with a timer or a profiler gets signals all the time, and its reads
// must not fail with EINTR for that.
func TestCallIgnoresHandledSignals(t *testing.T) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	defer signal.Stop(signals)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	<-signals
	ctx, interrupt := kernelRequest(os.Getpid())
	c := newCall(ctx, time.Minute)
	defer c.end()
	done := c.Done()
	interrupt()
	select {
	case <-done:
		t.Errorf("ended with %v", c.Err())
	case <-time.After(5 * killPoll):
	}
}

// A caller that nobody can look at gets some time, and then EINTR.
func TestCallOfUnknownCaller(t *testing.T) {
	ctx, interrupt := kernelRequest(0)
	c := newCall(ctx, time.Minute)
	defer c.end()
	interrupt()
	if over(c, unknownCallerGrace/2) {
		t.Error("ended at once")
	}
	if !over(c, 2*unknownCallerGrace) || !errors.Is(c.Err(), context.Canceled) {
		t.Errorf("goes on: %v", c.Err())
	}
}

// The process that is being killed while it waits in the kernel keeps SIGKILL
// pending; a stopped one that was sent SIGKILL would be gone, so this only
// looks at what a live process says.
func TestDying(t *testing.T) {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	pid := uint32(child.Process.Pid)
	if is, known := dying(pid); is || !known {
		t.Errorf("alive: %v, %v", is, known)
	}
	child.Process.Kill()
	child.Wait()
	if _, known := dying(pid); known {
		t.Error("a process that is gone is known")
	}
	if _, known := dying(0); known {
		t.Error("process 0 is known")
	}
}
