package emulator

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"codeoceanfs/remote/emulator/files"
)

// entry is one asset as the emulator holds it. It is never changed, only
// replaced, so that readers need no lock and a search can see an older one.
type entry struct {
	Asset
	folder  string    // its directory; empty: held in memory only
	stamp   time.Time // of asset.json, to notice a change by hand
	ready   time.Time // when a draft turns ready; zero: never
	copied  files.Tree
	own     *ownFiles // nil: external or combined
	counted *counted
}

// newEntry makes the entry of a. began is the time that ready_after counts from.
func newEntry(a Asset, folder string, stamp, began time.Time) (*entry, error) {
	e := &entry{Asset: a, folder: folder, stamp: stamp}
	switch {
	case a.ReadyAt != 0:
		e.ready = unix(a.ReadyAt)
	case a.ReadyAfter != 0:
		e.ready = began.Add(time.Duration(a.ReadyAfter * float64(time.Second)))
	}
	return e, e.setFiles()
}

// with returns a copy of e that edit has changed.
func (e *entry) with(edit func(*entry)) (*entry, error) {
	next := *e
	edit(&next)
	switch {
	case next.ReadyAt != 0:
		next.ready = unix(next.ReadyAt)
	case next.ReadyAfter == 0:
		next.ready = time.Time{} // nothing says when any more
	}
	return &next, next.setFiles()
}

// setFiles prepares the asset's tree; it is put together when first asked for.
func (e *entry) setFiles() error {
	e.own, e.counted = nil, &counted{}
	if e.external() || e.Type == "combined" {
		return nil
	}
	e.own = &ownFiles{}
	if len(e.Generate) == 0 || e.shared() {
		return nil
	}
	// A description that is wrong shall be refused at once.
	_, err := files.NewGenerated(e.ID, unix(e.Created), e.Generate...)
	return err
}

// shared tells the files of Populate, which many assets have alike.
func (e *entry) shared() bool { return &e.Generate[0] == &populated[0] }

// ownFiles is the tree of an internal asset, and what is in it.
type ownFiles struct {
	once sync.Once
	tree files.Tree
}

func (e *entry) tree() files.Tree {
	e.own.once.Do(func() {
		var layers []files.Tree
		if len(e.Generate) > 0 {
			if t, err := files.NewGenerated(e.ID, unix(e.Created), e.Generate...); err == nil {
				layers = append(layers, t)
			}
		}
		if e.copied != nil {
			layers = append(layers, e.copied)
		}
		if e.folder != "" {
			layers = append(layers, files.Dir(filepath.Join(e.folder, "files")))
		}
		if len(layers) == 0 {
			layers = append(layers, files.Memory())
		}
		e.own.tree = files.Union(layers...)
	})
	return e.own.tree
}

func (e *entry) external() bool { return e.SourceBucket != nil && e.SourceBucket.External }

// stateAt is the state as the API tells it: drafts change by themselves.
func (e *entry) stateAt(now time.Time) string {
	switch {
	case e.State != "draft" || e.Copying || e.ready.IsZero() || now.Before(e.ready):
		return e.State
	case e.FailureReason != "":
		return "failed"
	}
	return "ready"
}

// unix is a time that is given in seconds.
func unix(seconds float64) time.Time {
	return time.UnixMicro(int64(seconds * 1e6))
}

// secondsOf is the reverse of unix.
func secondsOf(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// counted is what a record says that does not say it by itself.
type counted struct {
	once        sync.Once
	files, size atomic.Int64
	unknown     atomic.Bool
}

// totalSize is the size that a record says, or that has been counted.
func (e *entry) totalSize() int64 {
	if e.Size != nil {
		return *e.Size
	}
	return e.counted.size.Load()
}

// copyOf shares nothing with a.
func copyOf(a Asset) Asset {
	var c Asset
	encoded, err := json.Marshal(a)
	if err == nil {
		err = json.Unmarshal(encoded, &c)
	}
	if err != nil {
		return a // a value that JSON cannot say; nobody can edit it through JSON either
	}
	c.Generate = slices.Clone(a.Generate) // its texts may be any bytes
	c.Extra = maps.Clone(a.Extra)         // its numbers may be any, and its objects in any order
	return c
}
