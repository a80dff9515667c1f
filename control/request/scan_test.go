package request_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"codeoceanfs/control/request"
)

// feed writes a body in pieces of n bytes, as write(2) does with what was not
// taken, and tells what came of it.
func feed(body string, n int) (complete string, err error) {
	var s request.Scanner
	for len(body) > 0 && err == nil {
		var took int
		took, err = s.Write([]byte(body[:min(n, len(body))]))
		if took == 0 && err == nil {
			panic("it takes nothing and says nothing")
		}
		body = body[took:]
	}
	if s.Complete() {
		complete = strings.TrimSpace(string(s.Body()))
	}
	if err == nil {
		err = s.Err()
	}
	return complete, err
}

func TestScanner(t *testing.T) {
	for name, c := range map[string]struct {
		body, want string
		err        error // or any, with "some"
		some       bool
	}{
		"nothing":             {"", "", nil, false},
		"spaces":              {" \n\t\r ", "", nil, false},
		"an object":           {`{"a":1}`, `{"a":1}`, nil, false},
		"spaces around":       {" \n{}\n\n", `{}`, nil, false},
		"brackets in text":    {`{"a":"}]\"}{","b":["}"]}`, `{"a":"}]\"}{","b":["}"]}`, nil, false},
		"a backslash at end":  {`{"a":"\\"}`, `{"a":"\\"}`, nil, false},
		"half":                {`{"a":{`, "", request.ErrPartial, false},
		"half a text":         {`{"a":"}`, "", request.ErrPartial, false},
		"two":                 {`{"a":1}{"b":2}`, `{"a":1}`, request.ErrMore, false},
		"words behind":        {`{"a":1} x`, `{"a":1}`, request.ErrMore, false},
		"words before":        {`x{"a":1}`, "", nil, true},
		"a list":              {`[1]`, "", nil, true},
		"brackets crossed":    {`{"a":[}`, "", nil, true},
		"too long":            {`{"a":"` + strings.Repeat("x", request.MaxBody), "", request.ErrTooLong, false},
		"spaces for ever":     {strings.Repeat(" ", request.MaxBody+1), "", request.ErrTooLong, false},
		"spaces at the end":   {`{}` + strings.Repeat(" ", request.MaxBody+1), `{}`, nil, false},
		"just not too long":   {`{` + strings.Repeat(" ", request.MaxBody-2) + `}`, `{` + strings.Repeat(" ", request.MaxBody-2) + `}`, nil, false},
		"one byte more":       {`{` + strings.Repeat(" ", request.MaxBody-1) + `}`, "", request.ErrTooLong, false},
		"what is not JSON":    {`{a}`, `{a}`, nil, false}, // for Decode to refuse
		"nothing but a quote": {`"`, "", nil, true},
	} {
		for _, n := range []int{1, 7, 4096, 1 << 30} {
			if n == 1 && len(c.body) > 10_000 {
				n = 1000
			}
			got, err := feed(c.body, n)
			if got != c.want || (err != nil) != (c.some || c.err != nil) || c.err != nil && !errors.Is(err, c.err) {
				t.Errorf("%s, in pieces of %d: %.50q, %v", name, n, got, err)
			}
		}
	}
}

// FuzzScanner cuts any bytes in any way: the outcome is the same.
func FuzzScanner(f *testing.F) {
	f.Add([]byte(`{"a":[{"b":"}\\"}]} `), uint8(3))
	f.Add([]byte(`{"a":1}{`), uint8(1))
	f.Fuzz(func(t *testing.T, body []byte, n uint8) {
		whole, err1 := feed(string(body), len(body)+1)
		parts, err2 := feed(string(body), int(n)+1)
		if whole != parts || (err1 == nil) != (err2 == nil) || err1 != nil && err1.Error() != err2.Error() {
			t.Errorf("at once %q, %v; in pieces %q, %v", whole, err1, parts, err2)
		}
		if whole == "" && err1 == nil && json.Valid(body) {
			t.Errorf("%q is overlooked", body)
		}
	})
}
