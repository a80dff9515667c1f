package transport

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"codeoceanfs/remote/fault"
)

func TestCheckRange(t *testing.T) {
	const off, n, size = 100, 50, 1000
	for name, c := range map[string]struct {
		status int
		length int64
		header map[string]string
		want   error // nil: accepted
	}{
		"as asked":            {206, 50, map[string]string{"Content-Range": "bytes 100-149/1000"}, nil},
		"length not given":    {206, -1, map[string]string{"Content-Range": "bytes 100-149/1000"}, nil},
		"total not given":     {206, 50, map[string]string{"Content-Range": "bytes 100-149/*"}, nil},
		"a page as a file":    {206, 50, map[string]string{"Content-Range": "bytes 100-149/1000", "Content-Type": "text/html"}, nil},
		"no range":            {206, 50, nil, fault.ErrMalformed},
		"other start":         {206, 50, map[string]string{"Content-Range": "bytes 0-49/1000"}, fault.ErrMalformed},
		"other end":           {206, 51, map[string]string{"Content-Range": "bytes 100-150/1000"}, fault.ErrMalformed},
		"other length":        {206, 49, map[string]string{"Content-Range": "bytes 100-149/1000"}, fault.ErrMalformed},
		"other total":         {206, 50, map[string]string{"Content-Range": "bytes 100-149/1001"}, fault.ErrStale},
		"several ranges":      {206, 500, map[string]string{"Content-Type": "multipart/byteranges; boundary=x"}, fault.ErrMalformed},
		"whole file":          {200, 1000, nil, nil},
		"whole, not counted":  {200, -1, nil, nil},
		"whole page":          {200, 1000, map[string]string{"Content-Type": "text/html"}, nil}, // a file may be one
		"other file":          {200, 999, nil, fault.ErrStale},
		"part as whole":       {200, 50, nil, fault.ErrStale},
		"login page":          {200, 2000, map[string]string{"Content-Type": "text/html; charset=utf-8"}, fault.ErrMalformed},
		"login page, chunked": {200, -1, map[string]string{"Content-Type": "text/html"}, fault.ErrMalformed},
		"error document":      {200, 300, map[string]string{"Content-Type": "application/xml"}, fault.ErrMalformed},
		"nothing":             {204, 0, nil, fault.ErrMalformed},
		"redirect":            {307, 0, nil, fault.ErrMalformed},
		"unsatisfiable":       {416, 0, nil, fault.ErrStale},
		"changed":             {412, 0, nil, fault.ErrStale},
		"refused":             {403, 0, nil, fault.ErrRefused},
		"missing":             {404, 0, nil, fault.ErrNotExist},
	} {
		t.Run(name, func(t *testing.T) {
			resp := &http.Response{StatusCode: c.status, ContentLength: c.length, Header: http.Header{}}
			for k, v := range c.header {
				resp.Header.Set(k, v)
			}
			err := CheckRange(resp, off, n, size)
			if (err == nil) != (c.want == nil) || err != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestBody(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		content string
		want    string
		err     error
	}{
		"exact":           {206, "cdef", "cdef", nil},
		"too many":        {206, "cdefgh", "cdef", nil},
		"too few":         {206, "cde", "cde", io.ErrUnexpectedEOF},
		"whole":           {200, "abcdefgh", "cdef", nil},
		"whole, too few":  {200, "abcd", "cd", io.ErrUnexpectedEOF},
		"whole, not even": {200, "a", "", io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			resp := &http.Response{StatusCode: c.status, Body: io.NopCloser(strings.NewReader(c.content))}
			got, err := io.ReadAll(Body(resp, 2, 4, -1))
			if string(got) != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-9/10", "bytes 5-5/*", "bytes */10", "bytes 9-0/10", "items 0-1/2", "bytes +1-2/3", "bytes 0-9223372036854775807/*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		start, end, total, err := parseContentRange(s)
		switch {
		case err != nil:
			if !errors.Is(err, fault.ErrMalformed) {
				t.Errorf("error is %v", err)
			}
		case start < 0 || end < start || total < -1 || total >= 0 && end >= total:
			t.Errorf("%q gives %d-%d/%d", s, start, end, total)
		}
	})
}

// TestWholeFileThatIsLonger gets the page of a portal, of a length that it does
// not tell, in the place of a short file.
func TestWholeFileThatIsLonger(t *testing.T) {
	const page, size = "please log in to this network", 10
	for name, c := range map[string]struct {
		off, n int64
		good   bool
	}{
		"all of it":     {0, size, false},
		"its end":       {4, size - 4, false},
		"its beginning": {0, 4, true}, // that there is more is right
	} {
		resp := &http.Response{StatusCode: http.StatusOK, ContentLength: -1, Body: io.NopCloser(strings.NewReader(page))}
		err := CheckRange(resp, c.off, c.n, size)
		if err == nil {
			_, err = io.ReadAll(Body(resp, c.off, c.n, size))
		}
		if (err == nil) != c.good || err != nil && !errors.Is(err, fault.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
