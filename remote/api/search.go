package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
)

// pageSize is the most that the platform gives at once: 10,000 assets took it
// 20 s in pages of 1000, and 2 minutes in pages of 100.
const pageSize = 1000

// Page is one page of a search.
type Page struct {
	Assets []*Asset
	// Unusable are results that are no assets: they have no id.
	Unusable []json.RawMessage
	// Next is the token of the next page, to be given back as it is; it may be
	// empty although there is More, and set although there is not.
	Next string
	// More says that the platform has further results. It is true as well when
	// the platform did not say and gave a token.
	More bool
}

// results is how many of the search's results the page brings.
func (p Page) results() int { return len(p.Assets) + len(p.Unusable) }

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
					p.Unusable = append(p.Unusable, raw)
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
	if len(p.Unusable) > 0 {
		log.Warn("search results without an id were left out", "count", len(p.Unusable), "first", nameOf(p.Unusable[0]))
	}
	p.More = p.Next != ""
	if more != nil {
		p.More = bool(*more)
	}
	return p, nil
}

// nameOf is the name in a record that is no asset, or "".
func nameOf(raw []byte) string {
	var r struct {
		Name text `json:"name"`
	}
	_ = decodeInto(raw, &r) // what is no object has no name
	return string(r.Name)
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
