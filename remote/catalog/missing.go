package catalog

import (
	"context"
	"errors"
	"maps"
	"slices"
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
func (c *Catalog) missing(ctx context.Context, start time.Time, seen map[string]bool) (gone, unshared []string) {
	var unseen []*record
	c.mu.Lock()
	for id, rec := range c.table.byID {
		if _, ok := seen[id]; !ok && !c.table.contradicts(id, start) {
			unseen = append(unseen, rec)
		}
	}
	c.mu.Unlock()

	asked := unseen[:min(len(unseen), confirmAtMost)]
	var mu sync.Mutex // guards gone and refused
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
			case fault.IsRefusal(err):
				refused[id] = true
			case err == nil && (!c.shows(a.Type) || c.cfg.Query != "" && fingerprint(a.Raw) != rec.sum):
				gone = append(gone, id) // changed, so that the view excludes it
			}
			return nil
		})
	}
	_ = g.Wait()
	if rest := unseen[len(asked):]; len(gone)+len(refused) == len(asked) {
		for _, rec := range rest {
			if len(refused) > 0 {
				refused[rec.asset.ID] = true
			} else {
				gone = append(gone, rec.asset.ID)
			}
		}
	}
	unshared = c.refusedTwice(refused)
	if kept := len(unseen) - len(gone) - len(unshared); kept > 0 {
		c.log.Debug("assets that a full listing left out are kept", "count", kept)
	}
	return gone, unshared
}

// refusedTwice notes the assets that no search shows and a get refuses, and
// returns those of which that was so before: they are not shared with this user
// any more. Once is not enough, because a platform that refuses for a moment
// must not empty the tree.
func (c *Catalog) refusedTwice(refused map[string]bool) (unshared []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range refused {
		if c.table.refused[id] {
			unshared = append(unshared, id)
			delete(refused, id)
		}
	}
	c.table.refused = refused
	return unshared
}

// confirmSoon is how long after an asset was refused it is asked for a second
// time: longer than a stumble of the platform, and well within what people wait
// for when they have taken a colleague's rights away.
const confirmSoon = 10 * time.Second

// pending reports whether assets were refused once.
func (c *Catalog) pending() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.table.refused) > 0
}

// confirm asks for those a second time, some of them for all.
func (c *Catalog) confirm(ctx context.Context) {
	c.mu.Lock()
	refused := c.table.refused
	c.table.refused = nil
	c.mu.Unlock()
	var unshared []string
	asked := 0
	for id := range refused {
		if asked++; asked > confirmAtMost {
			break
		}
		if _, err := c.cfg.API.Get(ctx, id); fault.IsRefusal(err) {
			unshared = append(unshared, id)
		}
	}
	if len(unshared) == min(len(refused), confirmAtMost) {
		unshared = slices.Collect(maps.Keys(refused))
	}
	c.update(news{unshared: unshared})
}
