package catalog

import (
	"context"
	"errors"
	"sync"
	"time"

	"codeoceanfs/remote/fault"
)

// slowestPoll is how often an old draft is asked for: some are abandoned, and
// stay for ever.
const slowestPoll = 5 * time.Minute

// pollDrafts asks for every draft until it is ready, failed or gone: often
// while it is young, and the less often the older it is.
func (c *Catalog) pollDrafts(ctx context.Context) {
	tick := time.NewTicker(c.cfg.PollTime)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var wg sync.WaitGroup
		slots := make(chan struct{}, confirmAtOnce)
		for _, id := range c.dueDrafts(time.Now()) {
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				if _, err := c.Recheck(ctx, id); err != nil && !errors.Is(err, fault.ErrNotExist) {
					c.log.Debug("draft not polled", "asset", id, "error", err)
				}
			})
		}
		wg.Wait()
	}
}

// dueDrafts are the drafts to be asked for now; it sets when to do so again.
func (c *Catalog) dueDrafts(now time.Time) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var due []string
	for id, d := range c.table.drafts {
		if now.Before(d.next) {
			continue
		}
		due = append(due, id)
		// A tenth of the time it has taken delays what it turns into by a
		// tenth at most.
		wait := max(min(now.Sub(d.since)/10, slowestPoll), c.cfg.PollTime)
		d.next = now.Add(wait - c.cfg.PollTime/2) // the ticker is not exact
		c.table.drafts[id] = d
	}
	return due
}
