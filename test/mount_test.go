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
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
	"codeoceanfs/remote/emulator/samples"
)

// Deadlines. They only bound what hangs: a test that is right takes a fraction.
const (
	startTime = 60 * time.Second // until a mount answers
	stopTime  = 30 * time.Second // until it is gone
	runTime   = 60 * time.Second // for one program that reads it
)

// deployment is a running emulator.
type deployment struct {
	*emulator.Server
	data string // its data directory
}

// deploy starts an emulator that serves the samples. edit may change how.
func deploy(t testing.TB, edit ...func(*emulator.Config)) *deployment {
	t.Helper()
	data := t.TempDir()
	if err := samples.Extract(data); err != nil {
		t.Fatal(err)
	}
	d := serve(t, append([]func(*emulator.Config){func(c *emulator.Config) { c.Data = data }}, edit...)...)
	// One of the drafts becomes ready by itself after a while, which is for
	// people to see: tests do not depend on when they look.
	err := d.Change("5cac5a26-dc70-5028-8db0-394d1069d2f1", func(a *emulator.Asset) { a.ReadyAfter, a.ReadyAt = 0, 0 })
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// serve starts an emulator that serves nothing but what edit gives it.
func serve(t testing.TB, edit ...func(*emulator.Config)) *deployment {
	t.Helper()
	cfg := emulator.Config{DraftTime: time.Second}
	for _, e := range edit {
		e(&cfg)
	}
	s, err := emulator.New(cfg)
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &deployment{s, cfg.Data}
}

// environment is what a user of the deployment would have set. Nothing of the
// machine's own configuration gets in.
func (d *deployment) environment(t testing.TB) []string {
	home := t.TempDir()
	key := emulator.DefaultS3Keys()[0]
	return []string{
		"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(),
		"XDG_CACHE_HOME=" + filepath.Join(home, ".cache"), "XDG_CONFIG_HOME=" + filepath.Join(home, ".config"),
		"CODEOCEAN_DOMAIN=" + d.APIURL(), "CODEOCEAN_TOKEN=cop_demo",
		"AWS_ACCESS_KEY_ID=" + key.AccessKey, "AWS_SECRET_ACCESS_KEY=" + key.SecretKey,
		raceOptions,
	}
}

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
	args := slices.Concat([]string{"mount", "--foreground", "--s3-endpoint", d.S3URL(), "--refresh-interval", "1s"}, flags, []string{point})
	cmd := exec.Command(binary, args...)
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
	if secret := secrets.FindString(m.log.String()); secret != "" {
		m.t.Errorf("the log holds a secret: %q", secret)
	}
}

// secrets is what no log, no error and no file of ours may hold.
var secrets = regexp.MustCompile(`cop_demo|X-Amz-Signature=[0-9a-f]{8}|not/a/secret`)

// logs waits for words in the log, which comes through a pipe of its own and may
// be behind what the mount has answered.
func (m *mounted) logs(t *testing.T, words string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%q in the log", words), func() error {
		if !strings.Contains(m.log.String(), words) {
			return errNotYet
		}
		return nil
	})
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

// eventually waits until check is satisfied. The bound is generous: it is only
// reached when the test fails.
func eventually(t *testing.T, what string, check func() error) {
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
