package test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

var diskFaults = []faultRow{
	{number: 76, fault: "the disk of the cache is full: files are read all the same", run: diskFull, root: true, held: []string{"TestFullDisk"}},
	{number: 77, fault: "the disk of the cache turns read-only: files are read all the same, and kept again when it is back", run: diskReadOnly, root: true, held: []string{"TestDamagedDiskNeverHurtsAReader"}},
	{
		number: 78, long: true, fault: "what is kept on disk is changed, cut, emptied or exchanged: it is noticed, and fetched again",
		run: diskDamaged, held: []string{"TestDamageIsNoticed", "TestDamagedDiskNeverHurtsAReader"},
	},
	{number: 79, fault: "the process is killed while it writes to disk: what the next one finds there is right, or fetched again", held: []string{"TestKilledWriter", "TestHalfWrittenFilesGo"}},
	{number: 80, fault: "the directory of the cache is removed under load: files are read all the same", run: diskRemoved, held: []string{"TestDeletedDirectory"}},
	{number: 81, fault: "links and files of others are planted in the cache: they are refused", held: []string{"TestPlantedFilesAreRefused", "TestFolderOfOthersIsRefused"}},
	{number: 82, fault: "the disk of the cache hangs: no reader waits for it", run: diskHangs, root: true, held: []string{"TestSlowDiskIsNotWaitedFor", "TestFullQueueRefuses"}},
}

// kept are files that are read and kept, and sizeOf is how much of them.
var (
	kept   = []string{"block+1", "many/f020", "many/f021", "middle"}
	sizeOf = map[string]string{"block+1": "131073", "many/f020": "4321", "many/f021": "4321", "middle": "3000000"}
)

// readKept reads them, and tells how many requests that took.
func (r *rig) readKept(m *mounted, files ...string) int64 {
	r.t.Helper()
	r.ResetCounts()
	for _, asset := range assets {
		for _, file := range files {
			start := time.Now()
			// Of a large one only its beginning: to check bytes takes time.
			_, err := m.helper("pattern", m.path("dataset", asset, file), contentName(asset, file), "0", sizeOf[file])
			r.outcome.faulty(ending(err), time.Since(start))
			if err != nil {
				r.t.Error(err)
			}
		}
	}
	return r.Requests("s3.GetObject")
}

// disk is a file system of so many bytes for a cache.
func (r *rig) disk(size string) (dir string) {
	r.t.Helper()
	dir = r.t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		r.t.Skipf("no tmpfs here: %v: %s", err, out)
	}
	r.t.Cleanup(func() { exec.Command("umount", "-l", dir).Run() })
	return dir
}

func (r *rig) remount(dir, options string) {
	r.t.Helper()
	if out, err := exec.Command("mount", "-o", "remount,"+options, dir).CombinedOutput(); err != nil {
		r.t.Errorf("remount %s: %v: %s", options, err, out)
	}
}

func diskFull(r *rig) {
	dir := r.disk("1m")
	r.mount("--cache-dir", dir)
	r.readKept(r.m, kept...)
	r.remount(dir, "size=200m")
	r.readKept(r.m, kept...)
	r.leftNothing()
}

func diskReadOnly(r *rig) {
	dir := r.disk("200m")
	r.mount("--cache-dir", dir)
	r.readKept(r.m, kept[:2]...)
	// The kernel refuses while a file is open for writing; then the disk is
	// taken away altogether.
	if exec.Command("mount", "-o", "remount,ro", dir).Run() != nil {
		if out, err := exec.Command("mount", "--bind", "-o", "ro", dir, dir).CombinedOutput(); err != nil {
			r.t.Logf("bind: %v: %s", err, out)
		}
		r.t.Cleanup(func() { exec.Command("umount", "-l", dir).Run() })
		exec.Command("mount", "-o", "remount,bind,ro", dir).Run()
	}
	r.readKept(r.m, kept...)
	r.leftNothing()
}

// diskHangs reads what the disk has, and what it has not, while it does not
// answer: also a file that is whole there, and was open before.
func diskHangs(r *rig) {
	r.addWhole(r.t)
	dir, process := stoppable(r.t)
	r.mount("--cache-dir", dir)
	open := map[string]*reader{}
	for _, asset := range assets {
		r.m.whole(r.t, asset, "whole")
		open[asset] = r.open(asset, "whole")
		if said, _ := open[asset].read(0, 64<<10); said != "ok" {
			r.t.Fatalf("healthy, %s: %s", asset, said)
		}
	}
	r.base = r.usage()
	files, err := filepath.Glob(filepath.Join(dir, "*", "*", "*"))
	must(r.t, err)
	if _, err := r.m.helper("uncache", files...); err != nil || len(files) == 0 {
		r.t.Fatal(files, err)
	}
	stop := r.bystander("internal")
	must(r.t, process.Signal(syscall.SIGSTOP))
	together(assets, func(asset string) {
		for off := range int64(3) {
			said, took := open[asset].read(off<<20, 64<<10)
			r.outcome.faulty(said, took)
			if said != "ok" || took > meanwhile+slack {
				r.t.Errorf("while the disk hangs, %s: %s after %s", asset, said, took)
			}
		}
	})
	r.readKept(r.m, kept[1:3]...)
	stop()
	must(r.t, process.Signal(syscall.SIGCONT))
	healed := time.Now()
	for _, asset := range assets {
		if said, _ := open[asset].read(2<<20, 64<<10); said != "ok" {
			r.t.Errorf("after it, %s: %s", asset, said)
		}
		open[asset].close()
	}
	r.outcome.recovered(time.Since(healed))
	r.leftNothing()
}

// diskDamaged reads what was kept after each kind of damage to all files of the
// cache at once.
func diskDamaged(r *rig) {
	dir := r.t.TempDir()
	env := append(r.environment(r.t), "CODEOCEAN_DOMAIN="+r.api.url())
	mount := func() *mounted {
		m, err := r.tryMount(r.t, r.t.TempDir(), env, append(r.flags, "--cache-dir", dir, "--s3-endpoint", r.store.url())...)
		must(r.t, err)
		return m
	}
	m := mount()
	r.readKept(m, kept...)
	m.stop()
	for what, damage := range map[string]func(path string, size int64) error{
		"a bit in each block": func(path string, size int64) error {
			return rewrite(path, func(b []byte) []byte {
				for i := 777; i < len(b); i += 64 << 10 {
					b[i] ^= 4
				}
				return b
			})
		},
		"cut":     func(path string, size int64) error { return os.Truncate(path, size*2/3) },
		"emptied": func(path string, _ int64) error { return os.Truncate(path, 0) },
		"zeros": func(path string, _ int64) error {
			return rewrite(path, func(b []byte) []byte { return make([]byte, len(b)) })
		},
		"turned around": func(path string, _ int64) error {
			return rewrite(path, func(b []byte) []byte {
				half := len(b) / 2
				return append(append([]byte(nil), b[half:]...), b[:half]...)
			})
		},
	} {
		damaged := 0
		err := filepath.WalkDir(filepath.Join(dir, "blocks"), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			info, err := d.Info()
			if err != nil || info.Size() == 0 {
				return err
			}
			damaged++
			return damage(path, info.Size())
		})
		if err != nil || damaged == 0 {
			r.t.Errorf("%s: %d files damaged, %v", what, damaged, err)
		}
		m := mount()
		r.readKept(m, kept...)
		m.stop()
	}
}

func rewrite(path string, change func([]byte) []byte) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, change(b), 0o600)
}

func diskRemoved(r *rig) {
	dir := filepath.Join(r.t.TempDir(), "cache")
	r.mount("--cache-dir", dir, "--memory-limit", "64M")
	r.readKept(r.m, kept[:3]...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.readKept(r.m, kept...)
	}()
	for range 5 {
		if err := os.RemoveAll(dir); err != nil {
			r.t.Log(fmt.Errorf("while it is written: %w", err))
		}
		time.Sleep(50 * time.Millisecond)
	}
	<-done
	r.readKept(r.m, kept...)
	r.leftNothing()
}
