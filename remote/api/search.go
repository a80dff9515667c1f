package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"

	"codeoceanfs/remote/fault"
)

const (
	// pageSize is the most that the platform gives at once: 10,000 assets took
	// it 20 s in pages of 1000, and 2 minutes in pages of 100.
	pageSize = 1000
	// maxPages is ten million assets: beyond it a server does not end.
	maxPages = 10_000
	// maxRestarts is how often a listing begins anew because its token died.
	maxRestarts = 3
)

// Page is one page of a search.
type Page struct {
	Assets []*Asset
	// Next is the token of the next page, to be given back as it is; it may be
	// empty although there is More, and set although there is not.
	Next string
	// More says that the platform has further results. It is true as well when
	// the platform did not say and gave a token.
	More bool
}

// searchBody is a Query as it is sent. The token goes back as the JSON value it
// came as: it may be a number.
type searchBody struct {
	Query
	NextToken json.RawMessage `json:"next_token,omitempty"`
}

// Search returns one page. Token is empty for the first, else the Next of the
// page before.
func (c *Client) Search(ctx context.Context, q Query, token string) (Page, error) {
	if q.Limit <= 0 || q.Limit > pageSize {
		q.Limit = pageSize
	}
	body := searchBody{Query: q}
	if token != "" {
		body.NextToken = json.RawMessage(token)
		if !json.Valid(body.NextToken) {
			body.NextToken, _ = json.Marshal(token)
		}
	}
	k := &call{op: "search assets", method: http.MethodPost, path: []string{"data_assets", "search"}, body: body}
	var p Page
	err := c.do(ctx, k, func(body io.Reader, _ http.Header) (err error) {
		p, err = decodePage(body, c.log)
		return err
	})
	return p, err
}

// decodePage reads an answer of search, record by record.
func decodePage(body io.Reader, log *slog.Logger) (Page, error) {
	var (
		p       Page
		more    *flag
		odd     int
		results bool
	)
	err := eachField(body, func(name string, s *stream) error {
		switch name {
		case "has_more":
			return s.decode(&more)
		case "next_token":
			var raw json.RawMessage
			if err := s.decode(&raw); err != nil {
				return err
			}
			p.Next = token(raw)
			return nil
		case "results":
			results = true
			return s.each(func() error {
				var raw json.RawMessage
				if err := s.decode(&raw); err != nil {
					return err
				}
				a, err := DecodeAsset(raw)
				if err != nil {
					odd++
					return nil
				}
				p.Assets = append(p.Assets, a)
				return nil
			})
		}
		return s.skip()
	})
	if err != nil {
		return Page{}, err
	}
	if !results && more == nil {
		return Page{}, fmt.Errorf("%w: no results", errShape)
	}
	if odd > 0 {
		log.Warn("search results without an id were left out", "count", odd)
	}
	p.More = p.Next != ""
	if more != nil {
		p.More = bool(*more)
	}
	return p, nil
}

// token is a next_token as Page.Next holds it: its JSON, or nothing.
func token(raw json.RawMessage) string {
	switch s := string(raw); s {
	case "null", `""`, "false":
		return ""
	default:
		return s
	}
}

// SearchAll gives every asset that q finds, each id once, page by page. After
// an error it ends: what came before is then incomplete. Assets that are made
// or changed meanwhile may be missing.
func (c *Client) SearchAll(ctx context.Context, q Query) iter.Seq2[*Asset, error] {
	return func(yield func(*Asset, error) bool) {
		l := listing{seen: map[string]bool{}, tokens: map[string]bool{}, start: q.Offset}
		for page := 0; page < maxPages; page++ {
			q.Offset = l.offset()
			p, err := c.Search(ctx, q, l.token)
			switch {
			case err != nil && l.restart(err):
				c.log.Info("listing restarted: its page token died", "error", err)
				continue
			case err != nil:
				yield(nil, err)
				return
			}
			fresh := 0
			for _, a := range p.Assets {
				if l.seen[a.ID] {
					continue
				}
				l.seen[a.ID] = true
				fresh++
				if !yield(a, nil) {
					return
				}
			}
			more, err := l.next(p, fresh)
			if err != nil {
				yield(nil, c.endless(err))
			}
			if !more {
				return
			}
		}
		yield(nil, c.endless(errors.New("too many pages")))
	}
}

func (c *Client) endless(err error) error {
	return &fault.Error{Op: "search assets", Host: c.Host(), Kind: fault.ErrMalformed, Err: err}
}

// listing is where a SearchAll is.
type listing struct {
	seen     map[string]bool // ids
	tokens   map[string]bool // used already
	token    string          // of the next page, empty: by offset
	start    int             // where the query begins
	got      int             // results since the last start
	restarts int
}

// offset is what to send: a server that gives no tokens goes by it, one that
// does ignores it.
func (l *listing) offset() int {
	if l.token != "" {
		return 0
	}
	return l.start + l.got
}

// restart says whether err means that the token died, and begins anew if so.
func (l *listing) restart(err error) bool {
	var e *fault.Error
	if l.token == "" || l.restarts >= maxRestarts || !errors.As(err, &e) {
		return false
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusGone, http.StatusUnprocessableEntity:
	default:
		return false
	}
	l.restarts++
	l.token, l.got, l.tokens = "", 0, map[string]bool{}
	return true
}

// next goes on to the page after p, of which so many results were fresh. It
// returns false at the end, and an error when the listing goes in circles.
func (l *listing) next(p Page, fresh int) (bool, error) {
	l.got += len(p.Assets)
	if !p.More {
		return false, nil
	}
	repeated := l.tokens[p.Next] || p.Next == ""
	if repeated && len(p.Assets) == 0 {
		return false, nil // it says more and has none
	}
	// Some servers give one token for all pages of a listing: as long as there
	// are new results, that is progress. After a restart old results are.
	if p.Next != "" && repeated && fresh == 0 && l.restarts == 0 {
		return false, errors.New("page token repeats")
	}
	if p.Next == "" && fresh == 0 && l.restarts == 0 {
		return false, errors.New("page repeats")
	}
	l.token = p.Next
	l.tokens[p.Next] = true
	return true, nil
}
