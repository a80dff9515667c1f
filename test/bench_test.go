package test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"codeoceanfs/remote/emulator"
)

// The benchmarks read a mount as people do, and compare with what the same
// bytes cost without one, in the same round: the machine is as busy for both.
// What to measure is in bench_rows_test.go, the floor in bench_floor_test.go,
// other mounts in bench_peer_test.go.

// Settings of a run, by environment: which rows, a regular expression of
// network/asset/row; and how many rounds. The medians of the rounds count.
const (
	rowsVar   = "CODEOCEANFS_BENCH_ROWS"
	roundsVar = "CODEOCEANFS_BENCH_ROUNDS"
	tableVar  = "CODEOCEANFS_BENCH_TABLE" // the file that the table goes to
)

const (
	defaultRounds = 3
	// rowTime ends a row after the round that it passes in: what takes that
	// long is far from any goal, and the whole table shall take a quarter of an
	// hour.
	rowTime = 25 * time.Second
)

// networks are what S3 gives to one machine in its region, and what this
// machine can do.
var networks = []benchNet{
	{"s3", emulator.Shape{Latency: 30 * time.Millisecond, ConnRate: 80 << 20, TotalRate: 1200 << 20}},
	{"loopback", emulator.Shape{}},
}

// bench is what one row is measured with.
type bench struct {
	b        *testing.B
	emu      *emulated
	data     string // the emulator's directory
	python   string // with the libraries
	shaped   bool
	external bool
	row      row
	env      []string // of all mounts of the row: they share a cache directory
	point    string
	m        *mounted
	plain    *mounted // without a disk cache, where a row compares with that
	peer     *mounted // the other program's that reads now: it may fail
	disk     string   // a file of a GiB on the local disk
}

// BenchmarkReading is the table of the README.
func BenchmarkReading(b *testing.B) {
	wanted := regexp.MustCompile(strings.ReplaceAll(os.Getenv(rowsVar), "_", "[ _]"))
	rounds := defaultRounds
	if s := os.Getenv(roundsVar); s != "" {
		var err error
		rounds, err = strconv.Atoi(s)
		must(b, err)
	}
	rounds = min(max(rounds, 1), maxRounds)
	t := newTable(rounds)
	python, formats := makeFormats(b, wanted)
	for _, net := range networks {
		b.Run(net.Name, func(b *testing.B) {
			data := b.TempDir()
			if formats != "" {
				addFormats(b, formats, data)
			}
			emu := emulate(b, data, net.Shape)
			for _, asset := range []string{"external", "internal"} {
				for _, r := range rows {
					x := &bench{emu: emu, data: data, python: python, shaped: net.Shape.Latency > 0, external: asset == "external", row: r}
					if !wanted.MatchString(net.Name+"/"+asset+"/"+r.name) || r.formats && formats == "" || r.wants != nil && !r.wants(x) {
						continue
					}
					b.Run(asset+"/"+r.name, func(b *testing.B) {
						x.b = b
						line := &line{row: r, goal: r.goal(x)}
						t.add(net.Name, asset, line) // also if it fails
						defer t.save(b)              // a run that is broken off leaves what it has
						x.measure(line, rounds)
						b.ReportMetric(0, "ns/op")
						line.metrics(b)
					})
				}
			}
		})
	}
	if os.Getenv(tableVar) == "" {
		b.Log("\n" + t.String())
	}
}

// measure takes one round after the other, in each ours, the floor, and peers.
func (x *bench) measure(to *line, rounds int) {
	x.env, x.point = environment(x.b, x.emu.api), x.b.TempDir()
	if x.row.skip != nil {
		if to.skipped = x.row.skip(x); to.skipped != "" {
			x.b.Skip(to.skipped)
		}
	}
	x.m = x.mount(x.point, x.row.flags...)
	peers := x.peers()
	if x.row.before != nil {
		x.row.before(x)
	}
	began := time.Now()
	for round := range rounds {
		if x.row.prepare != nil {
			x.row.prepare(x, x.m, x.root(), round)
		}
		warmMemory(x.b)
		to.ours = append(to.ours, x.once(func() measured { return x.row.read(x, x.m, x.root(), round) }))
		to.rss = max(to.rss, peak(x.m.process.Pid))
		if x.row.floor != nil {
			to.floor = append(to.floor, x.row.floor(x, round))
		}
		if time.Since(began) > rowTime {
			break
		}
	}
	for _, p := range peers {
		to.peers[p.name] = x.peerRound(p)
	}
}

// warmedMemory is more than any row puts into the kernel's pages.
const warmedMemory = 3 << 30

// warmMemory has the machine give us memory before it is measured. Virtual ones
// get theirs from their host page by page, when it is first touched, and lend it
// back when it is free for some seconds; that is three seconds of CPU for each
// GiB, and none of the mount's.
func warmMemory(b *testing.B) {
	b.Helper()
	data, err := unix.Mmap(-1, 0, warmedMemory, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_POPULATE)
	if err != nil {
		b.Logf("memory is not there to be warmed: %v", err)
		return
	}
	if err := unix.Munmap(data); err != nil {
		b.Fatal(err)
	}
}

// sample is one measurement of ours.
type sample struct {
	measured
	daemon, server float64 // CPU seconds
	requests       int64
	fetched        int64
}

// once measures what read does, and what it costs the mount and the emulator.
func (x *bench) once(read func() measured) sample {
	x.b.Helper()
	emu := x.emu.ask(x.b, "reset").CPU
	daemon := processCPU(x.m.process.Pid)
	s := sample{measured: read()}
	s.daemon = processCPU(x.m.process.Pid) - daemon
	after := x.settled()
	s.server, s.requests, s.fetched = after.CPU-emu, after.requests(), after.fetched()
	return s
}

// settled waits until what was fetched ahead has come, or was given up: it
// belongs to the reader that it was fetched for.
func (x *bench) settled() served {
	last := x.emu.ask(x.b, "counts")
	for range 40 {
		time.Sleep(50 * time.Millisecond)
		now := x.emu.ask(x.b, "counts")
		if now.fetched() == last.fetched() && now.requests() == last.requests() {
			break
		}
		last = now
	}
	return last
}

// mount mounts the deployment; the flags come after those of all benchmarks.
func (x *bench) mount(point string, flags ...string) *mounted {
	x.b.Helper()
	m, err := start(x.b, point, x.env, slices.Concat(x.row.wrap, []string{binary, "mount", "--foreground", "--s3-endpoint", x.emu.s3}, flags, []string{point})...)
	must(x.b, err)
	return m
}

// remount ends the row's mount, and mounts anew: the kernel and the program
// have forgotten all, and the disk cache has what it has.
func (x *bench) remount() {
	x.m.stop()
	x.m = x.mount(x.point, x.row.flags...)
}

func (x *bench) asset() string {
	if x.external {
		return "external"
	}
	return "internal"
}

// root is the folder of the asset in our mount.
func (x *bench) root() string { return x.m.path("dataset", x.asset()) }

// reader runs one of the readers, and returns what it tells.
func (x *bench) reader(m *mounted, command string, args ...string) (r measured) {
	x.b.Helper()
	if m == x.peer {
		return x.peerReader(command, args...)
	}
	out, err := m.helper(command, args...)
	must(x.b, err)
	must(x.b, json.Unmarshal([]byte(out), &r))
	return r
}

// processCPU is what a process has used of the cores, in seconds.
func processCPU(pid int) float64 {
	const tick = 100 // Linux's USER_HZ, on all machines
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(raw), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / tick
}

// peak is the most memory that a process has had, in bytes.
func peak(pid int) int64 {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(raw)) {
		if kib, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(kib)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

// copyOnDisk is a file of the local disk, as long as a big one of the asset.
func (x *bench) copyOnDisk() string {
	x.b.Helper()
	if x.disk == "" {
		x.disk = filepath.Join(x.b.TempDir(), "file")
		out, err := exec.Command("dd", "if=/dev/urandom", "of="+x.disk, "bs=1M", "count=1024", "conv=fsync").CombinedOutput()
		if err != nil {
			x.b.Fatalf("dd: %v: %s", err, out)
		}
	}
	return x.disk
}
