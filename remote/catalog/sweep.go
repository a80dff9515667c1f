package catalog

import (
	"context"
	"time"

	"codeoceanfs/remote/api"
)

// sweep lists everything there is, archived assets first: once these are known,
// every other asset's place is certain as soon as it is seen. Both listings are
// asked for because nothing in a record says archived, and whether a plain
// search includes archived assets is not documented.
//
// The first sweep shows what it has found while it runs, to lookups only. The
// oldest come first, so that a plain name is known to be free of older claims;
// and assets made meanwhile come last and shift no page.
func (c *Catalog) sweep(ctx context.Context) error {
	s := sweeping{c: c, start: time.Now(), intern: interner{}, seen: map[string]bool{}, odd: map[uint64]bool{}}
	c.sweepTried = s.start
	c.mu.Lock()
	c.status.Listed = 0
	// Pages are kept whole while one record in them is of use; a sweep brings
	// every record anyway, so it is the time to pack them anew.
	s.repack = c.table.packed > 2*len(c.table.byID)
	if s.repack {
		c.table.packed = 0
	}
	c.mu.Unlock()
	for _, archived := range []bool{true, false} {
		for _, q := range c.listings(archived) {
			q.SortOrder = "asc"
			q.Unusable = s.unusable
			if err := s.list(ctx, q); err != nil {
				return err
			}
		}
		if archived {
			c.mu.Lock()
			c.table.archiveKnown = true
			c.mu.Unlock()
		}
	}
	gone, unshared := c.missing(ctx, s.start, s.seen)
	c.update(news{put: s.put, gone: gone, unshared: unshared, listed: s.start, whole: true})
	now := time.Now()
	c.sweepTook = now.Sub(s.start)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.LastSweep = now
	c.status.Unusable, c.status.UnusableNames = len(s.odd), s.oddNames
	c.table.forget(now)
	return nil
}

// listings are the searches that together find everything to be shown.
func (c *Catalog) listings(archived bool) []api.Query {
	q := api.Query{Query: c.cfg.Query, Archived: archived, SortField: "created"}
	if len(c.cfg.Types) == 0 {
		return []api.Query{q}
	}
	qs := make([]api.Query, len(c.cfg.Types))
	for i, t := range c.cfg.Types {
		qs[i] = q
		qs[i].Type = t
	}
	return qs
}

// sweeping is a sweep under way.
type sweeping struct {
	c      *Catalog
	start  time.Time
	repack bool
	intern interner
	seen   map[string]bool // id → archived
	put    []*record       // of all that was seen, to be made known at the end
	batch  []*api.Asset    // not yet made records

	odd      map[uint64]bool // results that are no assets, by their fingerprints
	oddNames []string        // of the first of them
}

// unusableNames are the examples that Status has of results that are no assets.
const unusableNames = 5

// unusable counts a result that is no asset.
func (s *sweeping) unusable(name string, record []byte) {
	sum := fingerprint(record)
	if !s.odd[sum] && len(s.odd) < unusableNames {
		s.oddNames = append(s.oddNames, name)
	}
	s.odd[sum] = true
}

// list reads one listing.
func (s *sweeping) list(ctx context.Context, q api.Query) error {
	for a, err := range s.c.cfg.API.SearchAll(ctx, q) {
		if err != nil {
			return err
		}
		if _, ok := s.seen[a.ID]; ok || !s.c.shows(a.Type) {
			continue // in the plain listing as well as in the archive
		}
		s.seen[a.ID] = q.Archived
		if s.batch = append(s.batch, a); len(s.batch) == pageRecords {
			s.flush(q.Archived)
		}
	}
	s.flush(q.Archived)
	return nil
}

// flush makes records of what has been read; those of the first load can be
// looked up from here on.
func (s *sweeping) flush(archived bool) {
	made := s.c.records(s.batch, archived, s.intern, s.repack)
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.c.status.Listed += len(made)
	s.put = append(s.put, made...)
	if s.c.table.loaded != nil {
		for _, rec := range made {
			if !s.c.table.contradicts(rec.asset.ID, s.start) {
				s.c.table.put(rec)
				s.c.table.index(rec)
			}
		}
	}
	s.batch = s.batch[:0]
}

// records makes records of assets, or finds them where they say what is known
// already. With repack it makes them all.
func (c *Catalog) records(assets []*api.Asset, archived bool, intern interner, repack bool) []*record {
	recs := make([]*record, len(assets))
	var raws [][]byte
	var fresh []*record
	c.mu.Lock()
	for i, a := range assets {
		recs[i] = c.table.byID[a.ID]
	}
	c.mu.Unlock()
	for i, a := range assets {
		old, sum := recs[i], fingerprint(a.Raw)
		switch {
		case old != nil && old.sum == sum && old.archived == archived && !repack:
			continue
		case old != nil && old.sum == sum && !repack:
			moved := *old
			moved.archived = archived
			recs[i] = &moved
			continue
		}
		recs[i] = &record{asset: intern.slim(a), sum: sum, archived: archived}
		raws = append(raws, a.Raw)
		fresh = append(fresh, recs[i])
	}
	for at := 0; at < len(raws); at += pageRecords {
		n := min(pageRecords, len(raws)-at)
		pg := c.packer.pack(raws[at : at+n])
		for i := range n {
			fresh[at+i].raw = packed{pg, i}
		}
	}
	c.mu.Lock()
	c.table.packed += len(fresh)
	c.mu.Unlock()
	return recs
}
