package test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"codeoceanfs/remote/emulator"
)

var kernelFaults = []faultRow{
	{number: 62, fault: "the mount's process is killed under readers: they are told, and the next one starts in its place with what was kept", run: killed, held: []string{"TestKilledWriter"}},
	{number: 63, fault: "a dead mount is where one is to be made: it is cleared away", held: []string{"TestDeadMount"}},
	{number: 64, fault: "the process is told to end while files are open: it does, and at a second signal at once", held: []string{"TestStopBusy", "TestTwoAtOnce", "TestStopElsewhere"}},
	{number: 65, fault: "a mistake of ours panics: the call fails, and the mount goes on", held: []string{"TestPanic"}},
	{number: 66, fault: "a reader is killed while it waits for bytes that do not come: it is gone at once, and others get theirs", run: readerKilled, held: []string{"TestKilledReader"}},
	{number: 67, fault: "signals that a program handles come a thousand times a second: no call of it is interrupted", run: alarms, held: []string{"TestCallIgnoresHandledSignals"}},
	{number: 68, fault: "the kernel's connection is aborted: the process ends, as after an unmount", run: aborted, root: true},
	{number: 69, fault: "the kernel forgets all names: they are found again, and open files read on", run: forgotten, root: true},
	{number: 70, fault: "a thousand descriptors of one file read the same: it is fetched once", run: fetchedOnce, held: []string{"TestOneDownloadForAllWhoWait"}},
	{number: 71, fault: "a map of a file meets a store that fails: the program is told by SIGBUS, and never by zeros", run: mapFails, held: []string{"TestMmap", "TestReadingCalls"}},
	{number: 72, fault: "there is no FUSE, or no place to mount: the message says what to do", held: []string{"TestNoDevice", "TestMistakes", "TestUnprivileged"}},
	{number: 73, fault: "cache, log or state are inside the mount: it is refused", held: []string{"TestCheck", "TestInside"}},
	{number: 74, fault: "the process may open 64 files only: readers wait for each other", run: fewDescriptors},
	{number: 75, fault: "of two mounts with one cache one is killed: the other reads on, also what the first has fetched", run: sharedCache},
}

func killed(r *rig) {
	times := 3
	if full() {
		times = 50
	}
	dir, point := r.t.TempDir(), r.t.TempDir()
	env := append(r.environment(r.t), "CODEOCEAN_DOMAIN="+r.api.url())
	for range times {
		start := time.Now()
		var err error
		r.m, err = r.tryMount(r.t, point, env, append(r.flags, "--cache-dir", dir)...)
		must(r.t, err)
		for _, asset := range assets {
			for _, file := range []string{"block+1", "many/f009"} {
				if _, err := r.m.helper("pattern", r.file(asset, file), contentName(asset, file)); err != nil {
					r.t.Error(err)
				}
			}
		}
		r.outcome.recovered(time.Since(start))
		var readers []*reader
		for _, asset := range assets {
			readers = append(readers, r.open(asset, "middle"))
		}
		heal := r.injectEach(emulator.Fault{StallAfter: rand.Int64N(100_000)}, "middle")
		r.ResetCounts()
		ends := make(chan string, len(readers))
		for _, s := range readers {
			go func() {
				said, _ := s.read(rand.Int64N(300)<<17, 64<<10)
				ends <- said
			}()
		}
		eventually(r.t, "they wait", func() error {
			if r.Requests("s3.GetObject") < 2 {
				return errNotYet
			}
			return nil
		})
		r.m.process.Kill()
		killed := time.Now()
		for range readers {
			said := <-ends
			r.outcome.faulty(said, time.Since(killed))
			if !contains([]string{"ENOTCONN", "ECONNABORTED", "EIO"}, said) || time.Since(killed) > slack {
				r.t.Errorf("a reader: %s after %s", said, time.Since(killed))
			}
		}
		<-r.m.exited
		heal()
	}
}

func readerKilled(r *rig) {
	// Nothing else ends their wait.
	r.mount("--cache-size", "0", "--read-timeout", "1m", "--first-byte-timeout", "1m", "--stall-timeout", "1m", "--dial-timeout", "1m")
	for round, how := range []func(*rig) (heal func()){
		func(r *rig) func() {
			return r.Inject(emulator.Fault{Route: "s3.GetObject", Path: "many/f", StallAfter: -1})
		},
		func(r *rig) func() {
			r.store.blackHole()
			return r.store.listen
		},
	} {
		heal := how(r)
		stop := r.bystander("internal")
		// Of the signals that end a program, those that nohup and shells let through.
		for i, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGUSR2} {
			// Past the kernel's pages: for those a killed program does not wait.
			// One that handles a signal goes on waiting, as with any disk.
			reader := exec.Command("dd", "iflag=direct", "bs=64k", "status=none", "of=/dev/null", "if="+r.file(assets[i%2], fmt.Sprintf("many/f%03d", 30+10*round+i)))
			must(r.t, reader.Start())
			eventually(r.t, "it waits", func() error { return waitsInRead(reader.Process.Pid, unix.SYS_READ) })
			start := time.Now()
			reader.Process.Signal(sig)
			dog := time.AfterFunc(2*slack, r.m.abort)
			reader.Wait()
			dog.Stop()
			took := time.Since(start)
			r.outcome.killed(took)
			if took > time.Second+slack {
				r.t.Errorf("%v: gone after %s", sig, took)
			}
		}
		stop()
		heal()
		for _, asset := range assets {
			if _, err := r.m.helper("pattern", r.file(asset, "block+1"), contentName(asset, "block+1")); err != nil {
				r.t.Errorf("after it: %v", err)
			}
		}
	}
	r.leftNothing()
}

// waitsInRead tells whether a thread of the process is in the call.
func waitsInRead(pid int, call int) error {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", pid))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		var number int
		if _, err := fmt.Sscan(string(text), &number); err == nil && number == call {
			return nil
		}
	}
	return errNotYet
}

func alarms(r *rig) {
	r.mount("--cache-size", "0", "--memory-limit", "64M", "--read-timeout", "1m")
	r.SetShape(emulator.Shape{Latency: 30 * time.Millisecond})
	for _, asset := range assets {
		start := time.Now()
		if _, err := r.m.helper("alarmed", r.file(asset, "middle"), contentName(asset, "middle"), "1000", "30"); err != nil {
			r.t.Error(err)
		}
		r.outcome.faulty("ok", time.Since(start))
	}
	r.leftNothing()
}

// alarmed FILE NAME HERTZ READS reads at random places of FILE, while signals
// come that are handled, and compares with the generated content of that name.
func alarmed(args []string) error {
	hertz, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	reads, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	var came atomic.Int64
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGALRM, syscall.SIGURG)
	go func() {
		for range signals {
			came.Add(1)
		}
	}()
	every := unix.Timeval{Usec: int64(time.Second/time.Microsecond) / int64(hertz)}
	if _, err := unix.Setitimer(unix.ItimerReal, unix.Itimerval{Interval: every, Value: every}); err != nil {
		return err
	}
	// Past the kernel's pages: for those no program is interrupted.
	f, err := os.OpenFile(args[0], os.O_RDONLY|unix.O_DIRECT, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	for range reads {
		if err := compareDirect(f, args[1], rand.Int64N(size/4096)*4096, 64<<10, size); err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Stat(filepath.Dir(args[0])+"/"+strconv.Itoa(rand.IntN(1000)), &st); err != unix.ENOENT {
			return fmt.Errorf("stat: %w", err)
		}
	}
	if came.Load() == 0 {
		return fmt.Errorf("no signal came")
	}
	return nil
}

func aborted(r *rig) {
	r.mount()
	s := r.open("internal", "middle")
	heal := r.injectEach(emulator.Fault{StallAfter: -1}, "middle")
	defer heal()
	ends := make(chan string, 1)
	go func() {
		said, _ := s.read(16<<20, 64<<10)
		ends <- said
	}()
	eventually(r.t, "it waits", func() error { return waitsInRead(s.cmd.Process.Pid, unix.SYS_PREAD64) })
	start := time.Now()
	r.m.abort()
	said := <-ends
	r.outcome.faulty(said, time.Since(start))
	if said == "ok" || time.Since(start) > slack {
		r.t.Errorf("the reader: %s after %s", said, time.Since(start))
	}
	select {
	case <-r.m.exited:
		if r.m.err != nil {
			r.t.Error(r.m.err)
		}
	case <-time.After(r.read + stopTime): // what it waits for has its time
		r.t.Errorf("the process goes on:\n%s", r.m.goroutines())
	}
}

func forgotten(r *rig) {
	r.add(r.t, emulator.Asset{Record: emulator.Record{Name: "wide"}, Generate: []emulator.Generated{{Path: "f%04d", Count: []int{4000}, Size: 10}}})
	r.mount()
	open := r.open("internal", "middle")
	for range 2 {
		r.m.run("find", r.m.path("dataset", "wide"), r.m.path("dataset", "folders"), "-ls")
		must(r.t, os.WriteFile("/proc/sys/vm/drop_caches", []byte("2"), 0))
		said, took := open.read(rand.Int64N(40)<<20, 64<<10)
		r.outcome.faulty(said, took)
		if said != "ok" {
			r.t.Error(said)
		}
	}
	if out := r.m.run("cat", r.m.path("dataset", "wide", "f3999")); len(out) != 10 {
		r.t.Errorf("%d bytes", len(out))
	}
	open.close()
	r.leftNothing()
}

func fetchedOnce(r *rig) {
	descriptors := "1000"
	if full() {
		descriptors = "10000"
	}
	r.mount("--cache-size", "0", "--memory-limit", "64M", "--read-timeout", "1m")
	for _, asset := range assets {
		r.ResetCounts()
		if _, err := r.m.helper("crowd", r.file(asset, "middle"), contentName(asset, "middle"), descriptors, strconv.Itoa(1<<20)); err != nil {
			r.t.Error(err)
		}
		if n := r.Counts()["s3.GetObject"].Bytes; n > 16<<20 {
			r.t.Errorf("%s: %d bytes for one megabyte", asset, n)
		}
	}
	r.leftNothing()
}

// crowd FILE NAME N SPAN opens FILE N times, and then reads through all of them
// at once, each at a place of its own below SPAN.
func crowd(args []string) error {
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	span, err := strconv.ParseInt(args[3], 10, 64)
	if err != nil {
		return err
	}
	files := make([]*os.File, n)
	var size int64
	for i := range files {
		// Past the kernel's pages, and past the Go library's poller.
		fd, err := unix.Open(args[0], unix.O_RDONLY|unix.O_DIRECT|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		files[i] = os.NewFile(uintptr(fd), args[0])
		defer files[i].Close()
		if i == 0 {
			info, err := files[i].Stat()
			if err != nil {
				return err
			}
			size = info.Size()
		}
	}
	var g errgroup.Group
	for _, f := range files {
		off := int64(0)
		if pages := (span - 64<<10) / 4096; pages > 0 {
			off = rand.Int64N(pages) * 4096
		}
		g.Go(func() error { return compareDirect(f, args[1], off, 64<<10, size) })
	}
	return g.Wait()
}

func mapFails(r *rig) {
	r.mount("--cache-size", "0")
	heal := r.injectEach(said(403, "AccessDenied", "Access Denied"), "middle")
	for _, asset := range assets {
		out, err := r.m.helper("mmap", r.file(asset, "middle"))
		if err == nil || !strings.Contains(err.Error(), "SIGBUS") {
			r.t.Errorf("%s: %q, %v", asset, out, err)
		}
	}
	heal()
	for _, asset := range assets {
		if got, want := r.m.run("sha256sum", r.file(asset, "block+1"))[:64], patternSum(r.t, contentName(asset, "block+1"), 128<<10+1); got != want {
			r.t.Errorf("after it: %s", got)
		}
	}
	r.leftNothing()
}

func fewDescriptors(r *rig) {
	env := append(r.environment(r.t), "CODEOCEAN_DOMAIN="+r.api.url())
	var err error
	r.m, err = r.tryMountBy(r.t, []string{"sh", "-c", `ulimit -n 64 && exec "$@"`, "sh"}, r.t.TempDir(), env,
		append(r.flags, "--s3-endpoint", r.store.url(), "--read-timeout", "1m")...)
	must(r.t, err)
	for _, asset := range assets {
		start := time.Now()
		if _, err := r.m.helper("crowd", r.file(asset, "middle"), contentName(asset, "middle"), "200", strconv.Itoa(middleSize)); err != nil {
			r.t.Error(err)
		}
		r.outcome.faulty("ok", time.Since(start))
	}
	eventually(r.t, "its descriptors", func() error {
		if n := r.usage(); n.files+n.sockets > 64 {
			return fmt.Errorf("%+v", n)
		}
		return nil
	})
	// To end takes descriptors as well.
	_, point, _ := strings.Cut(r.m.point, "/root")
	r.m.process.Signal(syscall.SIGTERM)
	<-r.m.exited
	if table, _ := os.ReadFile("/proc/self/mountinfo"); r.m.err != nil || strings.Contains(string(table), point) {
		r.t.Errorf("at its end: %v, mounted: %t\n%s", r.m.err, strings.Contains(string(table), point), r.m.log)
		exec.Command("umount", "-l", point).Run()
	}
}

func sharedCache(r *rig) {
	dir := r.t.TempDir()
	env := append(r.environment(r.t), "CODEOCEAN_DOMAIN="+r.api.url())
	var two [2]*mounted
	for i := range two {
		var err error
		two[i], err = r.tryMount(r.t, r.t.TempDir(), env, append(r.flags, "--cache-dir", dir)...)
		must(r.t, err)
	}
	read := func(m *mounted, file string) int64 {
		r.ResetCounts()
		for _, asset := range assets {
			if _, err := m.helper("pattern", m.path("dataset", asset, file), contentName(asset, file)); err != nil {
				r.t.Error(err)
			}
		}
		return r.Requests("s3.GetObject")
	}
	read(two[0], "block+1")
	eventually(r.t, "the other reads it from the disk", func() error {
		if n := read(two[1], "block+1"); n > 0 {
			return fmt.Errorf("%d requests", n)
		}
		return nil
	})
	go two[0].helper("pattern", two[0].path("dataset", "internal", "middle"), contentName("internal", "middle"))
	eventually(r.t, "the first reads", func() error {
		if r.Requests("s3.GetObject") == 0 {
			return errNotYet
		}
		return nil
	})
	two[0].process.Kill()
	<-two[0].exited
	exec.Command("umount", "-l", two[0].point).Run()
	read(two[1], "many/f011")
}
