package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// The types of this file decode what the platform sends, whatever its type: a
// wrong one gives the zero value (or "unknown"), and never an error, so that
// one odd field costs that field and not the record, or the listing.

// text is a string. A number or a boolean is taken by its JSON spelling.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	switch b[0] {
	case '"':
		var s string
		if json.Unmarshal(b, &s) == nil {
			*t = text(s)
		}
	case 'n', '{', '[':
	default:
		*t = text(b)
	}
	return nil
}

// number is a whole number that is not negative, sent as an integer, a float
// or a decimal string; -1 for anything else, and for what exceeds 63 bits.
type number int64

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(b []byte) error {
	*n = -1
	s := strings.TrimSpace(string(bytes.Trim(b, `"`)))
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		*n = number(max(v, -1))
		return nil
	}
	// A float is exact up to 2^53, far above any file; 2^63 itself does not fit.
	if f, err := strconv.ParseFloat(s, 64); err == nil && f >= 0 && f < 1<<63 && f == math.Trunc(f) {
		*n = number(f)
	}
	return nil
}

// stamp is a time in unix seconds, whole or not, as a number or a string; an
// RFC 3339 time is taken as well. Anything else, and 0, is the zero time.
type stamp struct{ time.Time }

// Times are held within these: outside them is nonsense, and the conversions of
// other programs to calendars and to file systems begin to fail.
const (
	minStamp = 0
	maxStamp = 253402300799 // 9999-12-31T23:59:59Z
)

// UnmarshalJSON implements json.Unmarshaler.
func (t *stamp) UnmarshalJSON(b []byte) error {
	t.Time = time.Time{}
	s := strings.TrimSpace(string(bytes.Trim(b, `"`)))
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err == nil && f == 0, math.IsNaN(f):
	case err == nil || errors.Is(err, strconv.ErrRange):
		f = max(minStamp, min(f, maxStamp))
		sec, frac := math.Modf(f)
		t.Time = time.Unix(int64(sec), int64(frac*1e6)*1000).UTC() // a float64 holds microseconds
	default:
		if at, err := time.Parse(time.RFC3339, s); err == nil {
			t.Time = at.UTC()
		}
	}
	return nil
}

// flag is a boolean, as true, "true", "True", 1 or "1".
type flag bool

// UnmarshalJSON implements json.Unmarshaler.
func (f *flag) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseBool(string(bytes.Trim(b, `"`)))
	*f = flag(err == nil && v)
	return nil
}

// list is an array; a single value is a list of one.
type list[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *list[T]) UnmarshalJSON(b []byte) error {
	*l = nil
	switch b[0] {
	case 'n':
	case '[':
		var all []T
		if decodeInto(b, &all) == nil {
			*l = all
		}
	default:
		var one T
		if decodeInto(b, &one) == nil {
			*l = list[T]{one}
		}
	}
	return nil
}

// decodeInto is json.Unmarshal that forgives values of the wrong type: what can
// be decoded is.
func decodeInto(b []byte, v any) error {
	err := json.Unmarshal(b, v)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return nil
	}
	return err
}

// texts turns a list of text into strings.
func texts(l list[text]) []string {
	if len(l) == 0 {
		return nil
	}
	all := make([]string, len(l))
	for i, t := range l {
		all[i] = string(t)
	}
	return all
}
