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
	c.mu.Unlock()

	asked := unseen[:min(len(unseen), confirmAtMost)]
	var mu sync.Mutex // guards gone
	var gone []string
	var g errgroup.Group
	g.SetLimit(confirmAtOnce)
	for _, rec := range asked {
		g.Go(func() error {
			if c.isGone(ctx, rec) {
				mu.Lock()
				gone = append(gone, rec.asset.ID)
				mu.Unlock()
			}
			return nil
		})
	}
	_ = g.Wait()
	if len(gone) == len(asked) {
		for _, rec := range unseen[len(asked):] {
			gone = append(gone, rec.asset.ID)
		}
	} else if n := len(unseen) - len(gone); n > 0 {
		c.log.Debug("assets that a full listing left out are kept", "count", n)
	}
	return gone
}

// isGone asks for one asset that a sweep has not seen.
func (c *Catalog) isGone(ctx context.Context, rec *record) bool {
	a, err := c.cfg.API.Get(ctx, rec.asset.ID)
	switch {
	case errors.Is(err, fault.ErrNotExist), errors.Is(err, fault.ErrRefused):
		return true // deleted, or no longer shared with this user
	case err != nil:
		return false // not known: the next sweep asks again
	}
	// It is there. If the view is restricted, it may have been changed so that
	// it does not belong to it any more.
	return !c.shows(a.Type) || c.cfg.Query != "" && fingerprint(a.Raw) != rec.sum
}
