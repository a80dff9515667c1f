package test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

// The model test by environment: how many operations a seed makes, and how many
// seeds there are. A long run is 100,000 of each of some seeds:
//
//	CODEOCEANFS_MODEL_OPS=100000 CODEOCEANFS_MODEL_SEEDS=3 go test -race -timeout 60m -run TestModel ./test
const (
	modelOpsVar   = "CODEOCEANFS_MODEL_OPS"
	modelSeedsVar = "CODEOCEANFS_MODEL_SEEDS"
	modelLong     = 100_000
)

// TestModel makes random reads of all kinds, in several processes at once,
// through mounts that come, end and are killed, over memory and a disk cache
// that hold a part of the files: every byte follows from its path and offset.
func TestModel(t *testing.T) {
	t.Parallel()
	for seed := range setting(t, modelSeedsVar, 1) {
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			t.Parallel()
			ops := 2400
			if full() {
				ops = modelLong
			}
			modelRun(t, seed, setting(t, modelOpsVar, ops))
		})
	}
}

func setting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	must(t, err)
	return n
}

func modelRun(t *testing.T, seed, ops int) {
	// Readers of one file each are in step with nobody; more than the cores
	// make them meet in the program.
	const processes, mounts = 4, 3
	d := generated(t)
	list := filepath.Join(t.TempDir(), "files")
	env, point, cache := d.environment(t), t.TempDir(), t.TempDir()
	var files []modelFile
	for _, asset := range []string{"internal", "external"} {
		for _, g := range generatedFiles {
			n := 1
			if len(g.Count) > 0 {
				n = g.Count[0]
			}
			for i := range min(n, 20) {
				path := g.Path
				if len(g.Count) > 0 {
					path = fmt.Sprintf(g.Path, i)
				}
				files = append(files, modelFile{filepath.Join(point, "dataset", asset, path), contentName(asset, path), g.Size})
			}
		}
	}
	raw, err := json.Marshal(files)
	must(t, err)
	must(t, os.WriteFile(list, raw, 0o644))
	var evicted, kept int64
	for mount := range mounts {
		// Half of the limit is for blocks: 32 MiB.
		m, err := d.tryMount(t, point, env, "--memory-limit", "64M", "--cache-dir", cache, "--cache-size", "64M")
		must(t, err)
		var wg sync.WaitGroup
		for process := range processes {
			wg.Go(func() {
				if err := m.model(list, seed*1000+mount*100+process, ops/mounts/processes); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if t.Failed() {
			return
		}
		did := m.status().Cache
		evicted, kept = evicted+did.Evicted, kept+did.Kept
		if mount%2 == 0 { // what the next one finds on disk is as a crash has left it
			must(t, m.process.Signal(syscall.SIGKILL))
			<-m.exited
			must(t, exec.Command("umount", "-l", point).Run())
			continue
		}
		m.stop()
	}
	if evicted == 0 || kept == 0 {
		t.Errorf("%d blocks were evicted and %d bytes came from the disk: the model is too small", evicted, kept)
	}
	figure(t, ofModel, fmt.Sprintf("operations of the model, seed %d, with 32 MiB of blocks and 64 MiB on disk", seed), ops, "100000", ops >= modelLong)
}

// model makes ops operations in a process of its own, in pieces that each end
// within the time that a program has.
func (m *mounted) model(list string, seed, ops int) error {
	const piece = 100
	for done := 0; done < ops; done += piece {
		if _, err := m.helper("model", list, strconv.Itoa(seed*1_000_000+done), strconv.Itoa(min(piece, ops-done))); err != nil {
			return fmt.Errorf("seed %d from operation %d: %w", seed, done, err)
		}
	}
	return nil
}

// modelFile is a file of the model: where it is, and what is in it.
type modelFile struct {
	Path, Content string
	Size          int64
}
