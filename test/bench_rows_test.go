package test

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"
)

// row is one line of the table. Files are those of bench_emulator_test.go.
type row struct {
	name string
	unit string // MB/s, files/s, s, or ms (for each file or read)
	// flags of the mount; wrap is what it is started by.
	flags, wrap []string
	// skip prepares what the row needs of the machine, and says why that
	// cannot be had.
	skip func(x *bench) string
	// before is done once, and prepare before each round of a mount: neither is
	// measured. read is, and gives what the reader tells.
	before  func(x *bench)
	prepare func(x *bench, m *mounted, root string, round int)
	read    func(x *bench, m *mounted, root string, round int) measured
	floor   func(x *bench, round int) measured // nil: there is none
	goal    func(x *bench) goal
	peers   bool // compare with other mounts
	// wants says of which networks and assets it is; nil: of all.
	wants   func(x *bench) bool
	formats bool // needs the files of libraries
}

// noDisk is a mount that keeps nothing on disk.
var noDisk = []string{"--cache-size", "0"}

// withDisk is a mount as people have it.
var withDisk []string

const gib = 1 << 30

var rows = append([]row{
	{
		name: "1 GiB in sequence, cold", unit: "MB/s", flags: noDisk, peers: true,
		read: func(x *bench, m *mounted, root string, round int) measured { return x.dd(m, bigFile(root, round)) },
		floor: func(x *bench, round int) measured {
			return x.whole(gib, 16, bigFile("", round))
		},
		goal: func(x *bench) goal { return goal{ratio: 0.9, value: peerGoal(x, 0, 710), cpu: 0.9, rss: 512 << 20} },
	},
	{
		name: "4 files of 256 MiB at once, cold", unit: "MB/s", flags: noDisk, peers: true,
		read: func(x *bench, m *mounted, root string, round int) measured {
			return x.reader(m, "read-to", append([]string{strconv.Itoa(gib)}, middles(root, round)...)...)
		},
		floor: func(x *bench, round int) measured { return x.whole(256<<20, 16, middles("", round)...) },
		goal:  func(*bench) goal { return goal{ratio: 0.9, cpu: 0.9, rss: 512 << 20} },
	},
	{
		name: "first byte of a file, its folder listed", unit: "ms", flags: noDisk, peers: true,
		prepare: func(x *bench, m *mounted, root string, round int) {
			x.reader(m, "timed", "ls", "-l", filepath.Join(root, "first", roundFolder(round)))
		},
		read: func(x *bench, m *mounted, root string, round int) measured {
			return x.reader(m, "first-bytes", firsts(root, round)...)
		},
		floor: func(x *bench, round int) (r measured) {
			for _, path := range firsts("", round) { // none may be ahead of another
				one := x.parts([]part{{path, 0, 1}}, 1, 1)
				r.Seconds, r.Count = r.Seconds+one.Seconds, r.Count+1
			}
			return r
		},
		goal: func(x *bench) goal { return goal{ratio: shapedOnly(x, 1.3), value: peerGoal(x, 0, 5.2)} },
	},
	scatteredReads("20 reads of 128 KiB at random", noDisk, 20, 128<<10, 128<<10, 1, "ms", func(x *bench) goal {
		return goal{value: peerGoal(x, 40, 2.6), perByte: shapedOnly(x, 4)}
	}),
	scatteredReads("300 reads of 128 KiB at random", withDisk, 300, 128<<10, 128<<10, 1, "ms", func(x *bench) goal {
		return goal{value: peerGoal(x, 17, 2.6), perByte: shapedOnly(x, 16)}
	}),
	scatteredReads("40 reads of 1-4 MiB by 8 threads", noDisk, 40, 1<<20, 4<<20, 8, "s", func(x *bench) goal {
		return goal{value: peerGoal(x, 0.55, 0), perByte: shapedOnly(x, 1.3)}
	}),
	filesInOrder("2,000 files of 32 KiB, one by one", 1, func(x *bench) goal { return goal{value: peerGoal(x, 400, 867)} }),
	filesInOrder("2,000 files of 32 KiB, 16 at once", 16, func(x *bench) goal { return goal{value: peerGoal(x, 445, 0)} }),
	{
		name: "find over 20,000 files in 400 folders", unit: "s", flags: noDisk, peers: true,
		read: func(x *bench, m *mounted, root string, round int) measured {
			return x.reader(m, "timed", "find", filepath.Join(root, "tree", roundFolder(round)))
		},
		floor: func(x *bench, round int) measured {
			top := "tree/" + roundFolder(round)
			if x.external {
				return x.flat(top, 20_000, func(i int) string { return fmt.Sprintf("%s/d%03d/f%02d", top, i/50, i%50) })
			}
			dirs := []string{top}
			for i := range 400 {
				dirs = append(dirs, fmt.Sprintf("%s/d%03d", top, i))
			}
			return x.folders(dirs)
		},
		goal: func(x *bench) goal { return goal{value: peerGoal(x, 2.0, 1.03)} },
	},
	{
		name: "ls -l of 5,000 files", unit: "s", flags: noDisk, peers: true,
		read: func(x *bench, m *mounted, root string, round int) measured {
			return x.reader(m, "timed", "ls", "-l", filepath.Join(root, "flat", roundFolder(round)))
		},
		floor: func(x *bench, round int) measured {
			top := "flat/" + roundFolder(round)
			if x.external {
				return x.flat(top, 5000, func(i int) string { return fmt.Sprintf("%s/f%04d", top, i) })
			}
			return x.folders([]string{top})
		},
		goal: func(*bench) goal { return goal{value: 0.40} },
	},
	{
		name: "1 GiB cold, and kept on disk (floor: not kept)", unit: "MB/s",
		before: func(x *bench) { x.plain = x.mount(x.b.TempDir(), noDisk...) },
		read:   func(x *bench, m *mounted, root string, round int) measured { return x.dd(m, bigFile(root, round)) },
		floor: func(x *bench, round int) measured {
			return x.dd(x.plain, bigFile(x.plain.path("dataset", x.asset()), round))
		},
		goal: func(*bench) goal { return goal{ratio: 0.8} },
	},
	again("1 GiB again after a remount (floor: local disk)", false),
	again("the same, pages of the disk dropped", true),
}, append(memoryRows, formatRows...)...)

// scatteredReads reads count pieces of least to most bytes of a GiB.
func scatteredReads(name string, flags []string, count int, least, most int64, threads int, unit string, goal func(*bench) goal) row {
	return row{
		name: name, unit: unit, flags: flags, peers: true, goal: goal,
		read: func(x *bench, m *mounted, root string, round int) measured {
			x.reader(m, "timed", "stat", bigFile(root, round)) // it is in a folder that was listed
			return x.reader(m, "scatter", bigFile(root, round), strconv.Itoa(round), strconv.Itoa(count),
				strconv.FormatInt(least, 10), strconv.FormatInt(most, 10), strconv.Itoa(threads))
		},
		floor: func(x *bench, round int) measured {
			const enough = 40 // for a mean: each takes as long as another
			return x.parts(scattered(bigFile("", round), gib, uint64(round), count, least, most)[:min(count, enough)], 1, threads)
		},
	}
}

// filesInOrder reads the files of a folder; the floor always has 16 requests under way.
func filesInOrder(name string, threads int, goal func(*bench) goal) row {
	const limit = "8s"
	return row{
		name: name, unit: "files/s", flags: noDisk, peers: true, goal: goal,
		read: func(x *bench, m *mounted, root string, round int) measured {
			return x.reader(m, "read-all", filepath.Join(root, "small", roundFolder(round)), strconv.Itoa(threads), limit)
		},
		floor: func(x *bench, round int) measured {
			var parts []part
			for i := range 2000 {
				parts = append(parts, part{path: fmt.Sprintf("small/%s/f%04d", roundFolder(round), i)})
			}
			return x.parts(parts, 1, 16)
		},
	}
}

// lookTime is enough for the mount to look whether all of a GiB is on disk, which
// it does when nobody reads.
const lookTime = 4 * time.Second

// again reads what an earlier mount has kept on disk.
func again(name string, drop bool) row {
	return row{
		name: name, unit: "MB/s",
		before: func(x *bench) {
			for range 6 { // what a queue had no room for is kept the next time
				s := x.once(func() measured { return x.dd(x.m, bigFile(x.root(), 0)) })
				time.Sleep(lookTime)
				x.remount()
				if s.fetched == 0 {
					return
				}
			}
		},
		prepare: func(x *bench, _ *mounted, _ string, _ int) {
			x.remount()
			if drop {
				x.uncached(filepath.Join(x.home(), ".cache", "codeoceanfs", "blocks"))
			}
		},
		read: func(x *bench, m *mounted, root string, _ int) measured { return x.dd(m, bigFile(root, 0)) },
		floor: func(x *bench, _ int) measured {
			file := x.copyOnDisk()
			if drop {
				x.uncached(file)
			} else {
				x.dd(x.m, file) // into memory
			}
			return x.dd(x.m, file)
		},
		goal: func(*bench) goal { return goal{ratio: 0.9, noRequests: true} },
	}
}

// home is the home directory of the row's mounts.
func (x *bench) home() string { return x.env[0][len("HOME="):] }

// uncached takes what is in files of the disk out of the kernel's memory.
func (x *bench) uncached(root string) {
	x.b.Helper()
	var files []string
	must(x.b, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	}))
	_, err := x.m.helper("uncache", files...)
	must(x.b, err)
}

// dd reads a file of a GiB from end to end.
func (x *bench) dd(m *mounted, file string) measured {
	x.b.Helper()
	r := x.reader(m, "timed", "dd", "if="+file, "of=/dev/null", "bs=1M")
	r.Bytes = gib
	return r
}

func roundFolder(round int) string { return fmt.Sprintf("r%02d", round) }

func bigFile(root string, round int) string {
	return filepath.Join(root, fmt.Sprintf("big/f%02d", round))
}

func firsts(root string, round int) []string  { return inRound(root, "first/%s/f%d", round, 10) }
func middles(root string, round int) []string { return inRound(root, "middle/%s/f%d", round, 4) }

func inRound(root, format string, round, n int) (paths []string) {
	for i := range n {
		paths = append(paths, filepath.Join(root, fmt.Sprintf(format, roundFolder(round), i)))
	}
	return paths
}
