package emulator

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longName is the length of a name over which the platform's name: search is
// known to find nothing.
const longName = 20

// queryFields are the fields that a query may name.
var queryFields = []string{"name", "tag", "run_script", "commit_id", "contained_data_id"}

// query is a parsed search query: the terms of each field, "" for free text.
type query map[string][]string

// parseQuery splits a query into terms. A term may be quoted, and have one of
// the known fields and a colon in front.
func parseQuery(s string) query {
	q := make(query)
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		field := ""
		for _, f := range queryFields {
			if rest, ok := strings.CutPrefix(s, f+":"); ok {
				field, s = f, rest
				break
			}
		}
		var term string
		if quoted, ok := strings.CutPrefix(s, `"`); ok {
			term, s, _ = strings.Cut(quoted, `"`)
		} else if i := strings.IndexFunc(s, unicode.IsSpace); i >= 0 {
			term, s = s[:i], s[i:]
		} else {
			term, s = s, ""
		}
		if term != "" {
			q[field] = append(q[field], term)
		}
	}
	return q
}

// selects tells whether the query finds e: terms of one field are
// alternatives, different fields and free terms are all needed.
func (q query) selects(e *entry, longNames bool) bool {
	for field, terms := range q {
		found := field == ""
		for _, term := range terms {
			hit := e.matches(field, term, longNames)
			if field == "" {
				found = found && hit
			} else {
				found = found || hit
			}
		}
		if !found {
			return false
		}
	}
	return true
}

func (e *entry) matches(field, term string, longNames bool) bool {
	switch field {
	case "name":
		return (longNames || utf8.RuneCountInString(term) <= longName) && hasWords(e.Name, term)
	case "tag":
		return anyHasWords(e.Tags, term)
	case "run_script":
		return e.Provenance != nil && hasWords(e.Provenance.RunScript, term)
	case "commit_id":
		return e.Provenance != nil && strings.EqualFold(e.Provenance.Commit, term)
	case "contained_data_id":
		return e.contains(term)
	}
	if hasWords(e.Name, term) || hasWords(e.Description, term) || anyHasWords(e.Tags, term) {
		return true
	}
	for _, v := range e.CustomMetadata {
		if hasWords(fmt.Sprint(v), term) {
			return true
		}
	}
	return false
}

// contains tells whether e holds the asset, or was made from it.
func (e *entry) contains(id string) bool {
	for _, c := range e.Contained {
		if strings.EqualFold(c.ID, id) {
			return true
		}
	}
	if e.Provenance != nil {
		for _, made := range e.Provenance.DataAssets {
			if strings.EqualFold(made, id) {
				return true
			}
		}
	}
	return false
}

func anyHasWords(texts []string, term string) bool {
	for _, t := range texts {
		if hasWords(t, term) {
			return true
		}
	}
	return false
}

// hasWords tells whether the words of term stand in text one after the other:
// whole words, whatever their case and what is between them.
func hasWords(text, term string) bool {
	words := spaced(term)
	return strings.TrimSpace(words) != "" && strings.Contains(spaced(text), words)
}

// spaced is the words of s in lower case, with one space around each.
func spaced(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte(' ')
	gap := true
	for _, r := range s {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			b.WriteRune(unicode.ToLower(r))
			gap = false
		case !gap:
			b.WriteByte(' ')
			gap = true
		}
	}
	if !gap {
		b.WriteByte(' ')
	}
	return b.String()
}
