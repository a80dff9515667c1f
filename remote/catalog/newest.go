package catalog

import (
	"context"
	"errors"
	"time"

	"codeoceanfs/remote/api"
)

// knownRun is how many known assets in a row end the look for new ones, and the
// page it asks for: the index may show an asset after one that is younger, and
// the platform's usual page is quick.
const knownRun = 100

// maxNew is how many new assets are looked for in such pages. A list that was kept
// on disk for a year may lack more than it has; listing everything, in pages of
// 1000, is quicker then.
const maxNew = 1000

var errManyNew = errors.New("more new assets than a look for new ones can bring")

// newest looks for assets made since, and for changes of the youngest ones. It
// fails with errManyNew when only a full listing can bring them.
func (c *Catalog) newest(ctx context.Context) error {
	start := time.Now()
	archived := map[string]bool{}
	n := news{listed: start}
	for _, archive := range []bool{true, false} {
		var found []*api.Asset
		for _, q := range c.listings(archive) {
			q.SortOrder, q.Limit = "desc", knownRun
			more, err := c.untilKnown(ctx, q)
			if err != nil {
				return err
			}
			found = append(found, more...)
		}
		var assets []*api.Asset
		for _, a := range found {
			// What is archived, a plain search may find or not: only a sweep
			// can tell that an asset has left the archive.
			if archive {
				archived[a.ID] = true
			} else if archived[a.ID] || c.isArchived(a.ID) {
				continue
			}
			assets = append(assets, a)
		}
		n.put = append(n.put, c.records(assets, archive, nil, false)...)
	}
	c.update(n)
	return nil
}

// untilKnown reads a listing until it has met knownRun known assets in a row.
func (c *Catalog) untilKnown(ctx context.Context, q api.Query) ([]*api.Asset, error) {
	var found []*api.Asset
	run := 0
	for a, err := range c.cfg.API.SearchAll(ctx, q) {
		if err != nil {
			return nil, err
		}
		if !c.shows(a.Type) {
			continue
		}
		found = append(found, a)
		if run++; !c.knows(a.ID) {
			run = 0
		}
		if run == knownRun {
			break
		}
		if len(found) > maxNew {
			return nil, errManyNew
		}
	}
	return found, nil
}

func (c *Catalog) knows(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.byID[id] != nil
}

func (c *Catalog) isArchived(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	rec := c.table.byID[id]
	return rec != nil && rec.archived
}
