package emulator

import (
	"fmt"
	"slices"
	"strings"
)

// filter is one of a search's filters.
type filter struct {
	Key     string `json:"key"`
	Value   any    `json:"value"`
	Values  []any  `json:"values"`
	Range   *Range `json:"range"`
	Exclude bool   `json:"exclude"`
}

func (f filter) check() error {
	given := 0
	for _, is := range []bool{f.Value != nil, f.Values != nil, f.Range != nil} {
		if is {
			given++
		}
	}
	switch {
	case f.Key == "":
		return bad("filters: key is required")
	case given != 1:
		return bad("filters: %s needs one of value, values and range", f.Key)
	case f.Range != nil && f.Range.Min == nil && f.Range.Max == nil:
		return bad("filters: the range of %s needs min or max", f.Key)
	}
	return nil
}

func (f filter) selects(e *entry) bool {
	wanted := f.Values
	if f.Value != nil {
		wanted = []any{f.Value}
	}
	hit := slices.ContainsFunc(e.values(f.Key), func(have any) bool {
		if f.Range != nil {
			n, ok := have.(float64)
			return ok && f.Range.holds(n)
		}
		return slices.ContainsFunc(wanted, func(want any) bool { return sameValue(f.Key, have, want) })
	})
	return hit != f.Exclude
}

// values are what an asset has of a field: its own, or of the custom metadata.
func (e *entry) values(key string) []any {
	switch key {
	case "name":
		return []any{e.Name}
	case "description":
		return []any{e.Description}
	case "tags":
		tags := make([]any, len(e.Tags))
		for i, t := range e.Tags {
			tags[i] = t
		}
		return tags
	}
	switch v := e.CustomMetadata[key].(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

// sameValue compares numbers as numbers and words without case. Names and
// descriptions only need to have the words.
func sameValue(key string, have, want any) bool {
	text, isText := have.(string)
	if !isText {
		return fmt.Sprint(have) == fmt.Sprint(want)
	}
	if key == "name" || key == "description" {
		return hasWords(text, fmt.Sprint(want))
	}
	return strings.EqualFold(text, fmt.Sprint(want))
}

func (r *Range) holds(n float64) bool {
	return (r.Min == nil || n >= *r.Min) && (r.Max == nil || n <= *r.Max)
}
