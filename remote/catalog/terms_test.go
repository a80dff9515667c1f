package catalog

import (
	"slices"
	"strings"
	"testing"
)

func TestLongNames(t *testing.T) {
	const long = "ecephys_655019_2023-04-03"
	for query, want := range map[string]struct {
		rest string
		long []string
	}{
		"":                                     {"", nil},
		"tag:ecephys":                          {"tag:ecephys", nil},
		"name:short tag:a":                     {"tag:a", nil},
		"name:" + long:                         {"", []string{long}},
		`name:"` + long + ` sorted"`:           {"", []string{long + " sorted"}},
		"name:" + long + ` two "a b" tag:c`:    {`two "a b" tag:c`, []string{long}},
		` tag:"a b"` + "\tname:x name:" + long: {`tag:"a b"`, []string{long}},
		`name:"` + long:                        {"", []string{long}}, // never closed
		long:                                   {long, nil},
	} {
		rest, names := longNames(query)
		if rest != want.rest || !slices.Equal(names, want.long) {
			t.Errorf("%q: %q and %q, not %q and %q", query, rest, names, want.rest, want.long)
		}
	}
}

// FuzzTerms holds the terms to what the query says: no word of it is lost.
func FuzzTerms(f *testing.F) {
	f.Add(`tag:"a b" name:x  "`)
	f.Fuzz(func(t *testing.T, query string) {
		text := strings.Join(slices.Collect(terms(query)), " ")
		if got, want := strings.Fields(text), strings.Fields(query); !slices.Equal(got, want) {
			t.Errorf("%q of %q", got, want)
		}
	})
}
