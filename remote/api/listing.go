package api

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"

	"codeoceanfs/remote/fault"
)

const (
	// maxPages is ten million assets: beyond it a server does not end.
	maxPages = 10_000
	// maxRestarts is how often a listing begins anew because its token died.
	maxRestarts = 3
)

// SearchAll gives every asset that q finds, each id once, page by page. After
// an error it ends: what came before is then incomplete. Assets that are made
// or changed meanwhile may be missing.
//
// It goes by the platform's tokens. Where these do not work, or there are none,
// it goes by offset; where offsets are only answered up to a bound, it comes
// from the other end as well, and then asks for parts of what q finds. In that
// case assets are not in the order that q asks for.
func (c *Client) SearchAll(ctx context.Context, q Query) iter.Seq2[*Asset, error] {
	return func(yield func(*Asset, error) bool) {
		l := listing{c: c, seen: map[string]bool{}, yield: yield}
		if err := l.all(ctx, q); err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

var (
	// errWindow is a refusal of an offset, where smaller ones were answered.
	errWindow = errors.New("the platform gives only the first results of a search")
	// errEnough is the caller's: it wants no more.
	errEnough = errors.New("enough")
)

// listing is a SearchAll that runs.
type listing struct {
	c     *Client
	seen  map[string]bool // ids given
	yield func(*Asset, error) bool
}

// all gives everything that q finds.
func (l *listing) all(ctx context.Context, q Query) error {
	p := pass{q: q, tokens: map[string]bool{}}
	err := l.run(ctx, &p)
	if !errors.Is(err, errWindow) {
		return err
	}
	if q.SortField == "" {
		// Of an order that is not known, the other end is not known either.
		q.SortField, q.SortOrder = "created", "asc"
		p = pass{q: q, byOffset: true}
		if err := l.run(ctx, &p); !errors.Is(err, errWindow) {
			return err
		}
	}
	back := pass{q: reversed(q), byOffset: true, until: p.last}
	if err := l.run(ctx, &back); !errors.Is(err, errWindow) {
		return err
	}
	all := parts(q)
	if all == nil {
		return l.c.endless(err)
	}
	for _, part := range all {
		if err := l.all(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

func reversed(q Query) Query {
	if q.SortOrder == "asc" {
		q.SortOrder = "desc"
	} else {
		q.SortOrder = "asc"
	}
	return q
}

// parts are searches that together find what q finds, or none if it cannot be
// divided further. A server that bounds offsets is an old one, so that it has
// no other types than these.
func parts(q Query) (parts []Query) {
	switch {
	case q.Type == "":
		for _, t := range []Type{Dataset, Result, Combined, Model} {
			part := q
			part.Type = t
			parts = append(parts, part)
		}
	case q.Origin == "":
		for _, origin := range []string{"internal", "external"} {
			part := q
			part.Origin = origin
			parts = append(parts, part)
		}
	}
	return parts
}

func (c *Client) endless(err error) error {
	return &fault.Error{Op: "search assets", Host: c.Host(), Kind: fault.ErrMalformed, Err: err}
}

// pass is one way through the results of a search, in one order.
type pass struct {
	q        Query
	byOffset bool            // tokens are not to be used
	tokens   map[string]bool // used already
	token    string          // of the next page, empty: by offset
	got      int             // results since the last start
	odd      int             // of them, those that are no assets
	restarts int
	last     map[string]bool // ids of the last page that had any
	until    map[string]bool // ids of which one ends the pass
	met      bool            // one was in the page before
}

// run gives what the pass brings and was not given before.
func (l *listing) run(ctx context.Context, p *pass) error {
	for range maxPages {
		q := p.q
		if p.token == "" {
			q.Offset += p.got // one that gives tokens ignores it
		}
		page, err := l.c.Search(ctx, q, p.token)
		switch {
		case err != nil && p.restart(err):
			l.c.log.Info("listing restarted: its page token died", "error", err)
			continue
		case err != nil && p.token == "" && p.got > 0 && unacceptable(err):
			// Of another kind than err: it is not the user who asks wrongly.
			return fmt.Errorf("%w, not those from %d on: %v", errWindow, q.Offset, err)
		case err != nil:
			return err
		}
		for _, raw := range page.Unusable {
			if q.Unusable != nil {
				q.Unusable(nameOf(raw), raw)
			}
		}
		fresh, err := l.give(page)
		if err != nil {
			return err
		}
		if more, err := p.next(page, fresh, len(l.seen)); err != nil {
			return l.c.endless(err)
		} else if !more {
			return nil
		}
	}
	return l.c.endless(errors.New("too many pages"))
}

// give yields the assets of a page that were not given yet, and counts them.
func (l *listing) give(page Page) (fresh int, err error) {
	for _, a := range page.Assets {
		if l.seen[a.ID] {
			continue
		}
		l.seen[a.ID] = true
		fresh++
		if !l.yield(a, nil) {
			return fresh, errEnough
		}
	}
	return fresh, nil
}

// unacceptable reports whether the platform finds something wrong with the
// request, such as its token or its offset.
func unacceptable(err error) bool {
	var e *fault.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusGone, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// restart says whether err means that the token died, and begins anew if so. A
// server whose tokens always die is asked by offset.
func (p *pass) restart(err error) bool {
	if p.token == "" || !unacceptable(err) {
		return false
	}
	p.restarts++
	p.again(p.restarts > maxRestarts)
	return true
}

func (p *pass) again(byOffset bool) {
	p.token, p.got, p.odd, p.tokens, p.byOffset = "", 0, 0, map[string]bool{}, byOffset
}

// next goes on to the page after this one, of which so many results were fresh
// of all that were seen. It returns false at the end, and an error when the
// listing goes in circles.
func (p *pass) next(page Page, fresh, seen int) (more bool, err error) {
	p.got += page.results()
	p.odd += len(page.Unusable)
	ends := p.met // what has one time may be in any order: a page more is certain
	if len(page.Assets) > 0 {
		p.last = make(map[string]bool, len(page.Assets))
		for _, a := range page.Assets {
			p.last[a.ID] = true
			p.met = p.met || p.until[a.ID]
		}
	}
	if !page.More || ends {
		return false, nil
	}
	if p.byOffset || page.Next == "" {
		if fresh == 0 && p.got-p.odd > seen {
			return false, errors.New("page repeats")
		}
		p.token = ""
		return page.results() > 0, nil // it says more and has none
	}
	// Some servers give one token for all pages of a listing: as long as there
	// are new results, that is progress. After a restart old results are, until
	// there were as many as are known.
	again := p.restarts > 0 && page.results() > 0 && p.got-p.odd <= seen
	if p.tokens[page.Next] && fresh == 0 && !again {
		p.again(true)
		return page.results() > 0, nil
	}
	p.token = page.Next
	p.tokens[page.Next] = true
	return true, nil
}
