package control

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// visible writes as escapes what encoding/json leaves in strings and a terminal
// does not show but obeys: DEL, the control characters beyond ASCII, and those
// that turn the direction of text. Names come from other people, and these files
// are read with cat. It is the same JSON.
func visible(json []byte) []byte {
	unseen := func(r rune) bool { return r >= 0x7f && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }
	text := string(json)
	if !strings.ContainsFunc(text, unseen) {
		return json
	}
	var b strings.Builder
	for _, r := range text {
		if !unseen(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return []byte(b.String())
}
