package test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Deadlines. They only bound what hangs: a test that is right takes a fraction.
const (
	startTime = 60 * time.Second // until a mount answers
	stopTime  = 30 * time.Second // until it is gone
	runTime   = 60 * time.Second // for one program that reads it
	// patience is for what waits for nobody: alone it takes a second, and what
	// it must not wait for takes longer.
	patience = 20 * time.Second
)

// raceOptions make a data race end the program that has one, and not each of
// them wait for a second at its end.
const raceOptions = "GORACE=halt_on_error=1 atexit_sleep_ms=0"

// mounted is a mount in a process of its own.
type mounted struct {
	t       testing.TB
	point   string
	process *os.Process
	log     *lockedBuffer
	exited  chan struct{}
	err     error // of the process, once exited
}

// mount mounts the deployment with more flags, and takes it away at the end of
// the test. Whatever the program wrote is checked for secrets then.
func (d *deployment) mount(t testing.TB, flags ...string) *mounted {
	t.Helper()
	m, err := d.tryMount(t, t.TempDir(), d.environment(t), flags...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (d *deployment) tryMount(t testing.TB, point string, env []string, flags ...string) (*mounted, error) {
	t.Helper()
	return d.tryMountBy(t, nil, point, env, flags...)
}

// tryMountBy is tryMount through another program, which must become ours in the
// end. The mount is seen where that one sees it: in a mount namespace, say.
func (d *deployment) tryMountBy(t testing.TB, prefix []string, point string, env []string, flags ...string) (*mounted, error) {
	t.Helper()
	m, err := start(t, point, env, slices.Concat(prefix,
		[]string{binary, "mount", "--foreground", "--s3-endpoint", d.S3URL(), "--refresh-interval", "1s"}, flags, []string{point})...)
	if err == nil && prefix != nil {
		m.point = fmt.Sprintf("/proc/%d/root%s", m.process.Pid, point)
	}
	return m, err
}

// start runs a program that stays in the foreground, prints a line when it has
// mounted at point, and ends with the mount.
func start(t testing.TB, point string, env []string, command ...string) (*mounted, error) {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = env
	m := &mounted{t: t, point: point, log: new(lockedBuffer), exited: make(chan struct{})}
	cmd.Stderr = m.log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	m.process = cmd.Process
	ready := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(stdout).ReadString('\n')
		ready <- line
		m.err = cmd.Wait()
		close(m.exited)
	}()
	t.Cleanup(m.stop)
	select {
	case line := <-ready:
		if line == "" {
			<-m.exited
			return nil, fmt.Errorf("not mounted: %w\n%s", m.err, m.log)
		}
	case <-time.After(startTime):
		return nil, fmt.Errorf("not mounted after %s\n%s", startTime, m.log)
	}
	return m, nil
}

// stop ends the mount as a user does, and insists if that is not enough.
func (m *mounted) stop() {
	m.process.Signal(syscall.SIGTERM)
	select {
	case <-m.exited:
	case <-time.After(stopTime):
		m.t.Errorf("the mount does not end: %s", m.goroutines())
		m.abort()
		m.process.Kill()
		<-m.exited
	}
	exec.Command("umount", "-l", m.point).Run() // fails when all is well
	if m.t.Failed() {
		m.t.Logf("log of the mount:\n%s", m.log)
	}
	if strings.Contains(m.log.String(), "DATA RACE") {
		m.t.Errorf("data race in the mount:\n%s", m.log)
	}
	searched.Add(1)
	if secret := secrets.FindString(m.log.String()); secret != "" {
		leaks.Add(1)
		m.t.Errorf("the log holds a secret: %q", secret)
	}
}

// secrets is what no log, no error and no file of ours may hold.
var secrets = regexp.MustCompile(`cop_demo|X-Amz-Signature=[0-9a-f]{8}|not/a/secret`)

// searched counts the mounts whose logs were searched for them, and leaks those
// where there was one.
var searched, leaks atomic.Int64

// in is the mount for a test of its own.
func (m *mounted) in(t testing.TB) *mounted {
	return &mounted{t: t, point: m.point, process: m.process, log: m.log, exited: m.exited}
}

// goroutines makes the program print its stacks, and ends it.
func (m *mounted) goroutines() string {
	if m.process == nil {
		return "" // in the background, its log is its own
	}
	m.process.Signal(syscall.SIGQUIT)
	select {
	case <-m.exited:
	case <-time.After(5 * time.Second):
	}
	return m.log.String()
}

// abort ends the kernel's side of the mount: every program that hangs in it
// gets an error. It finds the connection in the kernel's table, since to look
// at the mount may hang.
func (m *mounted) abort() {
	table, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) > 4 && fields[4] == m.point {
			_, minor, _ := strings.Cut(fields[2], ":")
			os.WriteFile("/sys/fs/fuse/connections/"+minor+"/abort", []byte("1"), 0)
		}
	}
}

// lockedBuffer is a buffer that a process writes while a test reads it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
