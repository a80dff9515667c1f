package api

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"codeoceanfs/remote/fault"
)

var quiet = slog.New(slog.DiscardHandler)

func files(t *testing.T, c *Client, dir string) (all []File, err error) {
	t.Helper()
	err = c.ListFiles(background(t), "id", dir, func(f File) error {
		all = append(all, f)
		return nil
	})
	return all, err
}

func TestListFiles(t *testing.T) {
	for name, c := range map[string]struct {
		dir, answer string
		want        []File
		err         error
	}{
		"as documented": {
			"data", `{"items":[{"name":"a.csv","path":"data/a.csv","type":"file","size":5},{"name":"sub","path":"data/sub","type":"folder","size":0}]}`,
			[]File{{"a.csv", "data/a.csv", false, 5}, {"sub", "data/sub", true, 0}},
			nil,
		},
		"slashes at the ends": {
			"", `{"items":[{"name":"sub/","path":"/sub/","type":"folder"},{"name":"f","path":"/f","type":"file","size":"7"}]}`,
			[]File{{"sub", "sub", true, -1}, {"f", "f", false, 7}},
			nil,
		},
		"no path":        {"d/e", `{"items":[{"name":"f","type":"file","size":1}]}`, []File{{"f", "d/e/f", false, 1}}, nil},
		"no path, root":  {"", `{"items":[{"name":"f","type":"file","size":1}]}`, []File{{"f", "f", false, 1}}, nil},
		"no name":        {"d", `{"items":[{"path":"d/f","type":"file","size":1}]}`, []File{{"f", "d/f", false, 1}}, nil},
		"nameless":       {"d", `{"items":[{"name":"","path":"d/","type":"folder"},{"name":"","path":"d/","type":"file","size":3}]}`, []File{{"", "d/", true, -1}, {"", "d/", false, 3}}, nil},
		"no type":        {"", `{"items":[{"name":"s","path":"s/"},{"name":"f","path":"f","size":1}]}`, []File{{"s", "s", true, -1}, {"f", "f", false, 1}}, nil},
		"odd sizes":      {"", `{"items":[{"name":"a","size":-3},{"name":"b","size":1.0},{"name":"c","size":null},{"name":"d","size":1e30},{"name":"e"}]}`, []File{{"a", "a", false, -1}, {"b", "b", false, 1}, {"c", "c", false, -1}, {"d", "d", false, -1}, {"e", "e", false, -1}}, nil},
		"odd entries":    {"", `{"items":[null,5,{},{"name":"f","size":1}]}`, []File{{Size: -1}, {Size: -1}, {Size: -1}, {"f", "f", false, 1}}, nil},
		"odd names":      {"", `{"items":[{"name":"..","path":".."},{"name":"a\u0000b","path":"a\u0000b"},{"name":"x\ny"}]}`, []File{{"..", "..", false, -1}, {"a\x00b", "a\x00b", false, -1}, {"x\ny", "x\ny", false, -1}}, nil},
		"unknown fields": {"", `{"total":1,"x":{"y":[]},"items":[{"name":"f","size":1,"etag":{"a":[]}}],"next":null}`, []File{{"f", "f", false, 1}}, nil},
		"empty":          {"", `{"items":[]}`, nil, nil},
		"null":           {"", `{"items":null}`, nil, nil},
		"left out":       {"", `{}`, nil, nil},
		"something else": {"", `{"message":"hello"}`, nil, fault.ErrMalformed},
		"no object":      {"", `[]`, nil, fault.ErrMalformed},
		"items no array": {"", `{"items":{"name":"f"}}`, nil, fault.ErrMalformed},
		"nothing":        {"", ``, nil, io.ErrUnexpectedEOF},
		"after the end":  {"", `{"items":[]}]`, nil, fault.ErrMalformed},
		"another after":  {"", `{"items":[]}{"items":[]}`, nil, fault.ErrMalformed},
		"large unknown":  {"", `{"x":[` + strings.Repeat(`"abcdefgh",`, maxValue/8) + `1],"items":[{"name":"f","size":1}]}`, []File{{"f", "f", false, 1}}, nil},
		"very deep":      {"", `{"x":` + strings.Repeat("[", 100_000), nil, fault.ErrMalformed},
		"a deep entry":   {"", `{"items":[` + strings.Repeat("[", 100_000), nil, fault.ErrMalformed},
		"a huge value":   {"", `{"items":[{"name":"` + strings.Repeat("x", 2*maxValue) + `"}]}`, nil, fault.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.handle("POST /data_assets/id/files", func(w http.ResponseWriter, r *http.Request) {
				if got := sent(t, r)["path"]; got != c.dir {
					t.Errorf("asked for %q", got)
				}
				words(200, "application/json", c.answer)(w, r)
			})
			got, err := files(t, p.client(), c.dir)
			if !errors.Is(err, c.err) || c.err == nil && err != nil {
				t.Fatalf("error is %v", err)
			}
			if c.err == nil && !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestListFilesFailures(t *testing.T) {
	for name, c := range map[string]struct {
		answers []http.HandlerFunc
		want    error
		files   int
		tries   int64
	}{
		"missing":        {[]http.HandlerFunc{words(404, "application/json", `{"message":"no such folder"}`)}, fault.ErrNotExist, 0, 1},
		"refused":        {[]http.HandlerFunc{words(403, "", "")}, fault.ErrRefused, 0, 1},
		"bad once":       {[]http.HandlerFunc{words(500, "", ""), folder(0, 5, "")}, nil, 5, 2},
		"cut once":       {[]http.HandlerFunc{cutAfter(2000, 10_000), folder(0, 10_000, "")}, nil, 10_000, 2},
		"cut thrice":     {[]http.HandlerFunc{cutAfter(2000, 10_000), cutAfter(9000, 10_000), cutAfter(20, 10_000), folder(0, 10_000, "")}, nil, 10_000, 4},
		"changed since":  {[]http.HandlerFunc{cutAfter(2000, 10_000), folder(1, 10_000, "")}, fault.ErrStale, 2000, 2},
		"shorter since":  {[]http.HandlerFunc{cutAfter(2000, 10_000), folder(0, 500, "")}, fault.ErrStale, 2000, 2},
		"always cut":     {[]http.HandlerFunc{cutAfter(2000, 10_000)}, io.ErrUnexpectedEOF, 2000, 5},
		"not even begun": {[]http.HandlerFunc{words(503, "", ""), words(503, "", ""), folder(0, 3, "")}, nil, 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.handle("POST /data_assets/id/files", inTurn(c.answers...))
			got, err := files(t, p.client(), "")
			if !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Errorf("error is %v", err)
			}
			if len(got) != c.files {
				t.Errorf("%d files", len(got))
			}
			for i, f := range got {
				if f.Name != fmt.Sprint("f", i) {
					t.Fatalf("file %d is %q", i, f.Name)
				}
			}
			if n := p.requests.Load(); n != c.tries {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// folder answers with the files from one number to below another.
func folder(from, to int, pad string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"items":[`)
		for i := from; i < to; i++ {
			comma := ","
			if i == from {
				comma = ""
			}
			fmt.Fprintf(w, `%s{"name":"f%d","path":"f%d","type":"file","size":%d%s}`, comma, i, i, i, pad)
		}
		fmt.Fprint(w, `]}`)
	}
}

// cutAfter breaks a listing of n files off after k of them.
func cutAfter(k, n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(n*100))
		fmt.Fprint(w, `{"items":[`)
		for i := range k {
			fmt.Fprintf(w, `{"name":"f%d","path":"f%d","type":"file","size":%d},`, i, i, i)
		}
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

func TestListFilesStopsWhenTold(t *testing.T) {
	p := newPlatform(t)
	p.handle("POST /data_assets/id/files", folder(0, 1000, ""))
	enough := errors.New("enough")
	n := 0
	err := p.client().ListFiles(background(t), "id", "", func(File) error {
		if n++; n == 10 {
			return enough
		}
		return nil
	})
	if err != enough || n != 10 || p.requests.Load() != 1 {
		t.Errorf("%v after %d entries and %d requests", err, n, p.requests.Load())
	}
}

// A folder of 32 MB of JSON passes through without being held.
func TestHugeListingIsAStream(t *testing.T) {
	const entries = 4_000
	pad := `,"more":"` + strings.Repeat("x", 8000) + `"`
	p := newPlatform(t)
	p.handle("POST /data_assets/id/files", folder(0, entries, pad))
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n, peak := 0, uint64(0)
	err := p.client().ListFiles(background(t), "id", "", func(File) error {
		if n++; n%500 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&during)
			peak = max(peak, during.HeapAlloc)
		}
		return nil
	})
	if err != nil || n != entries {
		t.Fatalf("%d files, %v", n, err)
	}
	if grown := int64(peak) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("%d MiB held", grown>>20)
	}
}

func FuzzListFiles(f *testing.F) {
	f.Add([]byte(`{"items":[{"name":"a","path":"b/a","type":"file","size":"1"},{"path":"/d/","size":-1}]}`), "b")
	f.Add([]byte(`{"items":[null,{"name":"/"},{"path":"//"}],"x":[[]]}`), "")
	f.Fuzz(func(t *testing.T, raw []byte, dir string) {
		l := lister{dir: dir, seed: maphash.MakeSeed(), emit: func(f File) error {
			if f.Name != "" && f.Path == "" || f.Size < -1 {
				t.Errorf("%+v", f)
			}
			return nil
		}}
		_ = l.read(strings.NewReader(string(raw)))
	})
}
