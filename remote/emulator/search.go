package emulator

import (
	"encoding/json"
	"slices"
)

const (
	// defaultLimit and maxLimit are the platform's own figures.
	defaultLimit = 100
	maxLimit     = 1000
)

// searchRequest is the body of a search.
type searchRequest struct {
	Offset    int             `json:"offset"`
	Limit     int             `json:"limit"`
	NextToken json.RawMessage `json:"next_token"` // string or number
	SortOrder string          `json:"sort_order"`
	SortField string          `json:"sort_field"`
	Query     string          `json:"query"`
	Type      string          `json:"type"`
	Ownership string          `json:"ownership"`
	Origin    string          `json:"origin"`
	Favorite  bool            `json:"favorite"`
	Archived  bool            `json:"archived"`
	Filters   []filter        `json:"filters"`
}

// oneOf are the values that a field may take; empty is always one.
func oneOf(field, value string, allowed ...string) error {
	if value == "" || slices.Contains(allowed, value) {
		return nil
	}
	return bad("%s: %q is not one of %q", field, value, allowed)
}

func (q *searchRequest) check(c *call) error {
	for _, err := range []error{
		oneOf("sort_order", q.SortOrder, "asc", "desc"),
		oneOf("sort_field", q.SortField, "created", "type", "name", "size"),
		oneOf("type", q.Type, "dataset", "result", "combined", "model"),
		oneOf("ownership", q.Ownership, "created", "shared", "private"),
		oneOf("origin", q.Origin, "internal", "external"),
	} {
		if err != nil {
			return err
		}
	}
	for _, f := range q.Filters {
		if err := f.check(); err != nil {
			return err
		}
	}
	switch {
	case q.Limit < 0 || q.Offset < 0:
		return bad("offset and limit cannot be negative")
	case q.Limit > maxLimit && !c.quirks.ClampLimit:
		return bad("limit: %d is over the maximum of %d", q.Limit, maxLimit)
	case c.quirks.Window > 0 && q.Offset+q.Limit > c.quirks.Window:
		return bad("offset + limit is over the window of %d", c.quirks.Window)
	case q.Limit == 0:
		q.Limit = defaultLimit
	}
	q.Limit = min(q.Limit, maxLimit)
	if c.quirks.PageSize > 0 {
		q.Limit = min(q.Limit, c.quirks.PageSize)
	}
	return nil
}

// order is what the request sorts by: an order without a field is ignored.
func (q *searchRequest) order() order {
	if q.SortField == "" || q.SortOrder == "" {
		return order{field: "created", descending: true}
	}
	return order{q.SortField, q.SortOrder == "desc"}
}

// selects tells whether the search finds e.
func (q *searchRequest) selects(c *call, e *entry, words query) bool {
	switch {
	case e.Archived != q.Archived && !(e.Archived && c.quirks.PlainArchived),
		q.Type != "" && e.Type != q.Type,
		q.Favorite && !e.Favorite,
		q.Origin != "" && (q.Origin == "external") != e.external(),
		c.user.roleOf(e) < discoverer,
		q.Ownership != "" && !c.user.owns(e, q.Ownership):
		return false
	}
	for _, f := range q.Filters {
		if !f.selects(e) {
			return false
		}
	}
	return words.selects(e, c.quirks.LongNames)
}

// owns tells how a user stands to an asset: created it, created it and shared
// it with nobody (private), or was given it by another (shared).
func (t Token) owns(e *entry, kind string) bool {
	created := e.Owner == t.User
	switch kind {
	case "created":
		return created
	case "private":
		return created && (e.Permissions == nil || len(e.Permissions.Users) <= 1 && len(e.Permissions.Groups) == 0 &&
			(e.Permissions.Everyone == "" || e.Permissions.Everyone == "none"))
	}
	t.Admin = false // an admin sees all, and is not given it
	return !created && t.roleOf(e) >= discoverer
}

func (s *Server) search(c *call) (any, error) {
	var q searchRequest
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	if err := q.check(c); err != nil {
		return nil, err
	}
	if err := s.rescan(false); err != nil {
		return nil, err
	}
	if q.order().field == "size" {
		for _, e := range s.shelf.all() {
			s.measure(e)
		}
	}
	list := s.shelf.list(q.order())
	from, page, err := s.begin(c, &q, list)
	if err != nil {
		return nil, err
	}
	words := parseQuery(q.Query)
	results := []any{}
	skip, more := 0, false
	if from == 0 && page == 1 || c.quirks.NumberTokens {
		skip, from = q.Offset, 0
	}
	var last *entry
	for _, e := range list[from:] {
		if !q.selects(c, e, words) {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		if len(results) == q.Limit {
			more = true
			break
		}
		last = e
		results = append(results, s.record(e, c.now, c.quirks))
	}
	answer := map[string]any{"has_more": more, "results": results}
	s.addToken(c, &q, answer, last, page)
	answer["has_more"] = c.quirks.flag(answer["has_more"] == true)
	if c.quirks.ExtraFields {
		answer["x_results"] = []any{map[string]any{"id": "none"}}
	}
	return answer, nil
}
