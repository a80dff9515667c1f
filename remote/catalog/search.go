package catalog

import (
	"context"
	"strings"
	"time"

	"codeoceanfs/remote/api"
)

// searchBudget ends a search that several callers wait for: 100,000 results are
// a hundred pages in a row, and take the platform minutes.
const searchBudget = 10 * time.Minute

// Search is what a query finds among the archived assets, or among all others,
// in as far as they are shown. Every entry's directory name leads to it.
//
// It is what the platform finds, and what it misses: name: with more than some
// twenty characters finds nothing there, and the catalog has all names.
func (c *Catalog) Search(ctx context.Context, archived bool, query string) ([]Entry, error) {
	flight := "search " + typeName(dirKey{archived: archived}) + " " + query
	return shared(ctx, c, flight, searchBudget, func(ctx context.Context) ([]Entry, error) {
		found, err := c.find(ctx, archived, query)
		if err != nil {
			return nil, err
		}
		rest, long := longNames(query)
		if len(long) == 0 {
			return c.entries(archived, found), nil
		}
		more, err := c.named(ctx, archived, rest, long)
		if err != nil {
			return nil, err
		}
		return c.entries(archived, append(found, more...)), nil
	})
}

// find is what the platform finds: ids.
func (c *Catalog) find(ctx context.Context, archived bool, query string) ([]string, error) {
	start := time.Now()
	var found []string
	var strange []*api.Asset
	for a, err := range c.cfg.API.SearchAll(ctx, api.Query{Query: query, Archived: archived}) {
		if err != nil {
			return nil, err
		}
		if !c.shows(a.Type) {
			continue
		}
		found = append(found, a.ID)
		if !c.knows(a.ID) {
			strange = append(strange, a)
		}
	}
	// What the catalog has not met is new, unless it does not belong to a
	// restricted view.
	if len(strange) > 0 && c.cfg.Query == "" {
		c.update(news{put: c.records(strange, archived, nil, false), listed: start})
	}
	return found, nil
}

// named is what has one of the names and is found by the rest of the query: ids.
// It needs all names, and waits for them.
func (c *Catalog) named(ctx context.Context, archived bool, rest string, names []string) ([]string, error) {
	s, err := c.wait(ctx)
	if err != nil {
		return nil, err
	}
	var found []string
	for key, dir := range s.dirs {
		if key.archived != archived {
			continue
		}
		for _, e := range dir {
			if hasAnyWords(e.Name, names) {
				found = append(found, e.ID)
			}
		}
	}
	if len(found) == 0 || rest == "" {
		return found, nil
	}
	also, err := c.find(ctx, archived, rest)
	if err != nil {
		return nil, err
	}
	wanted := make(map[string]bool, len(also))
	for _, id := range also {
		wanted[id] = true
	}
	both := found[:0]
	for _, id := range found {
		if wanted[id] {
			both = append(both, id)
		}
	}
	return both, nil
}

// entries are the assets of those ids that are shown in the archive, or beside
// it, each once. Some platforms find archived assets unasked.
func (c *Catalog) entries(archived bool, ids []string) []Entry {
	entries := make([]Entry, 0, len(ids))
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if e, ok := c.known(id); ok && c.shows(e.Type) && e.Archived == archived && !seen[id] {
			entries = append(entries, e)
			seen[id] = true
		}
	}
	return entries
}

func hasAnyWords(name string, phrases []string) bool {
	text := spaced(name)
	for _, p := range phrases {
		if words := spaced(p); words != " " && strings.Contains(text, words) {
			return true
		}
	}
	return false
}
