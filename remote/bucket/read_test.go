package bucket_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"strings"
	"testing"

	"codeoceanfs/remote/bucket"
	"codeoceanfs/remote/fault"
)

// noise is data in which every offset can be told from its neighbours.
func noise(n int) string {
	data := make([]byte, n)
	rand.New(rand.NewSource(int64(n))).Read(data)
	return string(data)
}

// oneFile is a fake with one object, and the object as a listing gives it.
func oneFile(t *testing.T, data string) (*fake, bucket.Location, bucket.Object) {
	f := newFake(t, map[string]*fakeBucket{"lab": {public: true, objects: map[string]fakeObject{"p/file": object(data)}}})
	o := f.buckets["lab"].objects["p/file"]
	return f, bucket.Location{Bucket: "lab", Prefix: "p"}, bucket.Object{Key: "p/file", Size: int64(len(data)), ETag: o.etag, Modified: modified}
}

func TestReadGivesTheBytesOfEveryRange(t *testing.T) {
	data := noise(10_000)
	f, loc, o := oneFile(t, data)
	s := store(t, f)
	for _, r := range [][2]int64{{0, 10_000}, {0, 1}, {9_999, 1}, {1, 9_999}, {5_000, 100}, {0, 0}, {10_000, 0}} {
		got, err := read(t.Context(), s, loc, o, r[0], r[1])
		if err != nil || string(got) != data[r[0]:r[0]+r[1]] {
			t.Errorf("%v: %d bytes, %v", r, len(got), err)
		}
	}
	for _, r := range [][2]int64{{0, 10_001}, {10_000, 1}, {-1, 5}, {5, -1}, {1 << 62, 1 << 62}} {
		if got, err := read(t.Context(), s, loc, o, r[0], r[1]); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%v: %d bytes, %v", r, len(got), err)
		}
	}
}

func TestReadOfAnEmptyFileAsksNobody(t *testing.T) {
	f, loc, o := oneFile(t, "")
	if got, err := read(t.Context(), store(t, f), loc, o, 0, 0); err != nil || len(got) != 0 || f.requests("") != 0 {
		t.Errorf("%q, %v, %d requests", got, err, f.requests(""))
	}
}

// wrongAnswers are answers to a GET that are not the range asked for. Once, all
// are followed by the right bytes; always, by an error of the kind.
var wrongAnswers = map[string]struct {
	answer func(w http.ResponseWriter, r *http.Request, o fakeObject, start, end int)
	kind   error
	final  bool // the first such answer is the last
}{
	"500":                   {answer: status(500, "InternalError")},
	"502 page of a proxy":   {answer: html(502)},
	"503 SlowDown":          {answer: status(503, "SlowDown"), kind: fault.ErrThrottled},
	"200 with an error":     {answer: status(200, "InternalError"), kind: fault.ErrMalformed},
	"200 login page":        {answer: html(200), kind: fault.ErrMalformed},
	"connection closed":     {answer: func(http.ResponseWriter, *http.Request, fakeObject, int, int) { panic(http.ErrAbortHandler) }},
	"cut after 100 bytes":   {answer: partial(func(p *part) { p.send = 100 })},
	"cut, length not said":  {answer: partial(func(p *part) { p.send, p.chunked = 100, true }), kind: nil},
	"no Content-Range":      {answer: partial(func(p *part) { p.span = "" }), kind: fault.ErrMalformed},
	"range from elsewhere":  {answer: partial(func(p *part) { p.span = fmt.Sprintf("bytes 0-%d/%d", p.end-p.start, p.total) }), kind: fault.ErrMalformed},
	"shorter range":         {answer: partial(func(p *part) { p.span = fmt.Sprintf("bytes %d-%d/%d", p.start, p.end-1, p.total) }), kind: fault.ErrMalformed},
	"other total":           {answer: partial(func(p *part) { p.span = fmt.Sprintf("bytes %d-%d/%d", p.start, p.end, p.total+1) }), kind: fault.ErrStale},
	"length is not range's": {answer: partial(func(p *part) { p.length = p.end - p.start }), kind: fault.ErrMalformed},
	"without an ETag":       {answer: partial(func(p *part) { p.etag = "" }), kind: fault.ErrMalformed},
	"another ETag":          {answer: partial(func(p *part) { p.etag = `"other"` }), kind: fault.ErrStale, final: true},
	"412":                   {answer: status(412, "PreconditionFailed"), kind: fault.ErrStale, final: true},
	"404":                   {answer: status(404, "NoSuchKey"), kind: fault.ErrNotExist, final: true},
	"416":                   {answer: status(416, "InvalidRange"), kind: fault.ErrStale, final: true},
	"403":                   {answer: status(403, "AccessDenied"), kind: fault.ErrRefused, final: true},
	"Glacier":               {answer: status(403, "InvalidObjectState"), kind: fault.ErrRefused, final: true},
	"302 elsewhere":         {answer: redirect, final: true},
}

type part struct {
	start, end, total, send, length int
	span, etag                      string
	chunked                         bool
}

func status(code int, word string) func(http.ResponseWriter, *http.Request, fakeObject, int, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ fakeObject, _, _ int) { fail(w, code, word, "as told") }
}

func html(code int) func(http.ResponseWriter, *http.Request, fakeObject, int, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ fakeObject, _, _ int) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(code)
		fmt.Fprint(w, "<html><body>", strings.Repeat("Please sign in. ", 5000), "</body></html>")
	}
}

func redirect(w http.ResponseWriter, _ *http.Request, _ fakeObject, _, _ int) {
	w.Header().Set("Location", "http://192.0.2.1/elsewhere")
	w.WriteHeader(302)
}

func partial(change func(*part)) func(http.ResponseWriter, *http.Request, fakeObject, int, int) {
	return func(w http.ResponseWriter, _ *http.Request, o fakeObject, start, end int) {
		p := part{start: start, end: end, total: len(o.data), send: end - start + 1, length: end - start + 1, etag: o.etag}
		p.span = fmt.Sprintf("bytes %d-%d/%d", start, end, p.total)
		change(&p)
		h := w.Header()
		if p.span != "" {
			h.Set("Content-Range", p.span)
		}
		if p.etag != "" {
			h.Set("ETag", p.etag)
		}
		if !p.chunked {
			h.Set("Content-Length", fmt.Sprint(p.length))
		}
		w.WriteHeader(206)
		w.Write(o.data[start:min(start+p.send, start+p.length)])
	}
}

func TestReadAcceptsNoWrongAnswer(t *testing.T) {
	data := noise(200_000)
	for name, c := range wrongAnswers {
		for _, always := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/always=%v", name, always), func(t *testing.T) {
				t.Parallel()
				f, loc, o := oneFile(t, data)
				f.fault = func(kind string, n int, w http.ResponseWriter, r *http.Request) bool {
					if kind != "get" || n > 1 && !always {
						return false
					}
					var start, end int
					fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &start, &end)
					f.mu.Unlock() // a handler that panics does not come back for it
					defer f.mu.Lock()
					c.answer(w, r, f.buckets["lab"].objects["p/file"], start, end)
					return true
				}
				s := store(t, f)
				s.Hasty()
				got, err := read(t.Context(), s, loc, o, 1000, 150_000)
				if !bytes.HasPrefix([]byte(data[1000:]), got) {
					t.Error("wrong bytes")
				}
				switch {
				case !always && !c.final:
					if err != nil || len(got) != 150_000 {
						t.Errorf("not mended: %d bytes, %v", len(got), err)
					}
				case err == nil:
					t.Error("no error")
				case c.kind != nil && !errors.Is(err, c.kind) && (c.final || !errors.Is(err, fault.ErrTimeout)):
					t.Errorf("%v, want %v", err, c.kind)
				case c.final && f.requests("get") != 1:
					t.Errorf("asked %d times: %v", f.requests("get"), err)
				}
			})
		}
	}
}

// A 200 with the whole object is what a store that knows no ranges answers: the
// right bytes come out of it, and only with the right ETag.
func TestReadSkipsIntoAWholeObject(t *testing.T) {
	data := noise(50_000)
	f, loc, o := oneFile(t, data)
	f.fault = func(kind string, _ int, w http.ResponseWriter, r *http.Request) bool {
		if kind == "get" {
			r.Header.Del("Range")
		}
		return false
	}
	got, err := read(t.Context(), store(t, f), loc, o, 1234, 5678)
	if err != nil || string(got) != data[1234:1234+5678] {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestReadFollowsNoRedirect(t *testing.T) {
	f, loc, o := oneFile(t, noise(1000))
	f.buckets["lab"].objects["p/copy"] = f.buckets["lab"].objects["p/file"]
	f.fault = func(kind string, n int, w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/file") {
			w.Header().Set("Location", "/lab/p/copy")
			w.WriteHeader(http.StatusTemporaryRedirect)
			return true
		}
		return false
	}
	got, err := read(t.Context(), store(t, f), loc, o, 0, 1000)
	if err == nil || !strings.Contains(err.Error(), "in another region") {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestReadNeverMixesVersions(t *testing.T) {
	old := noise(300_000)
	f, loc, o := oneFile(t, old)
	f.fault = func(kind string, n int, w http.ResponseWriter, r *http.Request) bool {
		if kind != "get" || n > 1 {
			return false
		}
		// The first answer is cut, and meanwhile somebody writes the object again.
		partial(func(p *part) { p.send = 1000 })(w, r, f.buckets["lab"].objects["p/file"], 0, 299_999)
		f.buckets["lab"].objects["p/file"] = object(noise(300_001)[1:])
		return true
	}
	got, err := read(t.Context(), store(t, f), loc, o, 0, 300_000)
	if !errors.Is(err, fault.ErrStale) || !strings.HasPrefix(old, string(got)) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestReadPinsBySizeWhereThereAreNoETags(t *testing.T) {
	f, loc, o := oneFile(t, noise(1000))
	o.ETag = ""
	f.buckets["lab"].noETag = true
	s := store(t, f)
	if got, err := read(t.Context(), s, loc, o, 0, 1000); err != nil || len(got) != 1000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	f.set(func() { f.buckets["lab"].objects["p/file"] = object(noise(1001)) })
	if got, err := read(t.Context(), s, loc, o, 0, 1000); !errors.Is(err, fault.ErrStale) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestReadTakesETagsWithAndWithoutQuotes(t *testing.T) {
	f, loc, o := oneFile(t, "data")
	o.ETag = strings.Trim(o.ETag, `"`)
	if got, err := read(t.Context(), store(t, f), loc, o, 0, 4); err != nil || string(got) != "data" {
		t.Errorf("%q, %v", got, err)
	}
	if m := f.seen[len(f.seen)-1].Header.Get("If-Match"); !strings.HasPrefix(m, `"`) {
		t.Errorf("If-Match: %s", m)
	}
}

// Objects stored with gzip are passed on as they are stored.
func TestReadUnpacksNothing(t *testing.T) {
	f, loc, o := oneFile(t, "\x1f\x8b compressed")
	f.fault = func(kind string, _ int, w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Encoding", "gzip")
		return false
	}
	if got, err := read(t.Context(), store(t, f), loc, o, 0, o.Size); err != nil || string(got) != "\x1f\x8b compressed" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestReadGivesItsConnectionBack(t *testing.T) {
	f, loc, o := oneFile(t, noise(1<<20))
	s := store(t, f, func(c *bucket.Config) { c.MaxRequests = 1 })
	for i := range 5 {
		body, err := s.OpenRange(t.Context(), loc, o, 0, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, body, int64(i)*1000+1); err != nil {
			t.Fatal(err)
		}
		body.Close()
	}
}
