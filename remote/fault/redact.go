package fault

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// gone is what stands where a secret was.
const gone = "…"

// secrets are the forms in which the secrets that pass through here are met. A
// rule errs towards taking too much: what follows a name, up to where its value
// surely ends. The first group, the name, is kept.
var secrets = []*regexp.Regexp{
	// Headers, and their printed maps: to the end of the line or of the quotes.
	regexp.MustCompile(`(?i)((?:proxy-)?authorization["']?\s*(?:[:=]|%3d)\s*\[?["']?)[^"'\r\n]*`),
	regexp.MustCompile(`(?i)(\b(?:basic|bearer)\s+)[a-z0-9+/=_.~-]{16,}`),
	// Parameters of signed URLs, and the headers of the same names; also when
	// the URL is itself a parameter, percent-encoded once or more.
	regexp.MustCompile(`(?i)((?:x-(?:amz|goog)-[a-z0-9-]+|signature|key-pair-id|awsaccesskeyid)["']?(?:\s*:\s*|=|%(?:25)*3d)\[?["']?)[^&\s"'<>\\]*`),
	// Fields of request bodies and of credentials.
	regexp.MustCompile(`(?i)((?:client_?secret|secret_?(?:access_?)?key|session_?token|password|api_?token)["']?\s*[:=]\s*["']?)[^"'\s&,}]+`),
	// The platform's tokens, plain and as the base64 of a Basic header.
	regexp.MustCompile(`(cop_)[A-Za-z0-9_-]+`),
	regexp.MustCompile(`(Y29w)X[A-Za-z0-9+/=_-]+`),
}

// Redact returns s without what looks like a secret: access tokens, signatures
// and the other parameters of signed URLs, authorization headers, keys. It is
// the last line of defence, at the log: secrets are not to come so far.
func Redact(s string) string {
	for _, re := range secrets {
		s = re.ReplaceAllString(s, "${1}"+gone)
	}
	return s
}

// Quote returns s with control characters, and those that change the direction
// of text, written as escapes: a name from a server can then neither forge a
// line of a log nor speak to the terminal.
func Quote(s string) string {
	if !strings.ContainsFunc(s, unsafeRune) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !unsafeRune(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// unsafeRune reports whether r is more than a character to look at. Invalid
// UTF-8 counts: it arrives here as the replacement character.
func unsafeRune(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' || r == unicode.ReplacementChar
}
