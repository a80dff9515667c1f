package catalog

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"codeoceanfs/remote/names"
)

const (
	// longestName is the most characters that the platform's name: finds.
	longestName = 20
	// wordsAtMost are enough to single out one experiment, and few enough that
	// one which the index cut in another place seldom spoils it.
	wordsAtMost = 3
)

// queries are the searches that may find a directory name, the best first. The
// platform matches by words, in no documented way, so there are several.
func queries(name string) []string {
	plain, _, decorated := names.Split(name)
	if !decorated {
		plain = name
	}
	text, ok := names.Decode(plain)
	if !ok || plain == "" {
		return nil
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		return nil
	}
	if decorated && len(name) >= names.MaxLen-utf8.UTFMax && len(words) > 1 {
		// The name may have been cut, and the last word with it.
		return []string{selective(words[:len(words)-1])}
	}
	phrase := `"` + strings.Map(func(r rune) rune {
		if r == '"' || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text) + `"`
	var all []string
	if utf8.RuneCountInString(text) <= longestName {
		all = append(all, "name:"+phrase)
	}
	all = append(all, phrase)
	if s := selective(words); len(words) > 1 {
		all = append(all, s)
	}
	return all
}

// selective are the words that tell most, in their order: longer ones are rarer.
func selective(words []string) string {
	best := slices.Clone(words)
	slices.SortStableFunc(best, func(a, b string) int { return len(b) - len(a) })
	best = best[:min(len(best), wordsAtMost)]
	var kept []string
	for _, w := range words {
		if i := slices.Index(best, w); i >= 0 {
			kept = append(kept, w)
			best = slices.Delete(best, i, i+1)
		}
	}
	return strings.Join(kept, " ")
}
