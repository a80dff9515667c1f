package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// memoryRows read many files at once with little memory.
var memoryRows = []row{
	filesAtOnce("1 file at once with 256 MiB of memory", 1, 256),
	filesAtOnce("16 files at once with 256 MiB of memory", 16, 256),
	filesAtOnce("64 files at once with 256 MiB of memory", 64, 256),
	filesAtOnce("4 files at once with the usual 512 MiB", 4, 512),
	filesAtOnce("64 files at once with the usual 512 MiB", 64, 512),
	inCgroup(filesAtOnce("16 files at once in a cgroup of 256 MiB", 16, 160)),
}

// filesAtOnce reads n files at once, together two GiB, with a limit in MiB. 64 MiB
// more than the limit are for the program itself: what the kernel maps of it,
// stacks, and what the collector has not yet found.
func filesAtOnce(name string, n int, limit int64) row {
	each := int64(2*gib) / int64(max(n, 2))
	return row{
		name: name, unit: "MB/s",
		flags: append([]string{"--memory-limit", fmt.Sprint(limit, "M")}, noDisk...),
		read: func(x *bench, m *mounted, root string, round int) measured {
			return x.reader(m, "read-to", append([]string{strconv.FormatInt(each, 10)}, inRound(root, "stream/%s/f%02d", round, n)...)...)
		},
		goal: func(*bench) goal { return goal{rss: (limit + 64) << 20} },
		// Where the bytes come from makes no difference to memory.
		wants: func(x *bench) bool { return x.shaped && x.external },
	}
}

// inCgroup starts the mount in a group that may not have more than 256 MiB, the
// pages of its disk cache included: who takes more is killed, and the row fails.
func inCgroup(r row) row {
	const bound = 256 << 20
	r.flags = r.flags[:2] // with a disk cache, whose pages count
	r.skip = func(x *bench) string {
		root, file := "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
		if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
			root, file = "/sys/fs/cgroup", "memory.max"
		}
		group := filepath.Join(root, "codeoceanfs-bench-"+strconv.Itoa(os.Getpid()))
		if err := os.MkdirAll(group, 0o755); err != nil {
			return err.Error()
		}
		x.b.Cleanup(func() { os.Remove(group) }) // the mount has left it: cleanups go backwards
		if err := os.WriteFile(filepath.Join(group, file), []byte(strconv.Itoa(bound)), 0); err != nil {
			return err.Error()
		}
		x.row.wrap = []string{"sh", "-c", `echo $$ > "$0" && exec "$@"`, filepath.Join(group, "cgroup.procs")}
		return ""
	}
	return r
}
