package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// maxBody bounds a request; no call of the API needs a tenth of it.
const maxBody = 4 << 20

// decode reads a request's body into v. Clients send null for what they do not
// mean, so null is the same as absent. An unknown field is refused: the
// platform may be kinder, but a typing error shall not pass the tests here.
func (c *call) decode(v any) error {
	body, err := io.ReadAll(http.MaxBytesReader(nil, c.Body, maxBody))
	if err != nil {
		return refuse(http.StatusRequestEntityTooLarge, "request body: %v", err)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	var tree map[string]any
	if err := strictly(body, &tree); err != nil {
		return bad("request body: %v", err)
	}
	body, err = json.Marshal(withoutNulls(tree))
	if err != nil {
		return bad("request body: %v", err)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if !c.quirks.LaxFields {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(v); err != nil {
		var typed *json.UnmarshalTypeError
		if errors.As(err, &typed) {
			return bad("%s: a %s cannot be used here", typed.Field, typed.Value)
		}
		return bad("request body: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// strictly decodes one JSON value with nothing behind it, numbers as written.
func strictly(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if value == nil {
				delete(v, key)
			} else {
				v[key] = withoutNulls(value)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutNulls(v[i])
		}
	}
	return v
}
