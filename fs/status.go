package fs

import (
	"cmp"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"

	"codeoceanfs/control"
	"codeoceanfs/remote"
)

// hiddenFolders is of how many folders status.json shows what is hidden:
// examples, not a list. Of all others it has the number.
const hiddenFolders = 20

// hiddenNames remembers what directories could not show. Its zero value is ready.
type hiddenNames struct {
	mu      sync.Mutex // guards what follows
	folders map[folderKey]hidden
	told    int // of them, how many have examples
}

// folderKey is a folder of an asset.
type folderKey struct{ asset, dir string }

// hidden is what one folder does not show.
type hidden struct {
	count    int
	examples []remote.Hidden
}

// set notes what the newest listing of a folder left out.
func (h *hiddenNames) set(asset, dir string, count int, examples []remote.Hidden) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := folderKey{asset, dir}
	if h.folders[key].examples != nil {
		h.told--
	}
	delete(h.folders, key)
	if count == 0 {
		return
	}
	if h.folders == nil {
		h.folders = make(map[folderKey]hidden)
	}
	if h.told == hiddenFolders {
		examples = nil
	}
	if examples != nil {
		h.told++
	}
	h.folders[key] = hidden{count, examples}
}

// forget drops what assets that are gone did not show.
func (h *hiddenNames) forget(assets []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, hidden := range h.folders {
		if !slices.Contains(assets, key.asset) {
			continue
		}
		if hidden.examples != nil {
			h.told--
		}
		delete(h.folders, key)
	}
}

func (h *hiddenNames) status() control.HiddenStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := control.HiddenStatus{Examples: make(map[string][]remote.Hidden)}
	for key, hidden := range h.folders {
		s.Count += int64(hidden.count)
		s.Examples[key.asset] = append(s.Examples[key.asset], hidden.examples...)
	}
	for asset, examples := range s.Examples {
		if len(examples) == 0 {
			delete(s.Examples, asset)
		}
		slices.SortFunc(examples, func(a, b remote.Hidden) int {
			return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Reason, b.Reason))
		})
	}
	return s
}

// process asks the runtime, in a way that does not stop the program.
func process() control.ProcessStatus {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return control.ProcessStatus{Goroutines: runtime.NumGoroutine(), HeapBytes: int64(sample[0].Value.Uint64())}
}

// status collects the state of the mount.
func (t *tree) status() control.Status {
	c := t.dep.Catalog.Status()
	listed, folders := t.listings.Used()
	s := control.Status{
		Version: t.cfg.Version, Domain: t.dep.API.Host(), PID: os.Getpid(),
		Started: t.started, ReadOnly: t.cfg.ReadOnly,
		Catalog: control.CatalogStatus{
			Complete: c.Loaded, Assets: c.Assets, ByType: make(map[string]int), LastError: c.LastError,
		},
		Token:    t.dep.API.TokenStatus(),
		Listings: control.ListingsStatus{Folders: folders, Bytes: listed},
		Cache:    t.cache.Stats(),
		Requests: t.dep.API.Stats(),
		Process:  process(),
		Failures: t.faults.Total(), Operations: t.flights.count(),
		Hidden: t.hidden.status(),
	}
	if down := t.dep.Outages(); len(down) > 0 {
		s.Unreachable = down
	}
	s.Hidden.Count += int64(c.Unusable)
	for _, name := range c.UnusableNames {
		s.Hidden.Examples[""] = append(s.Hidden.Examples[""], remote.Hidden{Path: name, Reason: "a search result without an id"})
	}
	for typ, n := range c.ByType {
		s.Catalog.ByType[string(typ)] = n
	}
	if !c.LastRefresh.IsZero() {
		s.Catalog.LastRefresh = &c.LastRefresh
	}
	return s
}
