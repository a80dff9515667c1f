package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep a request may be nested; the API's are four deep.
const maxDepth = 32

// parse reads one JSON object strictly: valid text, nothing twice, nothing
// behind it. Numbers are json.Number, so that none loses digits.
func parse(body []byte) (map[string]any, error) {
	if !utf8.Valid(body) {
		return nil, invalid("", "the request is not UTF-8 text")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	v, err := value(d, "", 0)
	if err != nil {
		return nil, syntax(body, d, err)
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, invalid("", "a request is a JSON object: it begins with {")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, &Error{Why: ErrMore.Error()}
	}
	return o, nil
}

// Parse reads any JSON object as strictly as a request is read, and gives its
// fields as they are written. Every error is an [*Error].
func Parse(body []byte) (map[string]json.RawMessage, error) {
	if _, err := parse(body); err != nil {
		return nil, err
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, invalid("", "%s", err)
	}
	return fields, nil
}

// syntax says where JSON goes wrong, as people count: lines from 1.
func syntax(body []byte, d *json.Decoder, err error) error {
	var ours *Error
	if errors.As(err, &ours) {
		return err
	}
	at := d.InputOffset()
	var wrong *json.SyntaxError
	if errors.As(err, &wrong) {
		at = wrong.Offset
	}
	before := body[:max(0, min(int(at), len(body)))]
	line := 1 + bytes.Count(before, []byte("\n"))
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return invalid("", "%s", ErrPartial)
	}
	return invalid("", "this is not JSON, in line %d: %s", line, strings.TrimPrefix(err.Error(), "json: "))
}

// value reads one value.
func value(d *json.Decoder, at string, depth int) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, invalid(at, "is nested too deep")
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return fields(d, at, depth)
		}
		return elements(d, at, depth)
	case string:
		// What JSON can write and no text can hold is decoded to this mark.
		if strings.ContainsRune(t, utf8.RuneError) {
			return nil, invalid(at, "holds a character that does not exist")
		}
		if strings.ContainsRune(t, 0) {
			return nil, invalid(at, "holds a zero byte")
		}
	}
	return t, nil
}

func fields(d *json.Decoder, at string, depth int) (any, error) {
	o := map[string]any{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, ok := t.(string)
		if !ok {
			return nil, invalid(at, "has a name that is no text")
		}
		below := name
		if at != "" {
			below = at + "." + name
		}
		if _, twice := o[name]; twice {
			return nil, invalid(below, "is given twice")
		}
		if o[name], err = value(d, below, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := d.Token() // the brace
	return o, err
}

func elements(d *json.Decoder, at string, depth int) (any, error) {
	all := []any{}
	for d.More() {
		v, err := value(d, fmt.Sprintf("%s[%d]", at, len(all)), depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	_, err := d.Token() // the bracket
	return all, err
}

func isNumber(v any) bool {
	_, ok := v.(json.Number)
	return ok
}
