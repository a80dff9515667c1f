package fs

import (
	"os"
	"sync"

	"codeoceanfs/control"
	"codeoceanfs/remote"
)

// Bounds of what status.json shows of hidden names: examples, not a list.
const (
	hiddenFolders   = 20
	hiddenPerFolder = 5
)

// hiddenNames remembers what listings could not show.
type hiddenNames struct {
	mu      sync.Mutex // guards what follows
	folders map[folderKey][]remote.Hidden
}

// folderKey is a folder of an asset.
type folderKey struct{ asset, dir string }

// set notes what the newest listing of a folder left out.
func (h *hiddenNames) set(asset, dir string, hidden []remote.Hidden) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(hidden) == 0 {
		delete(h.folders, folderKey{asset, dir})
		return
	}
	if h.folders == nil {
		h.folders = make(map[folderKey][]remote.Hidden)
	}
	h.folders[folderKey{asset, dir}] = hidden
}

func (h *hiddenNames) status() control.HiddenStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := control.HiddenStatus{Examples: make(map[string][]remote.Hidden)}
	shown := 0
	for key, hidden := range h.folders {
		s.Count += int64(len(hidden))
		if shown++; shown <= hiddenFolders {
			s.Examples[key.asset] = append(s.Examples[key.asset], hidden[:min(len(hidden), hiddenPerFolder)]...)
		}
	}
	return s
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
		Listings: control.ListingsStatus{Folders: folders, Bytes: listed},
		Cache:    t.cache.Stats(),
		Requests: t.dep.API.Stats(),
		Failures: t.faults.Total(),
		Hidden:   t.hidden.status(),
	}
	for typ, n := range c.ByType {
		s.Catalog.ByType[string(typ)] = n
	}
	if !c.LastRefresh.IsZero() {
		s.Catalog.LastRefresh = &c.LastRefresh
	}
	return s
}
