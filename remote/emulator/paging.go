package emulator

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
)

// cursor is what a token says: after which asset a page begins. It goes by the
// asset, not by a number, so that nothing is skipped or shown twice when assets
// come and go meanwhile.
type cursor struct {
	ID    string  `json:"i"`
	Value float64 `json:"v,omitempty"` // the sort value, for an asset that is gone
	Text  string  `json:"t,omitempty"`
	Page  int     `json:"p"`
}

// begin finds where the page begins in list, and which page of its listing it
// is.
func (s *Server) begin(c *call, q *searchRequest, list []*entry) (from, page int, err error) {
	var token string
	if json.Unmarshal(q.NextToken, &token) != nil {
		token = string(q.NextToken) // a number
	}
	if token == "" || c.quirks.NoTokens {
		return 0, 1, nil
	}
	page = 2
	if c.quirks.NumberTokens {
		if q.Offset, err = strconv.Atoi(token); err != nil || q.Offset < 0 {
			return 0, 0, bad("next_token: not a token of this deployment")
		}
		page = q.Offset/q.Limit + 1
	} else {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		var at cursor
		if err != nil || strictly(raw, &at) != nil {
			return 0, 0, bad("next_token: not a token of this deployment")
		}
		after := &entry{Asset: Asset{Record: Record{ID: at.ID, Name: at.Text, Type: at.Text, Created: at.Value}}}
		size := int64(at.Value)
		after.Size = &size
		i, found := slices.BinarySearchFunc(list, after, q.order().compare)
		if found {
			i++
		}
		from, page = i, at.Page
	}
	if c.quirks.TokenPages > 0 && page > c.quirks.TokenPages && s.tokenDies() {
		return 0, 0, bad("next_token: expired")
	}
	return from, page, nil
}

// addToken tells how the listing goes on, in the way the quirks ask for.
func (s *Server) addToken(c *call, q *searchRequest, answer map[string]any, last *entry, page int) {
	more := answer["has_more"] == true
	var token any
	switch {
	case c.quirks.NoTokens:
		return
	case c.quirks.RepeatToken && page > 1:
		answer["has_more"], answer["next_token"] = true, q.NextToken
		return
	case c.quirks.NumberTokens:
		token = q.Offset + len(answer["results"].([]any))
	case last == nil:
		token = ""
	default:
		at := cursor{ID: last.ID, Value: last.Created, Page: page + 1}
		switch q.order().field {
		case "name":
			at.Text = last.Name
		case "type":
			at.Text = last.Type
		case "size":
			at.Value = float64(last.totalSize())
		}
		raw, err := json.Marshal(at)
		if err != nil {
			s.log.Error("token not made", "error", err)
		}
		token = base64.RawURLEncoding.EncodeToString(raw)
	}
	switch {
	case more || c.quirks.LastToken == "present":
		answer["next_token"] = token
	case c.quirks.LastToken == "null":
		answer["next_token"] = nil
	case c.quirks.LastToken == "empty":
		answer["next_token"] = ""
	}
}
