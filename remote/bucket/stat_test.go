package bucket_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"codeoceanfs/remote/bucket"
	"codeoceanfs/remote/fault"
)

func TestStatFindsFilesAndFolders(t *testing.T) {
	f := newFake(t, map[string]*fakeBucket{"lab": {public: true, objects: objects(
		"p/file", "p/dir/x", "p/both", "p/both/x", "p/marker/", "p/both.txt", "p//noname", "p/foobar/x")}})
	s, loc := store(t, f), bucket.Location{Bucket: "lab", Prefix: "p"}
	for path, want := range map[string]string{
		"":        `dir "" "" "p/"`,
		"file":    `file "file" "file" "p/file"`,
		"dir":     `dir "dir" "dir/" "p/dir/"`,
		"dir/":    `dir "dir" "dir/" "p/dir/"`,
		"dir/x":   `file "x" "dir/x" "p/dir/x"`,
		"both":    `dir "both" "both/" "p/both/"`,
		"marker":  `dir "marker" "marker/" "p/marker/"`,
		"/":       `dir "" "/" "p//"`,
		"/noname": `file "noname" "/noname" "p//noname"`,
		"foo":     "", "gone": "", "file/": "", "file/x": "", strings.Repeat("x", 2000): "",
	} {
		e, err := s.Stat(t.Context(), loc, path)
		switch {
		case want == "":
			if !errors.Is(err, fault.ErrNotExist) {
				t.Errorf("%q: %v, %v", path, e, err)
			}
		case err != nil || lines([]bucket.Entry{e})[0] != want:
			t.Errorf("%q: %v, %v; want %s", path, lines([]bucket.Entry{e}), err, want)
		case !e.Dir && (e.Size != int64(len("content of "+e.Key)) || e.ETag == "" || !e.Modified.Equal(modified)):
			t.Errorf("%q: %+v", path, e.Object)
		}
	}
	e, err := s.StatFile(t.Context(), loc, "both")
	if err != nil || e.Dir || e.Key != "p/both" || e.Name != "both" {
		t.Errorf("the file where a folder is: %+v, %v", e, err)
	}
	if e, err := s.StatFile(t.Context(), loc, "dir"); !errors.Is(err, fault.ErrNotExist) {
		t.Errorf("the file where only a folder is: %+v, %v", e, err)
	}
}

// A listing and a HEAD must give the same version, or a file opened by the one
// is stale to the other.
func TestStatAndListAgree(t *testing.T) {
	f := newFake(t, map[string]*fakeBucket{"lab": {public: true, objects: objects("p/a")}})
	s, loc := store(t, f), bucket.Location{Bucket: "lab", Prefix: "p"}
	all, err := list(t.Context(), s, loc, "")
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if e, err := s.Stat(t.Context(), loc, "a"); err != nil || e != all[0] {
		t.Errorf("%+v, %v; listed %+v", e, err, all[0])
	}
}

func TestStatSaysMissingOnlyWhenItIs(t *testing.T) {
	for name, c := range map[string]struct {
		path       string
		head, list int // statuses of answers, 0 for the true one
		kind       error
		dir, file  bool
	}{
		"file refused":                       {path: "file", head: 403, file: true},
		"missing, HEAD refused":              {path: "gone", head: 403, kind: fault.ErrNotExist},
		"file broken":                        {path: "file", head: 500},
		"missing file, listing broken":       {path: "gone", list: 500},
		"folder, HEAD broken":                {path: "dir", head: 500, dir: true},
		"folder, HEAD refused":               {path: "dir", head: 403, dir: true},
		"file, listing refused":              {path: "file", list: 403, file: true},
		"missing, listing refused":           {path: "gone", list: 403, kind: fault.ErrRefused},
		"file, listing broken, may be both":  {path: "file", list: 500},
		"missing without a right to list":    {path: "gone", head: 403, list: 403, kind: fault.ErrRefused},
		"a HEAD that is throttled for good":  {path: "file", head: 429},
		"a HEAD for which there is no word":  {path: "file", head: 418, kind: fault.ErrInvalid},
		"a folder's path is not a file's":    {path: "file/", head: 500, kind: fault.ErrNotExist},
		"a folder's path, listing is broken": {path: "dir/", list: 502},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, map[string]*fakeBucket{"lab": {public: true, objects: objects("p/file", "p/dir/x")}})
			f.fault = func(kind string, _ int, w http.ResponseWriter, _ *http.Request) bool {
				status := map[string]int{"head": c.head, "list": c.list}[kind]
				if status == 0 {
					return false
				}
				w.WriteHeader(status)
				return true
			}
			s := open(t, func(cfg *bucket.Config) { cfg.Endpoint = f.URL })
			s.Hasty()
			e, err := s.Stat(t.Context(), bucket.Location{Bucket: "lab", Prefix: "p"}, c.path)
			switch {
			case c.dir || c.file:
				if err != nil || e.Dir != c.dir {
					t.Errorf("%+v, %v", e, err)
				}
			case err == nil, c.kind != nil && !errors.Is(err, c.kind), c.kind == nil && errors.Is(err, fault.ErrNotExist):
				t.Errorf("%+v, %v", e, err)
			}
			if err != nil && !strings.Contains(err.Error(), "lab/p/") {
				t.Errorf("does not say of what: %v", err)
			}
		})
	}
}

// A name in a folder of any size is answered by requests for one key.
func TestStatNeverListsAFolder(t *testing.T) {
	many := map[string]fakeObject{}
	for i := range 5000 {
		many[fmt.Sprintf("p/%05d", i)] = object("x")
	}
	f := newFake(t, map[string]*fakeBucket{"lab": {public: true, objects: many}})
	s, loc := store(t, f), bucket.Location{Bucket: "lab"}
	for _, path := range []string{"p", "p/00001", "p/gone"} {
		if _, err := s.Stat(t.Context(), loc, path); err != nil && path != "p/gone" {
			t.Error(err)
		}
	}
	for _, r := range f.seen {
		if r.URL.Query().Has("list-type") && r.URL.Query().Get("max-keys") != "1" {
			t.Errorf("asked for %s", r.URL.RawQuery)
		}
	}
}
