package catalog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// sweepShare is the part of its time a catalog may spend on full listings,
	// as one in so many: that of a small deployment, a request or two, is made
	// at every refresh, and that of 10,000 assets, which takes the platform 20
	// seconds, every 20 minutes.
	sweepShare = 60

	// sweepMost is the longest between two full listings: only they show that
	// somebody else renamed or deleted an older asset.
	sweepMost = time.Hour

	// sweepWait is how long a name that is not in a catalog from disk waits for
	// the first sweep, once the look for new assets has not found it. That of a
	// small deployment is done by then, and shows what was renamed meanwhile; that
	// of a large one takes longer than a lookup may.
	sweepWait = 3 * time.Second

	// sweepRetry is how soon one that failed is tried again. It may have
	// failed at its end.
	sweepRetry = 5 * time.Minute

	// retryFirst and its doublings, up to the refresh interval, are how soon a
	// first load that failed is tried again.
	retryFirst = 2 * time.Second
)

// Run keeps the catalog until ctx ends, and then writes it to disk a last time.
// It is called once. What goes wrong meanwhile is in Status and in the log: a
// catalog that cannot be refreshed keeps what it knows.
func (c *Catalog) Run(ctx context.Context) error {
	defer c.end()
	c.restore()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { c.pollDrafts(ctx) })
	defer c.save()

	var asked []*sweepRequest
	retry := retryFirst
	for {
		err := c.round(ctx, len(asked) > 0)
		if ctx.Err() != nil {
			err = errStopped
		}
		for _, r := range asked {
			r.finish(err)
		}
		next := c.cfg.Refresh
		if c.snap.Load() == nil {
			next = min(retry, next)
			retry = 2 * next
		}
		if c.pending() {
			next = min(next, confirmSoon)
		}
		if asked = c.rest(ctx, next); ctx.Err() != nil {
			for _, r := range asked {
				r.finish(errStopped)
			}
			return nil
		}
	}
}

// round brings the catalog up to date once.
func (c *Catalog) round(ctx context.Context, sweep bool) error {
	var err error
	if c.snap.Load() == nil {
		err = c.load(ctx)
	} else {
		if c.pending() {
			c.confirm(ctx)
		}
		// The quick look first: what is new should not wait for the rest.
		switch err = c.newest(ctx); {
		case errors.Is(err, errManyNew):
			c.sweepErr = c.sweep(ctx)
			err = c.sweepErr
		case err == nil:
			defer time.AfterFunc(sweepWait, c.hasLooked).Stop()
			if sweep || c.sweepDue() {
				c.sweepErr = c.sweep(ctx)
			}
			err = c.sweepErr // until one succeeds
		}
	}
	if ctx.Err() == nil {
		c.note(err)
		c.hasLooked()
		c.saveIfDue()
	}
	return err
}

// hasLooked ends the wait of names that a catalog from disk does not have.
func (c *Catalog) hasLooked() { c.checkedOnce.Do(func() { close(c.checked) }) }

// load is the first sweep, which others may wait for.
func (c *Catalog) load(ctx context.Context) error {
	c.mu.Lock()
	at := c.first
	select {
	case <-at.done: // the one before has failed
		at = newAttempt()
		c.first = at
	default:
	}
	c.mu.Unlock()
	err := c.sweep(ctx)
	if ctx.Err() != nil {
		at.err = errStopped
	} else if err != nil {
		at.err = fmt.Errorf("load the catalog: %w", err)
		c.note(err) // who waits may look there next
	}
	close(at.done)
	return err
}

// note keeps the outcome of a round for Status, and logs when it turns.
func (c *Catalog) note(err error) {
	c.mu.Lock()
	before := c.status.LastError
	c.status.LastError = ""
	if err != nil {
		c.status.LastError = err.Error()
	} else {
		c.status.LastRefresh = time.Now()
	}
	c.mu.Unlock()
	switch {
	case err != nil && before == "":
		c.log.Warn("catalog not refreshed, what is known stays", "error", err)
	case err == nil && before != "":
		c.log.Info("catalog refreshed again")
	}
}

func (c *Catalog) sweepDue() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	every := c.cfg.Sweep
	if every == 0 {
		every = min(max(c.cfg.Refresh, sweepShare*c.sweepTook), sweepMost)
	}
	if c.sweepErr != nil {
		return time.Since(c.sweepTried) >= min(every, sweepRetry)
	}
	return time.Since(c.status.LastSweep) >= every
}

// rest waits until it is time for the next round, and returns the requests that
// ended the wait.
func (c *Catalog) rest(ctx context.Context, d time.Duration) []*sweepRequest {
	timer := time.NewTimer(d)
	defer timer.Stop()
	var asked []*sweepRequest
	select {
	case <-ctx.Done():
		return nil
	case <-timer.C:
	case r := <-c.sweeps:
		asked = append(asked, r)
	}
	for {
		select {
		case r := <-c.sweeps:
			asked = append(asked, r)
		default:
			return asked
		}
	}
}

// sweepRequest is somebody who waits for a full listing.
type sweepRequest struct {
	done chan struct{}
	err  error
}

func (r *sweepRequest) finish(err error) {
	r.err = err
	close(r.done)
}

// Refresh makes Run list everything again, and waits until it has, or ctx ends;
// the listing goes on then. New assets are there well before it returns. A
// listing that runs when Refresh is called does not count.
func (c *Catalog) Refresh(ctx context.Context) error {
	r := &sweepRequest{done: make(chan struct{})}
	select {
	case c.sweeps <- r:
	case <-ctx.Done():
		return fmt.Errorf("wait for a refresh to begin: %w", ctx.Err())
	case <-c.life.Done():
		return errStopped
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return fmt.Errorf("wait for a refresh: %w", ctx.Err())
	}
}
