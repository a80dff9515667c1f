package request

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// kind is what a field's value is.
type kind int

const (
	text   kind = iota // a string
	flag               // true or false
	scalar             // a string or a number
	texts              // a list of strings
	object             // an object of the fields below it
	list               // a list of such objects
	values             // an object of any names: strings, numbers and lists of them
)

// field is one field of a request, by the API's own name. What a verb takes is
// a table of these: it checks requests, and is printed as the manual.
type field struct {
	name     string
	kind     kind
	required bool
	oneOf    []string // the values a text may have
	fields   []field  // of an object or of each in a list
	secret   bool     // never shown, kept or logged
	about    string
}

// check compares a decoded object with the fields it may have.
func check(at string, v map[string]any, fields []field) error {
	for name := range v {
		if !slices.ContainsFunc(fields, func(f field) bool { return f.name == name }) {
			return unknown(at, name, fields)
		}
	}
	for _, f := range fields {
		value, given := v[f.name]
		switch {
		case given && value != nil:
			if err := f.check(at+f.name, value); err != nil {
				return err
			}
		case f.required:
			return invalid(at+f.name, "is required")
		}
	}
	return nil
}

func (f field) check(at string, value any) error {
	switch f.kind {
	case text:
		s, ok := value.(string)
		switch {
		case !ok:
			return invalid(at, "is a text, in quotes")
		case f.required && strings.TrimSpace(s) == "":
			return invalid(at, "cannot be empty")
		case f.secret && s == Hidden:
			return invalid(at, "the secret itself is needed: it is not kept")
		case f.oneOf != nil && !slices.Contains(f.oneOf, s):
			return invalid(at, "%q is none of %s", s, strings.Join(f.oneOf, ", "))
		}
	case flag:
		if _, ok := value.(bool); !ok {
			return invalid(at, "is true or false, without quotes")
		}
	case scalar:
		if _, ok := value.(string); !ok && !isNumber(value) {
			return invalid(at, "is a text or a number")
		}
	case texts:
		return eachText(at, value)
	case values:
		return checkValues(at, value)
	case object:
		v, ok := value.(map[string]any)
		if !ok {
			return invalid(at, "is an object, in braces")
		}
		return check(at+".", v, f.fields)
	case list:
		all, ok := value.([]any)
		if !ok {
			return invalid(at, "is a list, in square brackets")
		}
		for i, each := range all {
			v, ok := each.(map[string]any)
			if !ok {
				return invalid(fmt.Sprintf("%s[%d]", at, i), "is an object, in braces")
			}
			if err := check(fmt.Sprintf("%s[%d].", at, i), v, f.fields); err != nil {
				return err
			}
		}
	}
	return nil
}

func eachText(at string, value any) error {
	all, ok := value.([]any)
	if !ok {
		return invalid(at, "is a list of texts, in square brackets")
	}
	for i, each := range all {
		if _, ok := each.(string); !ok {
			return invalid(fmt.Sprintf("%s[%d]", at, i), "is a text, in quotes")
		}
	}
	return nil
}

// checkValues accepts what custom metadata may hold; its own names and types
// are the deployment's.
func checkValues(at string, value any) error {
	v, ok := value.(map[string]any)
	if !ok {
		return invalid(at, "is an object, in braces")
	}
	for name, each := range v {
		all, isList := each.([]any)
		if !isList {
			all = []any{each}
		}
		for _, one := range all {
			_, isText := one.(string)
			if !isText && !isNumber(one) && one != nil {
				return invalid(at+"."+name, "is a text, a number (a date in unix seconds), or a list of these")
			}
		}
	}
	return nil
}

// Error is a request that cannot be meant so, by the field that is wrong.
type Error struct {
	Field string // as source.aws.bucket; empty: the whole
	Why   string
	Hint  string // what to do instead, or empty
}

func (e *Error) Error() string {
	s := e.Why
	if e.Field != "" {
		s = Quote(e.Field) + ": " + e.Why
	}
	if e.Hint != "" {
		s += ": " + e.Hint
	}
	return s
}

// Quote gives the name of a field as a message may hold it: what somebody made
// up may hold anything, at any length.
func Quote(name string) string {
	name = clip(name)
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

func invalid(field, format string, args ...any) error {
	return &Error{Field: strings.TrimSuffix(field, "."), Why: fmt.Sprintf(format, args...)}
}

// unknown is the error of a field that no request has, with the one that may be
// meant: the nearest, if it is near.
func unknown(at, name string, fields []field) error {
	e := &Error{Field: at + clip(name), Why: "there is no such field"}
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	e.Hint = "there are " + strings.Join(names, ", ")
	if near := Nearest(name, names); near != "" {
		e.Hint = "did you mean " + near + "?"
	}
	return e
}

// Nearest is the one of names that a name with a typing error may stand for, or
// "" if none is near.
func Nearest(name string, names []string) (near string) {
	best := 1 + max(len(name)/3, 1)
	for _, n := range names {
		if d := Distance(strings.ToLower(clip(name)), n); d < best {
			best, near = d, n
		}
	}
	return near
}

// maxName is how much of a name that somebody made up is repeated.
const maxName = 120

func clip(name string) string {
	if len(name) <= maxName {
		return name
	}
	return strings.ToValidUTF8(name[:maxName], "") + "…"
}

// Distance is how many letters have to be changed, added or removed, or changed
// with their neighbour, to make b of a.
func Distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
