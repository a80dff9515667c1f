package catalog

import (
	"context"
	"time"

	"codeoceanfs/remote/api"
)

// Search is what the platform finds for query, in its order, in as far as it is
// shown. Every entry's directory name leads to it. Archived assets are left out
// whether or not a plain search of the platform includes them.
func (c *Catalog) Search(ctx context.Context, query string) ([]Entry, error) {
	return shared(ctx, c, "search "+query, func(ctx context.Context) ([]Entry, error) {
		start := time.Now()
		var found, strange []*api.Asset
		for a, err := range c.cfg.API.SearchAll(ctx, api.Query{Query: query}) {
			if err != nil {
				return nil, err
			}
			if !c.shows(a.Type) {
				continue
			}
			found = append(found, &api.Asset{ID: a.ID, Name: a.Name})
			if !c.knows(a.ID) {
				strange = append(strange, a)
			}
		}
		// What the catalog has not met is new, unless it does not belong to
		// a restricted view.
		if len(strange) > 0 && c.cfg.Query == "" {
			c.update(news{put: c.records(strange, false, nil, false), listed: start})
		}
		entries := make([]Entry, 0, len(found))
		for _, a := range found {
			if e, ok := c.known(a.ID); ok && c.shows(e.Type) && !e.Archived {
				entries = append(entries, e)
			}
		}
		return entries, nil
	})
}
