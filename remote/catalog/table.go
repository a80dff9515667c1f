package catalog

import (
	"cmp"
	"time"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/names"
)

// dirKey is one directory of assets.
type dirKey struct {
	archived bool
	typ      api.Type
}

// table is the truth that snapshots are made of. Its owner locks it.
type table struct {
	byID         map[string]*record
	counts       map[dirKey]int // of byID
	drafts       map[string]draft
	trust        map[string]trust             // what searches may not contradict for a while
	refused      map[string]bool              // not in the last sweep, and refused by a get
	held         map[dirKey]map[string]string // names given out while mounted: name → id
	loaded       map[dirKey]map[string]string // while the first load runs: plain name → id, the oldest
	archiveKnown bool                         // every archived asset has been listed
	packed       int                          // records in pages, those of no use any more included
}

// trust is what a get, or a change of our own, has said of an asset.
type trust struct {
	at   time.Time
	gone bool
}

// draft is an asset that will turn into something else.
type draft struct {
	since time.Time // when we first met it: our clock, not the platform's
	next  time.Time // when to ask for it again
}

func newTable() *table {
	return &table{
		byID:   map[string]*record{},
		counts: map[dirKey]int{},
		drafts: map[string]draft{},
		trust:  map[string]trust{},
		held:   map[dirKey]map[string]string{},
		loaded: map[dirKey]map[string]string{},
	}
}

// contradicts reports whether a search that began at listed is too old to be
// heard about id.
func (t *table) contradicts(id string, listed time.Time) bool {
	tr, ok := t.trust[id]
	return ok && listed.Before(tr.at.Add(Lag))
}

// forget ends the trust that no search to come can contradict.
func (t *table) forget(now time.Time) {
	for id := range t.trust {
		if !t.contradicts(id, now) {
			delete(t.trust, id)
		}
	}
}

// put stores rec and tells what it replaces, or nil.
func (t *table) put(rec *record) *record {
	id := rec.asset.ID
	d, known := t.drafts[id]
	old := t.remove(id)
	t.byID[id] = rec
	t.counts[rec.key()]++
	if rec.asset.State == api.Draft {
		if !known {
			d.since = time.Now()
		}
		t.drafts[id] = d
	}
	return old
}

// remove forgets the asset and tells what it was, or nil.
func (t *table) remove(id string) *record {
	old := t.byID[id]
	if old != nil {
		t.counts[old.key()]--
	}
	delete(t.byID, id)
	delete(t.drafts, id)
	return old
}

// hold keeps a name for its asset while mounted. It reports false when the
// name belongs to another.
func (t *table) hold(key dirKey, name, id string) bool {
	held := t.held[key]
	if held == nil {
		held = map[string]string{}
		t.held[key] = held
	}
	if holder, ok := held[name]; ok {
		return holder == id
	}
	held[name] = id
	return true
}

// index remembers, while the first load runs, the oldest asset of each name.
func (t *table) index(rec *record) {
	key, id := rec.key(), rec.asset.ID
	ids := t.loaded[key]
	if ids == nil {
		ids = map[string]string{}
		t.loaded[key] = ids
	}
	name := names.Plain(rec.asset.Name, id)
	if other, ok := t.byID[ids[name]]; !ok || older(&rec.asset, &other.asset) {
		ids[name] = id
	}
}

// older is the order in which names are given.
func older(a, b *api.Asset) bool {
	return cmp.Or(cmp.Compare(created(a), created(b)), cmp.Compare(a.ID, b.ID)) < 0
}

func item(a *api.Asset) names.Item {
	return names.Item{ID: a.ID, Name: a.Name, Created: created(a)}
}

// created orders assets by age; a time that is not known, the zero time, comes
// first.
func created(a *api.Asset) int64 {
	if a.Created.IsZero() {
		return 0
	}
	return a.Created.UnixMicro()
}
