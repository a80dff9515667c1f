package catalog

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"codeoceanfs/remote/fault"
)

const (
	// confirmAtOnce are the gets that run in parallel: a fraction of what the
	// API client allows, since somebody may be waiting for the rest.
	confirmAtOnce = 4
	// confirmAtMost is how many missing assets are asked for one by one after
	// a sweep. If there are more, so many of them speak for all.
	confirmAtMost = 64
)

// missing finds out which known assets a sweep has not seen because they are
// gone. Not all are: pages shift while assets come and go, indexes lag, and a
// listing that is suddenly short is more often a fault than a mass deletion.
// So a get decides.
func (c *Catalog) missing(ctx context.Context, start time.Time, seen map[string]bool) []string {
	var unseen []*record
	c.mu.Lock()
	for id, rec := range c.table.byID {
		if _, ok := seen[id]; !ok && !c.table.contradicts(id, start) {
			unseen = append(unseen, rec)
		}
	}
	refusedBefore := c.table.refused
	c.mu.Unlock()

	asked := unseen[:min(len(unseen), confirmAtMost)]
	var mu sync.Mutex // guards gone and refused
	var gone []string
	refused := map[string]bool{}
	var g errgroup.Group
	g.SetLimit(confirmAtOnce)
	for _, rec := range asked {
		g.Go(func() error {
			id := rec.asset.ID
			a, err := c.cfg.API.Get(ctx, id)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, fault.ErrNotExist):
				gone = append(gone, id)
			case errors.Is(err, fault.ErrRefused):
				refused[id] = true
			case err == nil && (!c.shows(a.Type) || c.cfg.Query != "" && fingerprint(a.Raw) != rec.sum):
				gone = append(gone, id) // changed, so that the view excludes it
			}
			return nil
		})
	}
	_ = g.Wait()
	if len(gone) == len(asked) {
		for _, rec := range unseen[len(asked):] {
			gone = append(gone, rec.asset.ID)
		}
	}
	// No longer shared with this user, if it lasts: a token that is refused for
	// a moment must not empty the tree.
	for id := range refused {
		if refusedBefore[id] {
			gone = append(gone, id)
		}
	}
	c.mu.Lock()
	c.table.refused = refused
	c.mu.Unlock()
	if kept := len(unseen) - len(gone); kept > 0 {
		c.log.Debug("assets that a full listing left out are kept", "count", kept)
	}
	return gone
}
