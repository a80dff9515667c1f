package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

var inputFaults = []faultRow{
	{
		number: 83, fault: "requests are bad JSON, too long, in halves, of two writers, or made again: the write fails, and nothing happens twice",
		held: []string{"TestBadBodies", "TestOnce", "TestManyAtOnce", "TestKilled", "TestVerbs"},
	},
	{
		number: 84, fault: "names are no file names, or the mount's own: each is shown in a way of its own, and no line of the log is forged",
		held: []string{"TestNames", "TestNamesInLogs", "TestEveryByteOfEveryName", "TestOddListings/the names . and .. in an answer lead nowhere else", "TestOddIDs", "TestJunkNames"},
	},
	{
		number: 85, fault: "the clock jumps, or times make no sense",
		why:  "the clock of a process cannot be shifted here without shifting the machine's; times that end something are monotonic, and those of others are tested",
		held: []string{"TestLifetime", "TestTimesInEveryForm", "TestAClockThatIsOff"},
	},
	{
		number: 86, long: true, fault: "there are 256 MiB of memory and 64 readers: they are slower, and none fails; below a minimum it is not mounted",
		run: littleMemory, root: true, held: []string{"TestMistakes", "TestTooLittleMemoryIsRefused"},
	},
}

// plainBinary is the program as it is shipped: the race detector takes many
// times the memory.
func plainBinary(t testing.TB) string {
	t.Helper()
	plain := filepath.Join(t.TempDir(), "codeoceanfs")
	if out, err := exec.Command("go", "build", "-o", plain, module).CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return plain
}

// littleMemory mounts in a control group.
func littleMemory(r *rig) {
	const bound = 256 << 20
	group := filepath.Join("/sys/fs/cgroup/memory", fmt.Sprintf("codeoceanfs-test-%d", os.Getpid()))
	limit, peak := "memory.limit_in_bytes", "memory.max_usage_in_bytes"
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		group = filepath.Join("/sys/fs/cgroup", filepath.Base(group))
		limit, peak = "memory.max", "memory.peak"
	}
	if err := os.Mkdir(group, 0o755); err != nil {
		r.t.Skipf("no control groups here: %v", err)
	}
	r.t.Cleanup(func() { os.Remove(group) })
	if err := os.WriteFile(filepath.Join(group, limit), []byte(strconv.Itoa(bound)), 0o644); err != nil {
		r.t.Skipf("no bound on memory here: %v", err)
	}
	env := append(r.environment(r.t), "CODEOCEAN_DOMAIN="+r.api.url())
	var err error
	r.m, err = r.tryMountBy(r.t, []string{"sh", "-c", `echo $$ > "$0" && plain=$1 && shift 2 && exec "$plain" "$@"`, filepath.Join(group, "cgroup.procs"), plainBinary(r.t)}, r.t.TempDir(), env,
		append(r.flags, "--s3-endpoint", r.store.url(), "--read-timeout", "1m", "--memory-limit", "64M", "--cache-size", "0")...)
	must(r.t, err)
	together(assets, func(asset string) {
		start := time.Now()
		_, err := r.m.helper("streams", r.file(asset, "big"), contentName(asset, "big"), "32", "2000000")
		r.outcome.faulty(ending(err), time.Since(start))
		if err != nil {
			r.t.Error(err)
		}
	})
	text, err := os.ReadFile(filepath.Join(group, peak))
	if err == nil {
		most, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		must(r.t, err)
		figure(r.t, ofTimes, "memory of 64 readers in a cgroup of 256 MiB, pages of the kernel included", fmt.Sprintf("%d MiB", most>>20), "256 MiB", most <= bound)
	}
}

// streams FILE NAME N BYTES reads FILE from N places at once, from each so many
// bytes one after the other, and compares with the generated content of that name.
func streams(args []string) error {
	n, err := strconv.ParseInt(args[2], 10, 64)
	if err != nil {
		return err
	}
	bytes, err := strconv.ParseInt(args[3], 10, 64)
	if err != nil {
		return err
	}
	var g errgroup.Group
	for i := range n {
		g.Go(func() error {
			f, size, err := openSized(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			for from, at := i*(size/n), int64(0); at < bytes; at += 128 << 10 {
				if err := compare(f, args[1], from+at, 128<<10, size); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}
