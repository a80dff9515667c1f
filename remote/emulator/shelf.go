package emulator

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// shelf holds the assets, twice: as they are, and as search sees them, which
// may be a while ago.
type shelf struct {
	mu      sync.Mutex        // guards all below
	byID    map[string]*entry // as they are
	indexed map[string]*entry // as search sees them
	pending []indexing        // what search will see later
	sorted  map[order][]*entry
}

// indexing is a change on its way to the index; a nil entry is a removal.
type indexing struct {
	due   time.Time
	id    string
	entry *entry
}

// order is what a search is sorted by.
type order struct {
	field      string
	descending bool
}

func newShelf() *shelf {
	return &shelf{byID: make(map[string]*entry), indexed: make(map[string]*entry)}
}

func (s *shelf) get(id string) (*entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.byID[id]
	return e, ok
}

// all is every asset as it is, in no order.
func (s *shelf) all() []*entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.byID))
}

// put adds or replaces assets, which search sees after lag.
func (s *shelf) put(lag time.Duration, entries ...*entry) {
	due := time.Now().Add(lag)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range entries {
		s.byID[e.ID] = e
		s.pending = append(s.pending, indexing{due, e.ID, e})
	}
}

func (s *shelf) remove(lag time.Duration, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
	s.pending = append(s.pending, indexing{time.Now().Add(lag), id, nil})
}

// list is what search sees now, sorted. The slice is shared: not to be changed.
func (s *shelf) list(o order) []*entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index(time.Now())
	if list, ok := s.sorted[o]; ok {
		return list
	}
	list := slices.SortedFunc(maps.Values(s.indexed), o.compare)
	if s.sorted == nil {
		s.sorted = make(map[order][]*entry)
	}
	s.sorted[o] = list
	return list
}

// fewChanges are put where they belong in the sorted lists; for more of them
// sorting anew is cheaper.
const fewChanges = 16

// index takes in what is due. mu is held.
func (s *shelf) index(now time.Time) {
	if len(s.pending) == 0 {
		return
	}
	var due, later []indexing
	for _, p := range s.pending {
		if p.due.After(now) {
			later = append(later, p)
		} else {
			due = append(due, p)
		}
	}
	s.pending = later
	delete(s.sorted, order{"size", true}) // sizes are counted meanwhile
	delete(s.sorted, order{"size", false})
	for _, p := range due {
		old := s.indexed[p.id]
		if p.entry == nil {
			delete(s.indexed, p.id)
		} else {
			s.indexed[p.id] = p.entry
		}
		if len(due) > fewChanges {
			s.sorted = nil
		}
		for o, list := range s.sorted {
			s.sorted[o] = o.replace(list, old, p.entry)
		}
	}
}

// replace returns the list without old and with e; either may be nil. The old
// list stays as it is: somebody may be reading it.
func (o order) replace(list []*entry, old, e *entry) []*entry {
	list = slices.Clone(list)
	if old != nil {
		if i, ok := slices.BinarySearchFunc(list, old, o.compare); ok {
			list = slices.Delete(list, i, i+1)
		}
	}
	if e != nil {
		i, _ := slices.BinarySearchFunc(list, e, o.compare)
		list = slices.Insert(list, i, e)
	}
	return list
}

// compare orders by the field, and then by id, so that the order is total.
func (o order) compare(a, b *entry) int {
	c := 0
	switch o.field {
	case "name":
		c = strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	case "type":
		c = strings.Compare(a.Type, b.Type)
	case "size":
		c = cmp.Compare(a.totalSize(), b.totalSize())
	default:
		c = cmp.Compare(a.Created, b.Created)
	}
	if o.descending {
		c = -c
	}
	return cmp.Or(c, strings.Compare(a.ID, b.ID))
}
