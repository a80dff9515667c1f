package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/fault"
)

// Put makes known what the platform answered to a change of our own, or to a
// get: searches that still say otherwise are not believed for a while. When it
// returns, the tree shows it and OnChange has been told. An asset that was
// archived stays so.
func (c *Catalog) Put(a *api.Asset) {
	c.update(news{put: c.records([]*api.Asset{a}, c.isArchived(a.ID), nil, false)})
}

// SetArchived makes known that we have archived an asset, or taken it out of
// the archive; otherwise it is as Put. An asset that is not known it ignores.
func (c *Catalog) SetArchived(id string, archived bool) {
	c.mu.Lock()
	if old := c.table.byID[id]; old != nil {
		rec := *old
		rec.archived = archived
		c.take(news{put: []*record{&rec}})
	}
	c.mu.Unlock()
	c.tell()
}

// Remove makes known that an asset is gone: we have deleted it, or a get says
// so. Otherwise it is as Put.
func (c *Catalog) Remove(id string) {
	c.update(news{gone: []string{id}})
}

// Recheck asks the platform for one asset and makes the answer known. It is
// for an asset that may have changed: one that a file call called missing, a
// draft, one that was transferred.
func (c *Catalog) Recheck(ctx context.Context, id string) (Entry, error) {
	a, err := c.get(ctx, id)
	if errors.Is(err, fault.ErrNotExist) {
		c.strangers.drop(id)
		c.Remove(id)
	}
	if err != nil {
		return Entry{}, err
	}
	if c.knows(a.ID) {
		c.Put(a)
	}
	return c.met(id, a), nil
}

// get is shared by all who ask for one asset at one time.
func (c *Catalog) get(ctx context.Context, id string) (*api.Asset, error) {
	return shared(ctx, c, "get "+id, flightBudget, func(ctx context.Context) (*api.Asset, error) {
		return c.cfg.API.Get(ctx, id)
	})
}

// shared runs do once for all who ask for key at one time, for budget at most. It
// runs under the catalog's own context; the caller's ends only the caller's wait.
func shared[T any](ctx context.Context, c *Catalog, key string, budget time.Duration, do func(context.Context) (T, error)) (T, error) {
	var none T
	flight := c.flights.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(c.life, budget)
		defer cancel()
		return do(ctx)
	})
	select {
	case <-ctx.Done():
		return none, fmt.Errorf("wait for the platform: %w", ctx.Err())
	case r := <-flight:
		if r.Err != nil {
			return none, r.Err
		}
		return r.Val.(T), nil
	}
}
