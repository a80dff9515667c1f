package catalog

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/names"
)

// early finds an asset while the first load runs. Not to find it means nothing.
func (c *Catalog) early(ctx context.Context, key dirKey, name string) (Entry, bool) {
	if e, ok := c.soFar(key, name); ok {
		return e, true
	}
	if c.cfg.Query != "" {
		// A second search expression beside the user's can mean something else
		// than both: fields that repeat are alternatives.
		return Entry{}, false
	}
	flight := "find " + typeName(key) + "/" + name
	e, err := shared(ctx, c, flight, flightBudget, func(ctx context.Context) (*Entry, error) {
		return c.target(ctx, key, name)
	})
	if err != nil {
		// The load goes on, and its outcome counts.
		c.log.Debug("search for a name", "name", name, "error", err)
	}
	if err != nil || e == nil {
		return c.soFar(key, name)
	}
	return *e, true
}

// soFar is the asset that has the name already, or that has the oldest claim in
// what has been loaded, which comes in order of age.
func (c *Catalog) soFar(key dirKey, name string) (Entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, ok := c.table.held[key][name]
	if !ok {
		id, ok = c.table.loaded[key][name]
	}
	rec := c.table.byID[id]
	if !ok || rec == nil || rec.key() != key {
		return Entry{}, false
	}
	c.table.hold(key, name, id)
	return rec.entry(name), true
}

// target searches the platform for a directory name. It is nil when no search
// has found it.
func (c *Catalog) target(ctx context.Context, key dirKey, name string) (*Entry, error) {
	for _, query := range queries(name) {
		start := time.Now()
		found, err := c.both(ctx, key, query)
		if err != nil {
			return nil, err
		}
		var best *api.Asset
		for _, a := range found {
			if a.Type == key.typ && answersTo(a, name) && (best == nil || older(a, best)) {
				best = a
			}
		}
		if best == nil {
			continue
		}
		if e, ok := c.claim(key, name, best, start); ok {
			return &e, nil
		}
	}
	return nil, nil
}

func answersTo(a *api.Asset, name string) bool {
	return names.Plain(a.Name, a.ID) == name || names.Decorated(a.Name, a.ID) == name
}

// targetPage is how many results of a search for one name are looked at. Names
// of one experiment share most of their words; a hundred is more than one has.
const targetPage = 100

// both searches among the archived assets and, when these are not wanted, among
// all others.
func (c *Catalog) both(ctx context.Context, key dirKey, query string) ([]*api.Asset, error) {
	q := api.Query{Query: query, Type: key.typ, Limit: targetPage}
	var plain, archived api.Page
	g, ctx := errgroup.WithContext(ctx)
	c.mu.Lock()
	known := c.table.archiveKnown
	c.mu.Unlock()
	if key.archived || !known {
		g.Go(func() (err error) {
			q := q
			q.Archived = true
			archived, err = c.cfg.API.Search(ctx, q, "")
			return err
		})
	}
	if !key.archived {
		g.Go(func() (err error) {
			plain, err = c.cfg.API.Search(ctx, q, "")
			return err
		})
	}
	if err := g.Wait(); err != nil || key.archived {
		return archived.Assets, err
	}
	away := map[string]bool{}
	for _, a := range archived.Assets {
		away[a.ID] = true
	}
	var found []*api.Asset
	for _, a := range plain.Assets {
		if !away[a.ID] && !c.isArchived(a.ID) {
			found = append(found, a)
		}
	}
	return found, nil
}

// claim gives a name to the asset that a search has found for it.
func (c *Catalog) claim(key dirKey, name string, a *api.Asset, searched time.Time) (Entry, bool) {
	rec := c.records([]*api.Asset{a}, key.archived, nil, false)[0]
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.snap.Load() != nil {
		return Entry{}, false // the load is complete, and knows better
	}
	if c.table.contradicts(a.ID, searched) {
		if rec = c.table.byID[a.ID]; rec == nil || rec.key() != key || !answersTo(&rec.asset, name) {
			return Entry{}, false
		}
	}
	if !c.table.hold(key, name, a.ID) {
		return Entry{}, false // given to another meanwhile
	}
	c.table.put(rec)
	dir := names.Plain(a.Name, a.ID)
	if holder, ok := c.table.held[key][dir]; ok && holder != a.ID {
		dir = name
	}
	return rec.entry(dir), true
}

func typeName(key dirKey) string {
	if key.archived {
		return "archived " + string(key.typ)
	}
	return string(key.typ)
}
