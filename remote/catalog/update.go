package catalog

import "time"

// news is what was learned of some assets.
type news struct {
	put      []*record
	gone     []string
	unshared []string  // as gone, but may be back at any time
	listed   time.Time // when the search began that says so; zero: a get, or we ourselves
	whole    bool      // the first load, which this completes
}

// update takes news into the table, publishes a snapshot if there is anything
// to see, and returns when those who want to know of it do.
func (c *Catalog) update(n news) {
	c.mu.Lock()
	c.take(n)
	c.mu.Unlock()
	c.tell()
}

// take is update under the lock; tell is to follow without it.
func (c *Catalog) take(n news) {
	if change := c.learn(n); !change.empty() {
		c.unread = append(c.unread, change)
	}
}

func (c *Catalog) learn(n news) (change Change) {
	prev := c.snap.Load()
	dirs := touched{}
	updated := map[string]bool{}
	searched := !n.listed.IsZero()
	remove := func(id string) {
		if old := c.table.remove(id); old != nil {
			dirs.touch(old, nil)
			change.Deleted = append(change.Deleted, id)
		}
	}
	for _, rec := range n.put {
		id := rec.asset.ID
		if searched && c.table.contradicts(id, n.listed) {
			continue
		}
		if !searched {
			c.table.trust[id] = trust{at: time.Now()}
		}
		old := c.table.put(rec)
		if old == rec {
			continue
		}
		dirs.touch(old, rec)
		updated[id] = old != nil && !old.is(rec)
	}
	for _, id := range n.gone {
		if searched && c.table.contradicts(id, n.listed) {
			continue
		}
		c.table.trust[id] = trust{at: time.Now(), gone: true}
		remove(id)
	}
	for _, id := range n.unshared {
		remove(id)
	}
	if prev == nil && !n.whole {
		return Change{} // nobody has seen anything that could have changed
	}
	if prev != nil && len(dirs) == 0 {
		return change
	}
	next := c.table.snapshot(prev, dirs)
	c.snap.Store(next)
	if prev == nil {
		c.table.loaded = nil
		return Change{}
	}
	for key := range dirs {
		change.diff(key, prev.dirs[key], next.dirs[key])
	}
	for id, changed := range updated {
		if old, now := prev.byID[id], next.byID[id]; changed && old != nil && now != nil {
			change.Updated = append(change.Updated, Update{*old, *now})
		}
	}
	return change
}

// tell gives OnChange what it has not been told, in order. When it returns,
// every change made before it was called has been told, by whomever.
func (c *Catalog) tell() {
	c.telling.Lock()
	defer c.telling.Unlock()
	c.mu.Lock()
	changes := c.unread
	c.unread = nil
	c.mu.Unlock()
	for _, change := range changes {
		c.cfg.OnChange(change)
	}
}
