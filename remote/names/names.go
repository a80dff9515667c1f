// Package names turns the names people give to assets and files into names a
// directory can hold, and back.
//
// The platform allows any text as a name: slashes, control characters, nothing
// at all, a thousand letters, the same one twice. A directory allows 1 to 255
// bytes without a slash or NUL, each once. A name that needs no change gets
// none, because people's programs parse directory names; every other one is
// changed so that it can be told from all others and, unless it had to be cut,
// read back:
//
//	2023-04-03/run 7        2023-04-03%2Frun 7
//	100%25                  100%2525
//	..                      %2E.
//	notes@0123abcd          notes%400123abcd
//	(empty)                 @<id8>
//	<300 bytes>             <its first 246 bytes>@<id8>
//	a second "mouse"        mouse@<id8>
//
// where id8 is the first eight hex digits of the asset's id: see [Suffix].
// Everything here is pure: no I/O, no state, safe for concurrent use.
package names

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxLen is the longest name in bytes that Linux takes (NAME_MAX), and so the
// longest that this package makes.
const MaxLen = 255

// Encode makes the directory name of s when nothing but s is known: always
// legal (1 to [MaxLen] bytes, no slash, no control byte, not "." or ".."), never
// one of reserved, and different for different s. Text that is empty or too
// long cannot stand by itself; it is told apart by a hash in the place of an
// id. For an asset, whose id can do that, use [Plain].
func Encode(s string, reserved ...string) string {
	return fit(escape(s, reserved), "", hashSuffix(s))
}

// Decode reads a name made by [Encode], with the same reserved names, back to
// the text. It reports false for every name that Encode does not make, and for
// one with a suffix: of a cut name the text is lost, and that of a decorated
// one is behind [Split].
func Decode(name string, reserved ...string) (string, bool) {
	s := unescape(name)
	if name == Encode("", reserved...) {
		s = ""
	}
	if Encode(s, reserved...) != name {
		return "", false
	}
	return s, true
}

// escape replaces what a directory cannot hold, what would read as an escape,
// and what would be taken for a suffix or a reserved name. The result is
// injective, but may be empty or too long.
func escape(s string, reserved []string) string {
	name := escapeBytes(s)
	if _, _, ok := Split(name); ok {
		name = escapeAt(name, len(name)-suffixLen)
	}
	if name == "." || name == ".." || slices.Contains(reserved, name) {
		name = escapeAt(name, max(strings.IndexByte(name, '.'), 0))
	}
	return name
}

// escapeBytes writes the bytes no name may have, and each % that would read as
// an escape, as %XX.
func escapeBytes(s string) string {
	if !strings.ContainsFunc(s, func(c rune) bool { return illegal(c) || c == '%' }) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if illegal(rune(s[i])) || isEscape(s[i:]) {
			b.WriteString(percent(s[i]))
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// unescape undoes escape for the names that escape makes; for other names its
// result means nothing, which Decode finds by going the way back.
func unescape(name string) string {
	if strings.IndexByte(name, '%') < 0 {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if isEscape(name[i:]) {
			c, _ := hex.DecodeString(name[i+1 : i+3])
			b.Write(c)
			i += 2
		} else {
			b.WriteByte(name[i])
		}
	}
	return b.String()
}

// fit adds tail to name if together they are a legal length, and else cuts the
// name to make room for the suffix and the tail.
func fit(name, tail, suffix string) string {
	if name != "" && len(name)+len(tail) <= MaxLen {
		return name + tail
	}
	return cut(name, MaxLen-suffixLen-len(tail)) + "@" + suffix + tail
}

// cut shortens name to at most n bytes, not inside a character or an escape.
func cut(name string, n int) string {
	if len(name) <= n {
		return name
	}
	for back := range utf8.UTFMax {
		// Bytes that are no UTF-8 have no boundary to look for.
		if utf8.RuneStart(name[n-back]) {
			n -= back
			break
		}
	}
	for back := 1; back <= 2; back++ {
		if isEscape(name[n-back:]) {
			return name[:n-back]
		}
	}
	return name[:n]
}

// escapeAt writes the byte at i as an escape.
func escapeAt(name string, i int) string {
	return name[:i] + percent(name[i]) + name[i+1:]
}

func illegal(c rune) bool { return c < 0x20 || c == 0x7F || c == '/' }

// isEscape reports whether s begins with a % and two hex digits.
func isEscape(s string) bool {
	return len(s) >= 3 && s[0] == '%' && isHex(s[1]) && isHex(s[2])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func percent(c byte) string { return fmt.Sprintf("%%%02X", c) }
