package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/names"
)

// Lookup is the asset of that directory name, or the one that it names by
// name@id8. While the first load runs it costs a few requests. fault.ErrNotExist
// means that a complete listing has no such name; to find that out it waits,
// within its context, for the listing, and on a catalog from disk for the first
// look at what is new, and briefly for the first full listing.
func (c *Catalog) Lookup(ctx context.Context, archived bool, t api.Type, name string) (Entry, error) {
	key := dirKey{archived, t}
	if !c.shows(t) || !possible(name) {
		return Entry{}, notExist(key, name)
	}
	if c.snap.Load() == nil {
		if e, ok := c.early(ctx, key, name); ok {
			return e, nil
		}
	}
	s, err := c.wait(ctx)
	if err != nil {
		return Entry{}, err
	}
	if e, ok := s.find(key, name); ok {
		return e, nil
	}
	// It may be from disk, also where there was none a moment ago.
	if err := c.waitChecked(ctx); err != nil {
		return Entry{}, err
	}
	if e, ok := c.snap.Load().find(key, name); ok {
		return e, nil
	}
	return Entry{}, notExist(key, name)
}

// possible reports whether name can be an asset's directory name at all.
func possible(name string) bool {
	_, _, decorated := names.Split(name)
	_, plain := names.Decode(name)
	return decorated || plain
}

func notExist(key dirKey, name string) error {
	return &fault.Error{Op: "find " + string(key.typ), Path: name, Kind: fault.ErrNotExist}
}

// List is everything in one directory, sorted by name; the slice is shared and
// not to be changed. It waits for the first load and is never partial.
func (c *Catalog) List(ctx context.Context, archived bool, t api.Type) ([]Entry, error) {
	if !c.shows(t) {
		return nil, nil
	}
	s, err := c.wait(ctx)
	if err != nil {
		return nil, err
	}
	return s.dirs[dirKey{archived, t}], nil
}

// ByID is the asset of that id. One that no listing has shown is asked for, so
// that also assets outside Types and Query have their path by id; whether such
// a one is archived is not known.
func (c *Catalog) ByID(ctx context.Context, id string) (Entry, error) {
	if e, ok := c.known(id); ok {
		return e, nil
	}
	if e, err, ok := c.strangers.get(id); ok {
		return e, err
	}
	return shared(ctx, c, "meet "+id, flightBudget, func(ctx context.Context) (Entry, error) {
		a, err := c.cfg.API.Get(ctx, id)
		if err != nil {
			if c.life.Err() == nil {
				c.strangers.put(id, stranger{err: err, until: time.Now().Add(min(missKept, c.cfg.Refresh))})
			}
			return Entry{}, err
		}
		return c.met(id, a), nil
	})
}

// Known is the asset of that id if a listing has shown it. It waits for nothing.
func (c *Catalog) Known(id string) (Entry, bool) { return c.known(id) }

// expectAtOnce are the gets of one Expect that run in parallel: some of what the
// API client allows, since others want to ask as well.
const expectAtOnce = 8

// Expect begins to ask for those of the assets that no listing has shown, or for
// the first hundreds of them, for a caller who will want one after the other. It
// waits for nothing.
func (c *Catalog) Expect(ids []string) {
	unknown := c.strangers.expect(slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		_, known := c.known(id)
		return known
	}))
	if len(unknown) == 0 {
		return
	}
	go func() {
		var g errgroup.Group
		g.SetLimit(expectAtOnce)
		for _, id := range unknown {
			g.Go(func() error {
				_, _ = c.ByID(c.life, id) // who wants it hears of a failure
				c.strangers.arrived(id)
				return nil
			})
		}
		_ = g.Wait()
	}()
}

// met is the entry of an asset that a get has brought, asked for as id.
func (c *Catalog) met(id string, a *api.Asset) Entry {
	if e, ok := c.known(a.ID); ok {
		return e
	}
	rec := c.records([]*api.Asset{a}, false, nil, false)[0]
	e := rec.entry(names.Decorated(a.Name, a.ID))
	keep := c.cfg.Refresh
	if a.State == api.Draft {
		keep = c.cfg.PollTime
	}
	c.strangers.put(id, stranger{entry: e, until: time.Now().Add(keep)})
	return e
}

// known is the entry of an asset in memory. Before the first load is complete
// its directory name is the one that always leads to it.
func (c *Catalog) known(id string) (Entry, bool) {
	if s := c.snap.Load(); s != nil {
		if e, ok := s.byID[id]; ok {
			return *e, true
		}
		return Entry{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	rec, ok := c.table.byID[id]
	if !ok {
		return Entry{}, false
	}
	return rec.entry(names.Decorated(rec.asset.Name, id)), true
}

// wait gives the snapshot, when there is one. It fails when the load that runs
// fails, rather than wait for the one after.
func (c *Catalog) wait(ctx context.Context) (*snapshot, error) {
	for {
		if s := c.snap.Load(); s != nil {
			return s, nil
		}
		c.mu.Lock()
		at := c.first
		c.mu.Unlock()
		select {
		case <-at.done:
			if at.err != nil {
				return nil, at.err
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the catalog to load: %w", ctx.Err())
		}
	}
}

// waitChecked waits until the platform has been asked for news once since the
// mount, successfully or not, and not much longer.
func (c *Catalog) waitChecked(ctx context.Context) error {
	select {
	case <-c.checked:
		return nil
	default:
	}
	select {
	case <-c.checked:
		return nil
	case <-c.life.Done():
		return errStopped
	case <-ctx.Done():
		return fmt.Errorf("wait for the catalog to be refreshed: %w", ctx.Err())
	}
}
