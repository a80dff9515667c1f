package catalog

import "context"

// Newest is one look for new assets, without the sweep that Refresh adds.
func (c *Catalog) Newest(ctx context.Context) error { return c.newest(ctx) }

// File is where the catalog is kept.
func (c *Catalog) File() string { return c.diskFile() }

// Queries are the searches for a name.
func Queries(name string) []string { return queries(name) }
