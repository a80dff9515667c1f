package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxValue bounds one value of a stream: a record with large custom metadata is
// some tens of KiB. What is beyond it is not buffered.
const maxValue = 4 << 20

// stream reads large JSON value by value.
type stream struct {
	dec *json.Decoder
	in  *bounded // bounds the value that is being read
}

// eachField calls f for each field of the object in r, with the stream before
// its value, which f reads or skips. After the object there must be nothing.
func eachField(r io.Reader, f func(name string, s *stream) error) error {
	in := &bounded{r: r, left: maxValue}
	s := &stream{dec: json.NewDecoder(in), in: in}
	t, err := s.token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return fmt.Errorf("%w: not an object", errShape)
	}
	for s.more() {
		name, err := s.token()
		if err != nil {
			return err
		}
		if err := f(name.(string), s); err != nil {
			return err
		}
	}
	if err := s.close('}'); err != nil {
		return err
	}
	s.in.left = maxValue
	switch _, err := s.dec.Token(); {
	case err == nil:
		return fmt.Errorf("%w: more after the end", errShape)
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

func (s *stream) token() (json.Token, error) {
	s.in.left = maxValue
	t, err := s.dec.Token()
	return t, cutShort(err)
}

// decode reads the next value into v, forgiving wrong types.
func (s *stream) decode(v any) error {
	s.in.left = maxValue
	err := s.dec.Decode(v)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return nil
	}
	return cutShort(err)
}

// each calls f before each element of the next value, an array or null; f
// decodes it.
func (s *stream) each(f func() error) error {
	t, err := s.token()
	switch {
	case err != nil:
		return err
	case t == nil: // null
		return nil
	case t != json.Delim('['):
		return fmt.Errorf("%w: not an array", errShape)
	}
	for s.more() {
		if err := f(); err != nil {
			return err
		}
	}
	return s.close(']')
}

// more reports whether the array or object goes on. An error shows as its end,
// and then in close.
func (s *stream) more() bool {
	s.in.left = maxValue
	return s.dec.More()
}

// close reads the end of an array or object.
func (s *stream) close(end json.Delim) error {
	t, err := s.token()
	if err == nil && t != end {
		return fmt.Errorf("%w: no %v", errShape, end)
	}
	return err
}

// skip passes over the next value, however large, without keeping it.
func (s *stream) skip() error {
	for depth := 0; ; {
		t, err := s.token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			if depth++; depth > maxDepth {
				return fmt.Errorf("%w: nested too deeply", errShape)
			}
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// maxDepth bounds the nesting of what is skipped; encoding/json has a bound of
// its own, the same, for what is decoded.
const maxDepth = 10_000

// cutShort tells an end in the middle from one that is expected.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
