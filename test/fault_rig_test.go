package test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"codeoceanfs/remote/emulator"
)

// budgets are the program's timeouts in these tests.
type budgets struct {
	read, metadata, patience time.Duration // patience is for a silent connection
	flags                    []string
}

// budget is short, so that all faults can be gone through at each change.
func budget() budgets {
	if full() {
		return budgets{60 * time.Second, 30 * time.Second, 10 * time.Second, nil}
	}
	return budgets{6 * time.Second, 4 * time.Second, 1500 * time.Millisecond, []string{
		"--dial-timeout", "1s", "--tls-timeout", "1s", "--first-byte-timeout", "1500ms", "--stall-timeout", "1500ms",
		"--read-timeout", "6s", "--metadata-timeout", "4s",
	}}
}

const (
	// slack is what a loaded machine may add to any time.
	slack = 5 * time.Second
	// meanwhile is how long other files may take during a fault.
	meanwhile = 2 * time.Second
	// recovery is how soon a healed fault is over for who reads on.
	recovery = 5 * time.Second
)

// rig is a deployment behind proxies, its mount, and what a case finds out.
type rig struct {
	*deployment
	budgets
	t          *testing.T
	m          *mounted
	api, store *proxy
	outcome    *outcome
	base       usage
	rounds     int64    // gone through in this mount
	prefix     []string // of the command that mounts
	folders    atomic.Int32
	storeName  atomic.Value // string
}

// assets are where the same files are, by two ways.
var assets = []string{"internal", "external"}

// newRig makes all but the mount.
func newRig(t *testing.T, o *outcome) *rig {
	r := &rig{t: t, outcome: o, budgets: budget(), api: newProxy(t, nil), store: newProxy(t, nil)}
	r.name(r.store.url())
	r.deployment = generated(t, func(c *emulator.Config) { c.S3Name = r.storeNow })
	r.add(t, emulator.Asset{
		Record:   emulator.Record{ID: foldersID, Name: "folders"},
		Generate: []emulator.Generated{{Path: "d%03d/f", Count: []int{400}, Size: 10}},
	})
	r.api.to(strings.TrimPrefix(r.APIURL(), "http://"))
	r.store.to(strings.TrimPrefix(r.S3URL(), "http://"))
	return r
}

// foldersID is of an asset of folders that nobody has looked into.
const foldersID = "11111111-0000-4000-8000-000000000003"

// nextFolder is one of them, each time another, and never near the one before:
// folders are listed ahead of those who go through them in an order.
func (r *rig) nextFolder() string {
	r.folders.Add(37)
	return r.lastFolder()
}

func (r *rig) lastFolder() string {
	return r.m.path("dataset", "folders", fmt.Sprintf("d%03d", r.folders.Load()%400))
}

// name changes what signed URLs begin with, before there is one.
func (r *rig) name(url string) { r.storeName.Store(url) }

func (r *rig) storeNow() string { return r.storeName.Load().(string) }

// mount mounts with more flags and variables; it has no place in the test's
// cache, and looks for changes by itself as seldom as not at all.
func (r *rig) mount(flags ...string) {
	r.t.Helper()
	r.mountWith(nil, flags...)
}

func (r *rig) mountWith(env []string, flags ...string) {
	r.t.Helper()
	env = append(append(r.environment(r.t), "CODEOCEAN_DOMAIN="+r.api.url()), env...)
	flags = append(append([]string{"--s3-endpoint", r.store.url(), "--refresh-interval", "1h"}, r.flags...), flags...)
	m, err := r.tryMount(r.t, r.t.TempDir(), env, flags...)
	must(r.t, err)
	r.m = m
	// What is known before all faults: the folders, and one small file whole.
	for _, asset := range assets {
		r.m.run("ls", r.m.path("dataset", asset), r.m.path("dataset", asset, "many"))
		if _, err := r.m.helper("pattern", r.file(asset, "block"), contentName(asset, "block")); err != nil {
			r.t.Fatal(err)
		}
	}
	r.m.run("ls", r.m.path("dataset", "folders"))
	r.base = r.usage()
}

func (r *rig) file(asset, path string) string { return r.m.path("dataset", asset, path) }

// reader is a process that has a file open, and reads where it is told to.
type reader struct {
	r     *rig
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
	dog   *time.Timer
}

// open opens a file, past the kernel's pages.
func (r *rig) open(asset, path string) *reader {
	r.t.Helper()
	s := &reader{r: r, cmd: exec.Command(os.Args[0], r.file(asset, path), contentName(asset, path))}
	s.cmd.Env = append(os.Environ(), helperVar+"=session", raceOptions)
	s.cmd.Stderr = os.Stderr
	var err error
	s.in, err = s.cmd.StdinPipe()
	must(r.t, err)
	out, err := s.cmd.StdoutPipe()
	must(r.t, err)
	must(r.t, s.cmd.Start())
	s.lines = bufio.NewScanner(out)
	s.dog = time.AfterFunc(10*time.Minute, func() {
		r.m.abort()
		s.cmd.Process.Kill()
	})
	r.t.Cleanup(s.close)
	if got, _ := s.line(); got != "open" {
		r.t.Errorf("open %s/%s: %s", asset, path, got)
	}
	return s
}

func (s *reader) close() {
	if s.cmd == nil {
		return
	}
	s.in.Close()
	s.cmd.Wait()
	s.dog.Stop()
	s.cmd = nil
}

// read reads n bytes at off: "ok", an errno, or what is wrong; and how long it took.
func (s *reader) read(off, n int64) (string, time.Duration) {
	fmt.Fprintln(s.in, off, n)
	return s.line()
}

func (s *reader) line() (string, time.Duration) {
	if !s.lines.Scan() {
		return "the reader is gone", 0
	}
	said, after, _ := strings.Cut(s.lines.Text(), " after ")
	took, _ := time.ParseDuration(after)
	return said, took
}

// session FILE NAME opens FILE with O_DIRECT, and for each line OFF N of its
// input reads there, and compares with the generated content of that name.
func sessionHelper(args []string) error {
	start := time.Now()
	said := func(err error) {
		text := "ok"
		var errno unix.Errno
		switch {
		case errors.As(err, &errno):
			text = unix.ErrnoName(errno)
		case err != nil:
			text = err.Error()
		}
		fmt.Printf("%s after %s\n", text, time.Since(start))
	}
	f, err := os.OpenFile(args[0], os.O_RDONLY|unix.O_DIRECT, 0)
	if err != nil {
		said(err)
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		said(err)
		return nil
	}
	fmt.Println("open")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var off, n int64
		if _, err := fmt.Sscan(lines.Text(), &off, &n); err != nil {
			return err
		}
		start = time.Now()
		said(compareDirect(f, args[1], off, n, info.Size()))
	}
	return nil
}

func compareDirect(f *os.File, name string, off, n, size int64) error {
	buf := aligned(n)
	got, err := unix.Pread(int(f.Fd()), buf, off)
	if err != nil {
		return err
	}
	return sameBytes(name, buf[:got], off, n, size)
}

// bystander reads a file that is known, through the mount's own process, again
// and again until stopped: a fault of others is none of its business.
func (r *rig) bystander(asset string) (stop func()) {
	r.t.Helper()
	s := r.open(asset, "block")
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			said, took := s.read(0, 64<<10)
			r.outcome.other(took)
			if said != "ok" {
				r.t.Errorf("meanwhile another file: %s", said)
				return
			}
			if took > meanwhile+slack {
				r.t.Errorf("meanwhile another file took %s", took)
			}
			select {
			case <-done:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(done)
		<-ended
		s.close()
	})
}

// phases is a fault in the middle of reading: a file is open before, read
// during, and read after it, through the same descriptor.
type phases struct {
	path   string                    // "middle" unless it says another
	assets []string                  // both, unless it says which
	begin  func(r *rig) (end func()) // what is wrong
	ends   []string                  // how a read may end meanwhile: "ok", or errnos
	within time.Duration             // it takes at most; the budget of reads if 0
	stale  bool                      // the descriptor is for a version that is gone: only a new one reads
	most   int64                     // requests to the store
	says   string                    // words in the log
	late   bool                      // a host that was down is asked again each 5 s only: reads may fail until then
	lines  int                       // that the log may have of failed reads; one for each asset if 0
}

// go through it, in a mount of its own unless there is one.
func (p phases) run(r *rig) {
	r.t.Helper()
	if r.m == nil {
		r.mount("--cache-size", "0", "--memory-limit", "64M")
	}
	if p.path == "" {
		p.path = "middle"
	}
	if p.assets == nil {
		p.assets = assets
	}
	// What an earlier round has read is known.
	during := int64(16<<20) + r.rounds*3<<20
	after := during + 3<<19
	r.rounds++
	open := map[string]*reader{}
	for _, asset := range p.assets {
		open[asset] = r.open(asset, p.path)
		if said, _ := open[asset].read(0, 64<<10); said != "ok" {
			r.t.Fatalf("healthy, %s: %s", asset, said)
		}
	}
	r.quiet()
	r.base = r.usage()
	logged := len(r.m.log.String())
	stop := r.bystander(p.assets[0])
	defer stop()
	r.ResetCounts()
	end := sync.OnceFunc(p.begin(r))
	defer end()
	within := p.within
	if within == 0 {
		within = r.read
	}
	together(p.assets, func(asset string) {
		said, took := open[asset].read(during, 64<<10)
		r.outcome.faulty(said, took)
		if !contains(p.ends, said) {
			r.t.Errorf("during it, %s: %s after %s, not %s", asset, said, took, p.ends)
		}
		if took > within+slack {
			r.t.Errorf("during it, %s: it took %s", asset, took)
		}
	})
	stop()
	if n := r.Requests("s3.GetObject"); p.most > 0 && (n > p.most || n == 0) {
		r.t.Errorf("%d requests to the store", n)
	}
	end()
	healed := time.Now()
	together(p.assets, func(asset string) {
		s := open[asset]
		if p.stale {
			r.m.run("ls", r.m.path("dataset", asset)) // it is looked for again
			s = r.open(asset, p.path)
		}
		said, _ := s.read(after, 64<<10)
		for p.late && said != "ok" && time.Since(healed) < recovery+slack {
			time.Sleep(100 * time.Millisecond)
			said, _ = s.read(after, 64<<10)
		}
		if took := time.Since(healed); said != "ok" {
			r.t.Errorf("after it, %s: %s", asset, said)
		} else if took > recovery+slack {
			r.t.Errorf("after it, %s: only after %s", asset, took)
		}
		r.outcome.recovered(time.Since(healed))
	})
	for _, s := range open {
		s.close()
	}
	r.logged(logged, p)
	r.leftNothing()
}

// logged holds the log to what a fault may take: a line for each file that
// could not be read, and the words.
func (r *rig) logged(from int, p phases) {
	r.t.Helper()
	if p.says != "" {
		r.m.logged(p.says)
	}
	failed := strings.Count(r.m.log.String()[from:], "read failed")
	most := max(p.lines, len(p.assets))
	if len(p.ends) == 1 && p.ends[0] == "ok" {
		most = 0
	}
	if failed > most {
		r.t.Errorf("%d lines of failed reads in the log:\n%s", failed, r.m.log.String()[from:])
	}
}

// usage is what the mount's process holds; kept are open files of its cache,
// of which it may keep some for the next.
type usage struct{ goroutines, files, sockets, kept int }

func (r *rig) usage() (u usage) {
	r.t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", r.m.process.Pid)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrPermission) {
		return usage{} // not our own: the process is not dumpable
	}
	must(r.t, err)
	for _, e := range entries {
		switch target, _ := os.Readlink(dir + "/" + e.Name()); {
		case strings.HasPrefix(target, "socket:"):
			u.sockets++
		case strings.Contains(target, "/blocks/"):
			u.kept++
		default:
			u.files++
		}
	}
	u.goroutines = r.m.status().Process.Goroutines
	return u
}

// quiet waits until nothing is on its way to the mount.
func (r *rig) quiet() {
	r.t.Helper()
	last := int64(-1)
	eventually(r.t, "no more requests", func() error {
		var sum int64
		for _, c := range r.Counts() {
			sum += c.Bytes + c.Requests
		}
		if sum == last {
			return nil
		}
		last = sum
		return errNotYet
	})
}

// leftNothing compares with what the process held before. Connections may stay
// open for the next, each with two goroutines.
func (r *rig) leftNothing() {
	r.t.Helper()
	const (
		maxSockets = 16 + 2*32 // to the platform, to stores of both kinds
		maxKept    = 2 * 128
	)
	eventually(r.t, "what the fault has taken is given back", func() error {
		u := r.usage()
		spare := 2*max(0, u.sockets-r.base.sockets) + 8 // and what is just being answered
		if u.files > r.base.files+1 || u.sockets > maxSockets || u.kept > maxKept || u.goroutines > r.base.goroutines+spare {
			return fmt.Errorf("%+v, and before %+v", u, r.base)
		}
		return nil
	})
}

// together does something for all assets at once.
func together(assets []string, do func(asset string)) {
	var wg sync.WaitGroup
	for _, asset := range assets {
		wg.Go(func() { do(asset) })
	}
	wg.Wait()
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// injectEach makes the reads of a file of each asset suffer, each as often as
// the fault says.
func (r *rig) injectEach(f emulator.Fault, path string) (heal func()) {
	var heals []func()
	for _, in := range []string{generatedID, "lab-bucket"} {
		f := f
		f.Route = "s3.GetObject"
		f.Match = func(req *http.Request) bool {
			return strings.Contains(req.URL.Path, in) && strings.HasSuffix(req.URL.Path, "/"+path)
		}
		heals = append(heals, r.Inject(f))
	}
	return func() {
		for _, heal := range heals {
			heal()
		}
	}
}

// wrong is a fault of reads of the file "middle".
func wrong(f emulator.Fault) func(*rig) func() {
	return func(r *rig) func() { return r.injectEach(f, "middle") }
}

// passes is a fault that goes by itself, and is not noticed.
func passes(f emulator.Fault) func(*rig) {
	f.Times = 2
	return phases{begin: wrong(f), ends: []string{"ok"}, most: 20}.run
}

// lasts is one that stays until it is healed.
func lasts(f emulator.Fault, ends ...string) func(*rig) {
	return phases{begin: wrong(f), ends: ends, most: 60}.run
}

// allOf does one after the other.
func allOf(cases ...func(*rig)) func(*rig) {
	return func(r *rig) {
		for _, c := range cases {
			c(r)
		}
	}
}

// answers tells how a program ended that looks at the platform meanwhile, and
// holds it to the budget.
func (r *rig) answersWithin(within time.Duration, program string, args ...string) (string, error) {
	r.t.Helper()
	start := time.Now()
	out, err := r.m.try(program, args...)
	took := time.Since(start)
	r.outcome.faulty(ending(err), took)
	if took > within+slack {
		r.t.Errorf("%s %q took %s", program, args, took)
	}
	return out, err
}

func ending(err error) string {
	if err == nil {
		return "ok"
	}
	for text, name := range map[string]string{
		"Input/output error": "EIO", "Connection timed out": "ETIMEDOUT", "No route to host": "EHOSTUNREACH",
		"Permission denied": "EACCES", "No such file": "ENOENT", "Stale file": "ESTALE", "not connected": "ENOTCONN",
	} {
		if strings.Contains(err.Error(), text) {
			return name
		}
	}
	return "error"
}

func hostOf(url string) string {
	_, host, _ := strings.Cut(url, "://")
	return host
}
