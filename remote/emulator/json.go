package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// decodeJSON decodes what people write: strictly, so that a mistyped field is
// noticed, and with errors that they can use.
func decodeJSON(content []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		return fmt.Errorf("line %d: nothing may follow the end of the JSON object", line(content, d.InputOffset()))
	}
	var (
		syntax *json.SyntaxError
		shape  *json.UnmarshalTypeError
	)
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("the file is empty: {} is the least that is JSON")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("line %d: not complete JSON: a } or ] or \" is missing at the end", line(bytes.TrimSpace(content), int64(len(content))))
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: not JSON: %v", line(content, syntax.Offset-1), err)
	case errors.As(err, &shape) && shape.Field != "":
		return fmt.Errorf("line %d: %q takes %s, not a JSON %s", line(content, shape.Offset-1), fieldName(shape), shapeOf(shape.Type), shape.Value)
	case errors.As(err, &shape):
		return fmt.Errorf("line %d: this takes %s, not a JSON %s", line(content, shape.Offset-1), shapeOf(shape.Type), shape.Value)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("there is no field %s", name)
	}
	return err
}

// line is the line, from 1 on, that holds the byte at the offset.
func line(content []byte, offset int64) int {
	offset = max(0, min(offset, int64(len(content))))
	return 1 + bytes.Count(content[:offset], []byte("\n"))
}

// fieldName is the field as it is in the file: without the structs in which Go
// keeps it.
func fieldName(e *json.UnmarshalTypeError) string {
	var names []string
	for name := range strings.SplitSeq(e.Field, ".") {
		if name != "Asset" && name != "Record" {
			names = append(names, name)
		}
	}
	return strings.Join(names, ".")
}

// shapeOf says in JSON's words what a field of the type takes.
func shapeOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return shapeOf(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list in [ ]"
	case reflect.Struct, reflect.Map:
		return "an object in { }"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a whole number"
}
