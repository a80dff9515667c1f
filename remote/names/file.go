package names

import "strings"

// fileTail marks a file whose plain name its directory gives to a folder: an
// object store can have both "a" and "a/b".
const fileTail = "@file"

// File makes the name of a file or folder inside an asset: as [Encode], and a
// tail of "@file" is escaped too, since that is how a shadowed file ends.
func File(s string, reserved ...string) string {
	return fit(escapeFile(s, reserved), "", hashSuffix(s))
}

// Shadowed makes the name of the file s in a directory where a folder s has
// the plain name.
func Shadowed(s string) string {
	return fit(escapeFile(s, nil), fileTail, hashSuffix(s))
}

// DecodeFile reads a name made by [File], with the same reserved names, or by
// [Shadowed] back to the text. It reports false for any other name and for one
// that was cut.
func DecodeFile(name string, reserved ...string) (s string, shadowed, ok bool) {
	body, shadowed := strings.CutSuffix(name, fileTail)
	for _, s := range []string{unescape(body), ""} {
		if shadowed && Shadowed(s) == name || !shadowed && File(s, reserved...) == name {
			return s, shadowed, true
		}
	}
	return "", false, false
}

func escapeFile(s string, reserved []string) string {
	name := escape(s, reserved)
	if strings.HasSuffix(name, fileTail) {
		name = escapeAt(name, len(name)-len(fileTail))
	}
	return name
}
