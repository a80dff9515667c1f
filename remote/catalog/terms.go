package catalog

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// nameField is the field of a query that looks at names.
const nameField = "name:"

// longNames splits a query into the names that are too long for the platform's
// name:, and everything but its names. A field that repeats is an alternative to
// itself, and different fields are all needed.
func longNames(query string) (rest string, long []string) {
	var others []string
	for term := range terms(query) {
		name, ok := strings.CutPrefix(term, nameField)
		if !ok {
			others = append(others, term)
			continue
		}
		if name = strings.Trim(name, `"`); utf8.RuneCountInString(name) > longestName {
			long = append(long, name)
		}
	}
	return strings.Join(others, " "), long
}

// terms yields the terms of a query as they stand there: words, each with its
// field before a colon if it has one, and phrases in quotes.
func terms(query string) iter.Seq[string] {
	return func(yield func(string) bool) {
		quoted, start := false, -1
		for i, r := range query + " " {
			switch {
			case r == '"' && i < len(query):
				quoted = !quoted
				if start < 0 {
					start = i
				}
			case unicode.IsSpace(r) && (!quoted || i == len(query)):
				if start >= 0 && !yield(query[start:i]) {
					return
				}
				start = -1
			case start < 0:
				start = i
			}
		}
	}
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
