package request

import (
	"errors"
	"fmt"
)

// MaxBody is how long a request may be, in bytes. The longest that makes sense,
// a combined asset of thousands, takes a tenth of it.
const MaxBody = 1 << 20

var (
	// ErrTooLong is a request of more than MaxBody bytes.
	ErrTooLong = fmt.Errorf("a request has at most %d bytes", MaxBody)
	// ErrPartial is a request that ends before its JSON object does.
	ErrPartial = errors.New("the JSON object is not complete: is the closing brace missing?")
	// ErrMore is what follows a complete request.
	ErrMore = errors.New("one file takes one JSON object, and there is more behind it")
)

// Scanner finds the end of a JSON object in bytes that arrive in any pieces. It
// looks at brackets and strings only: whether what is between them is JSON, and
// means something, is for [Decode]. Its zero value is ready.
type Scanner struct {
	body   []byte
	open   []byte // the brackets that are open, by what closes them
	quoted bool   // inside a string
	escape bool   // behind a backslash in it
	done   bool   // the object is complete
	err    error  // what ended the scan; it stays
}

// Write takes more bytes. It takes them all, up to the end of the object and
// the white space behind it; n is how many it took, and is less than len(p) only
// with an error, or when the object was completed in p and something else
// follows, for the next Write to refuse.
func (s *Scanner) Write(p []byte) (n int, err error) {
	if s.err != nil {
		return 0, s.err
	}
	was := s.done
	for i, c := range p {
		if s.done {
			if isSpace(c) {
				continue
			}
			if !was {
				return i, nil
			}
			return i, ErrMore
		}
		if len(s.body) == MaxBody {
			s.err = ErrTooLong
			return i, s.err
		}
		if s.err = s.step(c); s.err != nil {
			return i, s.err
		}
		s.body = append(s.body, c)
	}
	return len(p), nil
}

// step looks at one byte of the object, or before it.
func (s *Scanner) step(c byte) error {
	switch {
	case s.escape:
		s.escape = false
	case s.quoted:
		s.escape = c == '\\'
		s.quoted = c != '"'
	case len(s.open) == 0 && isSpace(c):
	case len(s.open) == 0 && c != '{':
		return fmt.Errorf("a request is a JSON object: it begins with { and not with %q", c)
	case c == '{':
		s.open = append(s.open, '}')
	case c == '[':
		s.open = append(s.open, ']')
	case c == '}' || c == ']':
		last := len(s.open) - 1
		if s.open[last] != c {
			return fmt.Errorf("the brackets do not match: %q where %q is open", c, s.open[last])
		}
		s.open = s.open[:last]
		s.done = last == 0
	case c == '"':
		s.quoted = true
	}
	return nil
}

// Complete reports whether the object is.
func (s *Scanner) Complete() bool { return s.done }

// Empty reports whether there was nothing but white space.
func (s *Scanner) Empty() bool { return s.err == nil && !s.done && len(s.open) == 0 }

// Err is what is wrong with the whole of what was written, if it is all: nothing
// for no bytes at all.
func (s *Scanner) Err() error {
	if s.err == nil && !s.done && len(s.open) > 0 {
		return ErrPartial
	}
	return s.err
}

// Body is the request, for Decode. It is not to be changed.
func (s *Scanner) Body() []byte { return s.body }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
