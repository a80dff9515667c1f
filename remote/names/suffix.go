package names

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// suffixLen is the length of a suffix: the @ and eight hex digits.
const suffixLen = 1 + id8Len

const id8Len = 8

// Suffix is the part of id that tells assets of one name apart: its first
// eight hex digits in lower case, or eight of a hash if id does not begin with
// that many (the platform's ids are UUIDs; nothing promises it).
func Suffix(id string) string {
	if len(id) >= id8Len {
		if id8 := strings.ToLower(id[:id8Len]); isID8(id8) {
			return id8
		}
	}
	return hashSuffix(id)
}

// Split takes a decorated name apart: "mouse@0123abcd" is "mouse" and
// "0123abcd". The plain part is still encoded, and it is cut if the name is
// [MaxLen] long. No undecorated name splits.
func Split(name string) (plain, id8 string, ok bool) {
	at := len(name) - suffixLen
	if at < 0 || name[at] != '@' || !isID8(name[at+1:]) {
		return "", "", false
	}
	return name[:at], name[at+1:], true
}

// isID8 reports whether s, eight bytes long, are lower-case hex digits.
func isID8(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}

func hashSuffix(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:id8Len/2])
}
