package test

import (
	"fmt"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// What the calls say of a path with attributes, and of one without any.
const (
	xattrCalls = `unknown: no data available
foreign: operation not supported
small: numerical result out of range
needs: 36
short list: numerical result out of range
set: read-only file system
remove: read-only file system
`
	noXattrs = `unknown: no data available
foreign: operation not supported
small: no data available
needs: -1
short list: <nil>
set: read-only file system
remove: read-only file system
`
)

// TestXattrs reads the attributes of everything that the mount has. They take no
// request: listings ask every file for some.
func TestXattrs(t *testing.T) {
	t.Parallel()
	d := lab(t)
	const scanID = "5ca00000-0000-4000-8000-000000000001"
	d.add(t, emulator.Asset{
		Record: emulator.Record{ID: scanID, Name: "scan", Tags: []string{"a", "b c"}},
		Generate: []emulator.Generated{
			{Path: "sub/f", Text: "x"}, {Path: ".meta.json", Text: "x"}, {Path: "50%25", Text: "x"}, {Path: "line\nbreak", Text: "x"},
		},
	})
	m := d.quiet(t)
	asset := func(id, typ, state, archived, tags string) string {
		return fmt.Sprintf("id %s\ntype %s\nstate %s\narchived %s\ntags %s\nurl %s/data-assets/%s\n", id, typ, state, archived, tags, d.APIURL(), id)
	}
	place := func(id, path string) string { return fmt.Sprintf("id %s\npath %s\n", id, path) }
	cases := map[string]struct{ path, want string }{
		"an asset says what it is":                         {"dataset/scan", asset(scanID, "dataset", "ready", "false", "a,b c")},
		"so it does by its id":                             {".by-id/" + scanID, asset(scanID, "dataset", "ready", "false", "a,b c")},
		"so does an archived one":                          {".archived/dataset/retired", asset(retiredID, "dataset", "ready", "true", "ecephys")},
		"so does a draft":                                  {".by-id/" + draftID, asset(draftID, "dataset", "draft", "false", "")},
		"so does a combined one":                           {"combined/bundle", asset(bundleID, "combined", "ready", "false", "")},
		"a member of a combined asset says what itself is": {"combined/bundle/raw", asset(recordingID, "dataset", "ready", "false", "ecephys,probe A")},
		"a file says where it is":                          {"dataset/scan/sub/f", place(scanID, "sub/f")},
		"a folder says where it is":                        {"dataset/scan/sub", place(scanID, "sub")},
		"a file in a member says whose it is":              {"combined/bundle/raw/f", place(recordingID, "f")},
		"a file of a bucket has its path in the asset":     {".by-id/" + thirdID + "/f", place(thirdID, "f")},
		"a name that the mount changed has its own path":   {"dataset/scan/50%2525", place(scanID, "50%25")},
		"so has one that is the record's":                  {"dataset/scan/%2Emeta.json", place(scanID, ".meta.json")},
		"so has one with a line break":                     {"dataset/scan/line%0Abreak", place(scanID, "line\nbreak")},
		"a record has none":                                {"dataset/scan/.meta.json", ""},
		"a type has none":                                  {"dataset", ""},
		"the root has none":                                {".", ""},
		"the views have none":                              {".search", ""},
		"the control directory has none":                   {"control", ""},
		"its files have none":                              {"control/README", ""},
	}
	for _, c := range cases {
		m.run("stat", m.path(c.path)) // which may take a request
	}
	d.ResetCounts()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			want := c.want + xattrCalls
			if c.want == "" {
				want = noXattrs
			}
			if strings.HasSuffix(c.path, "/.meta.json") { // which can be written, and has none all the same
				want = strings.ReplaceAll(want, "read-only file system", "operation not supported")
			}
			got, err := m.helper("xattrs", m.path(c.path))
			if err != nil || got != want {
				t.Errorf("%v\n%s\nnot\n%s", err, got, want)
			}
		})
	}
	t.Run("extended attributes take no request", func(t *testing.T) {
		for route, count := range d.Counts() {
			if count.Requests > 0 {
				t.Errorf("%s: %d requests", route, count.Requests)
			}
		}
	})
}
