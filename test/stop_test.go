package test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

func ended(pid int) error {
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if !strings.Contains(string(stat), ") Z ") { // nobody waits for an orphan here
			return fmt.Errorf("%w: process %d runs", errNotYet, pid)
		}
	}
	return nil
}

// mountPID finds the process of a mount in its status.
func mountPID(t *testing.T, point string) int {
	t.Helper()
	out, err := exec.Command("cat", filepath.Join(point, "control", "status.json")).Output()
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`"pid": (\d+)`).FindSubmatch(out)
	if found == nil {
		t.Fatalf("no pid in %s", out)
	}
	pid, _ := strconv.Atoi(string(found[1]))
	return pid
}

// TestStopBusy ends a mount that is in use, by signal and by umount.
func TestStopBusy(t *testing.T) {
	t.Parallel()
	d := generated(t)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		m := d.mount(t)
		stand := exec.Command("sleep", "300")
		stand.Dir = m.path("dataset")
		if err := stand.Start(); err != nil {
			t.Fatal(err)
		}
		defer stand.Process.Kill()
		if _, stderr, code := command(t, d.environment(t), "umount", m.point); code != 32 || !strings.Contains(stderr, "in use") {
			t.Errorf("umount while it is in use: %d %s", code, stderr)
		}
		m.process.Signal(sig)
		select {
		case <-m.exited:
			if m.err != nil {
				t.Errorf("%v: %v", sig, m.err)
			}
		case <-time.After(stopTime):
			t.Errorf("%v does not end it", sig)
		}
		if out, _ := exec.Command("grep", "-F", m.point, "/proc/self/mountinfo").Output(); len(out) > 0 {
			t.Errorf("left mounted: %s", out)
		}
		stand.Process.Kill()
		stand.Wait()
	}
}

// TestLazyUmount takes a mount away from a program that uses it.
func TestLazyUmount(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t)
	stand := exec.Command("sleep", "300")
	stand.Dir = m.path("dataset")
	if err := stand.Start(); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := command(t, d.environment(t), "umount", "--lazy", m.point); code != 0 {
		t.Errorf("umount --lazy: %d %s", code, stderr)
	}
	stand.Process.Kill()
	stand.Wait()
	select {
	case <-m.exited:
	case <-time.After(stopTime):
		t.Error("the process goes on")
	}
}

// TestStopElsewhere ends a mount that another mount namespace still has.
func TestStopElsewhere(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can make a mount namespace")
	}
	d := generated(t)
	m := d.mount(t)
	other := exec.Command("unshare", "--mount", "--propagation", "private", "sleep", "300")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		other.Process.Kill()
		other.Wait()
	}()
	eventually(t, "the other namespace", func() error {
		ours, _ := os.Readlink("/proc/self/ns/mnt")
		if theirs, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", other.Process.Pid)); err != nil || theirs == ours {
			return errNotYet
		}
		return nil
	})
	m.process.Signal(syscall.SIGTERM)
	select {
	case <-m.exited:
		if m.err != nil {
			t.Error(m.err)
		}
	case <-time.After(stopTime):
		t.Error("SIGTERM does not end it")
	}
}

// TestTwoAtOnce makes two mounts at one place at the same time, and sends two
// signals at once to the one that gets it.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	d := generated(t)
	point := t.TempDir()
	env := d.environment(t)
	var mounts [2]*mounted
	var errs [2]error
	var wg sync.WaitGroup
	for i := range mounts {
		wg.Go(func() { mounts[i], errs[i] = d.tryMount(t, point, env) })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("not one of two: %v, %v", errs[0], errs[1])
	}
	m := mounts[0]
	if m == nil {
		m = mounts[1]
	}
	m.run("ls", m.path("dataset", "internal"))
	m.process.Signal(syscall.SIGTERM)
	m.process.Signal(syscall.SIGTERM)
	<-m.exited
	if out, _ := exec.Command("grep", "-F", point, "/proc/self/mountinfo").Output(); len(out) > 0 {
		t.Errorf("left mounted: %s", out)
	}
}

// TestDeadMount mounts where a killed mount was left.
func TestDeadMount(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t)
	m.process.Kill()
	<-m.exited
	m.fails("not connected", "ls", m.point)
	again, err := d.tryMount(t, m.point, d.environment(t))
	if err != nil {
		t.Fatal(err)
	}
	again.run("ls", again.path("dataset", "internal"))
}

// TestKilledReader kills a program that waits for bytes which do not come.
func TestKilledReader(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t)
	file := m.path("dataset", "internal", "middle")
	m.run("stat", file)
	heal := d.Inject(emulator.Fault{Route: "s3.GetObject", Path: "middle", StallAfter: -1})
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		reader := exec.Command("cat", file)
		if err := reader.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond) // until it waits
		start := time.Now()
		reader.Process.Signal(sig)
		reader.Wait()
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%v took %s", sig, took)
		}
	}
	// All the while other files answer.
	if _, err := m.helper("pattern", m.path("dataset", "external", "one"), contentName("external", "one")); err != nil {
		t.Errorf("another file: %v", err)
	}
	heal()
	if _, err := m.helper("pattern", file, contentName("internal", "middle")); err != nil {
		t.Errorf("after it: %v", err)
	}
}
