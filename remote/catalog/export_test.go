package catalog

import (
	"context"
	"time"
)

// Newest is one look for new assets, without the sweep that Refresh adds.
func (c *Catalog) Newest(ctx context.Context) error { return c.newest(ctx) }

// Packed is how many records the pages hold, of use or not.
func (c *Catalog) Packed() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.packed
}

// DueDrafts are the drafts to ask for at now.
func (c *Catalog) DueDrafts(now time.Time) []string { return c.dueDrafts(now) }

// File is where the catalog is kept.
func (c *Catalog) File() string { return c.diskFile() }

// Queries are the searches for a name.
func Queries(name string) []string { return queries(name) }
