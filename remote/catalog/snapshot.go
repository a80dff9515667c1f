package catalog

import (
	"cmp"
	"slices"

	"codeoceanfs/remote/names"
)

// snapshot is the whole catalog at one time. It is immutable, and complete.
type snapshot struct {
	dirs map[dirKey][]Entry // sorted by directory name
	byID map[string]*Entry  // into dirs
}

// find is the entry of a directory name: one it is listed by, or the name@id8
// that every asset answers to.
func (s *snapshot) find(key dirKey, name string) (Entry, bool) {
	dir := s.dirs[key]
	i, ok := slices.BinarySearchFunc(dir, name, func(e Entry, name string) int {
		return cmp.Compare(e.Dir, name)
	})
	if ok {
		return dir[i], true
	}
	_, id8, ok := names.Split(name)
	if !ok {
		return Entry{}, false
	}
	// Rare: nobody asks for such a name unless a listing or a person made it.
	for _, e := range dir {
		if names.Suffix(e.ID) == id8 && names.Decorated(e.Name, e.ID) == name {
			return e, true
		}
	}
	return Entry{}, false
}

// touched tells how much of a directory has to be made again.
type touched map[dirKey]bool // true: names too

func (t touched) add(key dirKey, names bool) { t[key] = t[key] || names }

// touch notes what replacing old by rec, either of them nil for none, does to
// directories.
func (t touched) touch(old, rec *record) {
	names := old == nil || rec == nil || old.key() != rec.key() || item(&old.asset) != item(&rec.asset)
	if old != nil {
		t.add(old.key(), names)
	}
	if rec != nil {
		t.add(rec.key(), names)
	}
}

// snapshot makes the next snapshot, and holds the names it gives.
func (t *table) snapshot(prev *snapshot, dirs touched) *snapshot {
	next := &snapshot{dirs: map[dirKey][]Entry{}, byID: make(map[string]*Entry, len(t.byID))}
	if prev != nil {
		for key, entries := range prev.dirs {
			switch rename, ok := dirs[key]; {
			case !ok:
				next.dirs[key] = entries
			case !rename:
				next.dirs[key] = t.same(entries)
			}
		}
	}
	for key, entries := range t.named(prev, dirs) {
		next.dirs[key] = entries
	}
	for _, entries := range next.dirs {
		for i := range entries {
			next.byID[entries[i].ID] = &entries[i]
		}
	}
	return next
}

// same are the entries of a directory whose names have not changed, with the
// records of now.
func (t *table) same(entries []Entry) []Entry {
	next := make([]Entry, len(entries))
	for i, e := range entries {
		next[i] = t.byID[e.ID].entry(e.Dir)
	}
	return next
}

// named gives every asset of the directories in question its name.
func (t *table) named(prev *snapshot, dirs touched) map[dirKey][]Entry {
	items := map[dirKey][]names.Item{}
	for _, rec := range t.byID {
		if key := rec.key(); prev == nil || dirs[key] {
			items[key] = append(items[key], item(&rec.asset))
		}
	}
	made := make(map[dirKey][]Entry, len(items))
	for key, items := range items {
		given := names.Assign(items, t.held[key])
		entries := make([]Entry, 0, len(given))
		for id, name := range given {
			t.hold(key, name, id)
			entries = append(entries, t.byID[id].entry(name))
		}
		slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Dir, b.Dir) })
		made[key] = entries
	}
	return made
}
