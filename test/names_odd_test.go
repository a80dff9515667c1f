package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// oddListings are answers of the list-files call that nobody documents. Holds
// are the paths of files that can be read, of 30 bytes each; Hides is what
// control/status.json says is left out, "path: reason". What is shown twice or
// hidden is never silently less.
var oddListings = map[string]struct {
	Root, Sub string // the items of the root, and of its folder "sub"
	Holds     []string
	Shows     map[string]string // path in the mount → path in the asset
	Hides     []string
}{
	"a file is called by its path where its name says otherwise": {
		Root:  `{"name": "Nice title", "path": "f.csv", "type": "file", "size": 30}`,
		Holds: []string{"f.csv"},
		Shows: map[string]string{"f.csv": "f.csv"},
	},
	"a path that does not lead into the folder is not followed": {
		Root:  `{"name": "sub", "path": "sub", "type": "folder"}`,
		Sub:   `{"name": "f", "path": "f", "type": "file", "size": 30}, {"name": "g", "path": "/etc/g", "type": "file", "size": 30}`,
		Holds: []string{"sub/f", "sub/g"},
		Shows: map[string]string{"sub/f": "sub/f", "sub/g": "sub/g"},
	},
	"a file that is listed further up than it is has its slashes as %2F": {
		Root:  `{"name": "sub", "path": "sub", "type": "folder"}, {"name": "f", "path": "sub/f", "type": "file", "size": 30}, {"name": "deep", "path": "sub/deep", "type": "folder"}`,
		Sub:   `{"name": "f", "path": "sub/f", "type": "file", "size": 30}, {"name": "deep", "path": "sub/deep", "type": "folder"}`,
		Holds: []string{"sub/f"},
		Shows: map[string]string{"sub/f": "sub/f", "sub%2Ff": "sub/f", "sub/deep/": "", "sub%2Fdeep/": ""},
	},
	"what has neither a name nor a path is counted": {
		Root:  `{"name": "f", "type": "file", "size": 30}, {"type": "file", "size": 3}, null, 7, {"type": "folder"}, {"name": "", "path": "", "type": "file", "size": 1}`,
		Holds: []string{"f"},
		Shows: map[string]string{"f": "f"},
		Hides: []string{
			": a folder without a name, which the platform cannot be asked for", ": the platform gives neither a name nor a path for it",
			": the platform gives neither a name nor a path for it", ": the platform gives neither a name nor a path for it", ": the platform gives neither a name nor a path for it",
		},
	},
	"a folder without a name is counted, and its files with it": {
		Root:  `{"name": "sub", "path": "sub", "type": "folder"}`,
		Sub:   `{"name": "", "path": "sub/", "type": "folder"}, {"name": "f", "path": "sub/f", "type": "file", "size": 30}`,
		Holds: []string{"sub/f"},
		Shows: map[string]string{"sub/f": "sub/f"},
		Hides: []string{"sub/: a folder without a name, which the platform cannot be asked for"},
	},
	"the names . and .. in an answer lead nowhere else": {
		Root:  `{"name": ".", "path": ".", "type": "folder"}, {"name": "..", "path": "..", "type": "file", "size": 30}`,
		Holds: []string{".."},
		Shows: map[string]string{"%2E/": "", "%2E.": ".."},
	},
	"a file that is listed twice is shown once": {
		Root:  `{"name": "f", "path": "f", "type": "file", "size": 30}, {"name": "f", "path": "f", "type": "file", "size": 30}`,
		Holds: []string{"f"},
		Shows: map[string]string{"f": "f"},
	},
	"of a file that is listed twice with two sizes the first is shown, and the other counted": {
		Root:  `{"name": "f", "path": "f", "type": "file", "size": 30}, {"name": "f", "path": "f", "type": "file", "size": 31}`,
		Holds: []string{"f"},
		Shows: map[string]string{"f": "f"},
		Hides: []string{"f: it is listed twice, as different files"},
	},
	"a folder that is listed twice, with a slash and without, is shown once": {
		Root:  `{"name": "sub", "path": "sub", "type": "folder"}, {"name": "sub/", "path": "sub/", "type": "folder", "size": 0}`,
		Sub:   `{"name": "f", "path": "sub/f", "type": "file", "size": 30}`,
		Holds: []string{"sub/f"},
		Shows: map[string]string{"sub/f": "sub/f"},
	},
	"of a file and a folder with one name the folder keeps it, in any order": {
		Root:  `{"name": "sub", "path": "sub", "type": "file", "size": 30}, {"name": "sub", "path": "sub", "type": "folder"}`,
		Sub:   `{"name": "f", "path": "sub/f", "type": "file", "size": 30}`,
		Holds: []string{"sub", "sub/f"},
		Shows: map[string]string{"sub@file": "sub", "sub/f": "sub/f"},
	},
	"what is of an unknown type is a file if it has a size, and counted if not": {
		Root:  `{"name": "link", "path": "link", "type": "symlink", "size": 30}, {"name": "pipe", "path": "pipe", "type": "fifo"}, {"name": "f", "path": "f", "size": 30}`,
		Holds: []string{"link", "f"},
		Shows: map[string]string{"link": "link", "f": "f"},
		Hides: []string{"pipe: the platform gives no valid size for it"},
	},
	"a size may be a string or a float": {
		Root:  `{"name": "a", "path": "a", "type": "file", "size": "30"}, {"name": "b", "path": "b", "type": "file", "size": 30.0}`,
		Holds: []string{"a", "b"},
		Shows: map[string]string{"a": "a", "b": "b"},
	},
	"a file without a size that makes sense is counted": {
		Root: `{"name": "a", "path": "a", "type": "file"}, {"name": "b", "path": "b", "type": "file", "size": -1},
			{"name": "c", "path": "c", "type": "file", "size": null}, {"name": "d", "path": "d", "type": "file", "size": "many"}`,
		Hides: []string{
			"a: the platform gives no valid size for it", "b: the platform gives no valid size for it",
			"c: the platform gives no valid size for it", "d: the platform gives no valid size for it",
		},
	},
	"a name with NUL in it is whole": {
		Root:  `{"name": "a\u0000b", "path": "a\u0000b", "type": "file", "size": 30}`,
		Holds: []string{"a\x00b"},
		Shows: map[string]string{"a%00b": "a\x00b"},
	},
	"half a character, as JSON can hold it, shows as U+FFFD": {
		Root:  `{"name": "a\ud800b", "path": "a\ud800b", "type": "file", "size": 30}`,
		Holds: []string{"a\ufffdb"},
		Shows: map[string]string{"a\ufffdb": "a\ufffdb"},
	},
	"bytes that are no text show as U+FFFD": {
		Root:  "{\"name\": \"a\xffb\", \"path\": \"a\xffb\", \"type\": \"file\", \"size\": 30}",
		Holds: []string{"a\ufffdb"},
		Shows: map[string]string{"a\ufffdb": "a\ufffdb"},
	},
}

// oddContent is what a file holds: 30 bytes that tell which one it is.
func oddContent(path string) string { return fmt.Sprintf("%-30s", fmt.Sprintf("the file %+q", path)) }

// answersFiles makes the platform answer the listing of one folder of an asset
// with these items.
func (d *deployment) answersFiles(id, dir, items string) {
	d.Inject(emulator.Fault{
		Route: "files", Path: id, Status: http.StatusOK, Body: `{"items": [` + items + `]}`,
		Header: http.Header{"Content-Type": {"application/json"}},
		Match:  func(r *http.Request) bool { return askedFor(r, "path") == dir },
	})
}

// askedFor is a field of a request's JSON body, which stays to be read.
func askedFor(r *http.Request, field string) any {
	raw, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(raw))
	var body map[string]any
	if err != nil || json.Unmarshal(raw, &body) != nil {
		return nil
	}
	return body[field]
}

// TestOddListings shows folders of which the platform says odd things.
func TestOddListings(t *testing.T) {
	t.Parallel()
	d := serve(t)
	promises := slices.Sorted(maps.Keys(oddListings))
	ids, want := map[string]string{}, 0
	for _, promise := range promises {
		c := oddListings[promise]
		var held []emulator.Generated
		for _, path := range c.Holds {
			held = append(held, emulator.Generated{Path: path, Text: oddContent(path)})
		}
		files := int64(len(held))
		id := d.add(t, emulator.Asset{
			Record:   emulator.Record{Type: "dataset", State: "ready", Files: &files},
			Generate: held,
		})
		ids[promise] = id
		d.answersFiles(id, "", c.Root)
		d.answersFiles(id, "sub", c.Sub)
		d.answersFiles(id, "sub/deep", "")
		d.answersFiles(id, ".", "")
		want += len(c.Hides)
	}
	m := d.mount(t)
	for _, promise := range promises {
		c := oddListings[promise]
		shows := map[string]string{}
		for path, of := range c.Shows {
			if !strings.HasSuffix(path, "/") {
				of = oddContent(of)
			}
			shows[path] = of
		}
		if d := difference(lines(m.show(m.path(".by-id", ids[promise]))), lines(shows)); d != "" {
			t.Errorf("%s: shows:%s", promise, d)
		}
		if d := difference(m.status().hidden(ids[promise]), c.Hides); d != "" {
			t.Errorf("%s: hides:%s", promise, d)
		}
	}
	// A folder that shows in two places has two places: the kernel would move it.
	twice := m.path(".by-id", ids["a file that is listed further up than it is has its slashes as %2F"])
	if got := m.run("sh", "-c", `cd "$0/sub/deep" && ls -a "$0/sub%2Fdeep" >/dev/null && /bin/pwd`, twice); !strings.HasSuffix(got, "/sub/deep\n") {
		t.Errorf("looking at a folder's other place moves it to %q", got)
	}
	if n := m.status().Hidden.Count; n != want {
		t.Errorf("%d are counted, not %d", n, want)
	}
}
