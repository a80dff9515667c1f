package fs

import (
	"os"
	"sync"

	"codeoceanfs/control"
	"codeoceanfs/remote"
)

// Bounds of what status.json shows of hidden names: examples, not a list.
const (
	hiddenAssets   = 20
	hiddenPerAsset = 5
)

// hiddenNames counts what listings could not show.
type hiddenNames struct {
	mu       sync.Mutex // guards what follows
	count    int64
	examples map[string][]remote.Hidden // by asset id
}

// add counts what a listing of the asset left out.
func (h *hiddenNames) add(asset string, hidden []remote.Hidden) {
	if len(hidden) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count += int64(len(hidden))
	if h.examples == nil {
		h.examples = make(map[string][]remote.Hidden)
	}
	have, known := h.examples[asset]
	if room := hiddenPerAsset - len(have); room > 0 && (known || len(h.examples) < hiddenAssets) {
		h.examples[asset] = append(have, hidden[:min(room, len(hidden))]...)
	}
}

func (h *hiddenNames) status() control.HiddenStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := control.HiddenStatus{Count: h.count, Examples: make(map[string][]remote.Hidden, len(h.examples))}
	for asset, hidden := range h.examples {
		s.Examples[asset] = hidden[:len(hidden):len(hidden)]
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
