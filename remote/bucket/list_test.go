package bucket_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"codeoceanfs/remote/bucket"
	"codeoceanfs/remote/fault"
)

// lines writes entries as "path" or "path -> key", sorted, folders with a slash.
func lines(all []bucket.Entry) []string {
	var out []string
	for _, e := range all {
		kind := "file"
		if e.Dir {
			kind = "dir"
		}
		out = append(out, fmt.Sprintf("%s %q %q %q", kind, e.Name, e.Path, e.Key))
	}
	slices.Sort(out)
	return out
}

func TestListTakesPrefixesAsRecordsWriteThem(t *testing.T) {
	f := newFake(t, map[string]*fakeBucket{"lab": {public: true, objects: objects(
		"foo/a.txt", "foo/sub/b.txt", "foobar/no.txt", "foo", "foo.txt", "/abs/c.txt", "deep/er/d.txt")}})
	inFoo := []string{`dir "sub" "sub/" "foo/sub/"`, `file "a.txt" "a.txt" "foo/a.txt"`}
	for prefix, want := range map[string][]string{
		"foo": inFoo, "foo/": inFoo, "/foo": inFoo, "/foo/": inFoo, "//foo/": inFoo,
		"deep/er":  {`file "d.txt" "d.txt" "deep/er/d.txt"`},
		"/deep/er": {`file "d.txt" "d.txt" "deep/er/d.txt"`},
		"/abs":     {`file "c.txt" "c.txt" "/abs/c.txt"`}, // keys that do begin with a slash
		"/abs/":    {`file "c.txt" "c.txt" "/abs/c.txt"`},
		"fo":       nil,
		"gone":     nil,
		"": {
			`dir "" "/" "/"`, `dir "deep" "deep/" "deep/"`, `dir "foo" "foo/" "foo/"`, `dir "foobar" "foobar/" "foobar/"`,
			`file "foo" "foo" "foo"`, `file "foo.txt" "foo.txt" "foo.txt"`,
		},
		"/": {
			`dir "" "/" "/"`, `dir "deep" "deep/" "deep/"`, `dir "foo" "foo/" "foo/"`, `dir "foobar" "foobar/" "foobar/"`,
			`file "foo" "foo" "foo"`, `file "foo.txt" "foo.txt" "foo.txt"`,
		},
	} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			s := store(t, f)
			all, err := list(t.Context(), s, bucket.Location{Bucket: "lab", Prefix: prefix}, "")
			if got := lines(all); err != nil || !slices.Equal(got, want) {
				t.Errorf("got %v, %v\nwant %v", got, err, want)
			}
		})
	}
}

func TestListGivesEveryKeyThatIsNoFileName(t *testing.T) {
	f := newFake(t, map[string]*fakeBucket{"lab": {public: true, objects: objects(
		"p/", "p/dir/", "p/dir/x", "p/empty/", "p/a", "p/a/b", "p/a!c", "p//b", "p/.", "p/..", "p/../up", "p/./dot", "p/a//b")}})
	f.buckets["lab"].objects["p/data/"] = object("data under a marker's key")
	s, loc := store(t, f), bucket.Location{Bucket: "lab", Prefix: "p"}
	for dir, want := range map[string][]string{
		"": {
			`dir "" "/" "p//"`, `dir "." "./" "p/./"`, `dir ".." "../" "p/../"`, `dir "a" "a/" "p/a/"`,
			`dir "data" "data/" "p/data/"`, `dir "dir" "dir/" "p/dir/"`, `dir "empty" "empty/" "p/empty/"`,
			`file "." "." "p/."`, `file ".." ".." "p/.."`, `file "a!c" "a!c" "p/a!c"`, `file "a" "a" "p/a"`,
		},
		"/":      {`file "b" "/b" "p//b"`},
		"..":     {`file "up" "../up" "p/../up"`},
		"./":     {`file "dot" "./dot" "p/./dot"`},
		"a":      {`dir "" "a//" "p/a//"`, `file "b" "a/b" "p/a/b"`},
		"a//":    {`file "b" "a//b" "p/a//b"`},
		"dir":    {`file "x" "dir/x" "p/dir/x"`},
		"empty/": nil,
		"data":   {`file "" "data/" "p/data/"`},
	} {
		all, err := list(t.Context(), s, loc, dir)
		if got := lines(all); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %v, %v\nwant %v", dir, got, err, want)
		}
		for _, e := range all {
			if e.Dir {
				continue
			}
			data, err := read(t.Context(), s, loc, e.Object, 0, e.Size)
			if err != nil || string(data) != string(f.buckets["lab"].objects[e.Key].data) {
				t.Errorf("read %q: %q, %v", e.Key, data, err)
			}
		}
	}
}

// oddNames are segments that some layer between a key and a URL may spoil.
var oddNames = []string{
	"plus+plus", "per%cent", "%2F", "%", "hash#", "q?m=1", "a&b", "sp ace", " lead", "trail ", "semi;colon", "tilde~",
	"(p)!*'", "quote\"", "<xml>&amp;", "back\\slash", "é", "e\u0301", "日本語", "🧠", "new\nline", "tab\t", "bell\a", "cr\r", "del\x7f",
	"colon:", "at@", "=", ",", "$", "|", "`", "^", "[b]", "{c}", "..x", "x.", strings.Repeat("long", 200),
}

func TestListAndReadKeepEveryByteOfAKey(t *testing.T) {
	var keys []string
	for _, n := range oddNames {
		keys = append(keys, "asset/"+n, "asset/in "+n+"/file")
	}
	f := newFake(t, map[string]*fakeBucket{"lab": {public: true, region: "us-east-1", objects: objects(keys...)}})
	for name, s := range map[string]*bucket.Store{"path style": store(t, f), "on AWS": onAWS(t, f)} {
		t.Run(name, func(t *testing.T) {
			loc := bucket.Location{Bucket: "lab", Prefix: "asset"}
			all, err := list(t.Context(), s, loc, "")
			if err != nil || len(all) != len(keys) {
				t.Fatalf("%d entries of %d, %v", len(all), len(keys), err)
			}
			for _, e := range all {
				if e.Dir {
					inner, err := list(t.Context(), s, loc, e.Path)
					if err != nil || len(inner) != 1 {
						t.Errorf("list %q: %v, %v", e.Path, inner, err)
						continue
					}
					e = inner[0]
				}
				data, err := read(t.Context(), s, loc, e.Object, 0, e.Size)
				if want := "content of asset/" + e.Path; err != nil || string(data) != want {
					t.Errorf("read %q: %q, %v", e.Key, data, err)
				}
				if st, err := s.Stat(t.Context(), loc, e.Path); err != nil || st != e {
					t.Errorf("stat %q: %+v, %v", e.Path, st, err)
				}
			}
		})
	}
}

func TestListGoesThroughAllPagesOrFails(t *testing.T) {
	var keys []string
	for i := range 57 {
		keys = append(keys, fmt.Sprintf("f/%03d", i), fmt.Sprintf("f/d%03d/x", i))
	}
	b := &fakeBucket{public: true, pages: 10, objects: objects(keys...)}
	f := newFake(t, map[string]*fakeBucket{"lab": b})
	s, loc := store(t, f), bucket.Location{Bucket: "lab", Prefix: "f"}
	all, err := list(t.Context(), s, loc, "")
	if err != nil || len(all) != len(keys) {
		t.Fatalf("%d of %d, %v", len(all), len(keys), err)
	}

	f.set(func() {
		f.fault = func(kind string, _ int, w http.ResponseWriter, r *http.Request) bool {
			if kind == "list" && r.URL.Query().Get("continuation-token") != "" {
				fail(w, 403, "AccessDenied", "no more")
				return true
			}
			return false
		}
	})
	if _, err := list(t.Context(), s, loc, ""); !errors.Is(err, fault.ErrRefused) {
		t.Errorf("a listing that fails midway: %v", err)
	}
}

func TestListEndsWhenToldSo(t *testing.T) {
	f := newFake(t, map[string]*fakeBucket{"lab": {public: true, pages: 1, objects: objects("a", "b", "c")}})
	enough := errors.New("enough")
	got := 0
	err := store(t, f).List(t.Context(), bucket.Location{Bucket: "lab"}, "", func(bucket.Entry) error {
		got++
		return enough
	})
	if err != enough || got != 1 {
		t.Errorf("%d entries, %v", got, err)
	}
}

// Every answer here is HTTP 200.
func TestListRefusesWhatIsNoListing(t *testing.T) {
	page := func(inner string) string {
		return `<ListBucketResult><Name>lab</Name><EncodingType>url</EncodingType>` + inner + `</ListBucketResult>`
	}
	for name, body := range map[string]string{
		"error document":    "<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>",
		"login page":        "<!DOCTYPE html><html><body>Sign in</body></html>",
		"nothing":           "",
		"half a page":       `<ListBucketResult><Name>lab</Name><Contents><Key>f/a</K`,
		"cut off":           page(`<IsTruncated>true</IsTruncated>`),
		"foreign key":       page(`<Contents><Key>other/a</Key><Size>1</Size></Contents>`),
		"foreign folder":    page(`<CommonPrefixes><Prefix>other/</Prefix></CommonPrefixes>`),
		"delimiter ignored": page(`<Contents><Key>f/a/b</Key><Size>1</Size></Contents>`),
		"folder is itself":  page(`<CommonPrefixes><Prefix>f/</Prefix></CommonPrefixes>`),
		"no size":           page(`<Contents><Key>f/a</Key></Contents>`),
		"negative size":     page(`<Contents><Key>f/a</Key><Size>-4</Size></Contents>`),
		"bad escape":        page(`<Contents><Key>f/%ZZ</Key><Size>4</Size></Contents>`),
		"endless":           page(`<IsTruncated>true</IsTruncated><NextContinuationToken>same</NextContinuationToken><Contents><Key>f/a</Key><Size>1</Size></Contents>`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, map[string]*fakeBucket{"lab": {public: true}})
			f.fault = func(kind string, _ int, w http.ResponseWriter, _ *http.Request) bool {
				if kind == "list" {
					fmt.Fprint(w, body)
				}
				return kind == "list"
			}
			all, err := list(t.Context(), store(t, f), bucket.Location{Bucket: "lab", Prefix: "f"}, "")
			var e *fault.Error
			if !errors.As(err, &e) || e.Kind != fault.ErrMalformed && e.Code != "InternalError" {
				t.Errorf("%v, %v", all, err)
			}
			if name != "endless" && f.requests("list") < 3 {
				t.Errorf("given up after %d attempts", f.requests("list"))
			}
		})
	}
}

func TestListOfAHugePageIsNotEvenRead(t *testing.T) {
	f := newFake(t, map[string]*fakeBucket{"lab": {public: true}})
	f.fault = func(kind string, _ int, w http.ResponseWriter, _ *http.Request) bool {
		if kind == "list" {
			w.Header().Set("Content-Length", "1000000000000")
			fmt.Fprint(w, "<ListBucketResult><Name>lab</Name>")
		}
		return kind == "list"
	}
	_, err := list(t.Context(), store(t, f), bucket.Location{Bucket: "lab"}, "")
	if !errors.Is(err, fault.ErrMalformed) || !strings.Contains(err.Error(), "more than") {
		t.Error(err)
	}
}

func TestListWithoutTheEncodingIsTakenAsItIs(t *testing.T) {
	f := newFake(t, map[string]*fakeBucket{"lab": {public: true}})
	f.fault = func(kind string, _ int, w http.ResponseWriter, _ *http.Request) bool {
		if kind == "list" {
			fmt.Fprint(w, `<ListBucketResult><Name>lab</Name><Contents><Key>a+b%41</Key><Size>1</Size></Contents></ListBucketResult>`)
		}
		return kind == "list"
	}
	all, err := list(t.Context(), store(t, f), bucket.Location{Bucket: "lab"}, "")
	if err != nil || len(all) != 1 || all[0].Name != "a+b%41" {
		t.Errorf("%v, %v", all, err)
	}
}
