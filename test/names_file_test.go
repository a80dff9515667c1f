package test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// fileNames says by which names the files of an asset show, wherever they are:
// Holds are the paths in the asset, with which the mount shows at Shows. A path
// in Shows that ends in a slash is a folder.
var fileNames = map[string]struct {
	Holds    []string
	Empty    []string          // held too, but without a byte
	Shows    map[string]string // path in the mount → path in the asset
	Never    []string          // paths that do not exist
	External bool              // only a bucket can have these
}{
	"a file's name that a directory can hold is shown as it is": {
		Holds: []string{"a b+c&d=e?f#g;h.csv", "~(x)!*'\".txt", "Größe/µm 🧠.nii.gz", " ", "-rf", "...", ".hid", "a\\b"},
		Shows: map[string]string{
			"a b+c&d=e?f#g;h.csv": "a b+c&d=e?f#g;h.csv", "~(x)!*'\".txt": "~(x)!*'\".txt", "Größe/µm 🧠.nii.gz": "Größe/µm 🧠.nii.gz",
			" ": " ", "-rf": "-rf", "...": "...", ".hid": ".hid", "a\\b": "a\\b",
		},
	},
	"a control character in a file's name is %XX, and so is one in a folder's": {
		Holds: []string{"line\nbreak", "tab\t", "cr\r", "del\x7f", "d\x1b[1m/nul\x00nul"},
		Shows: map[string]string{
			"line%0Abreak": "line\nbreak", "tab%09": "tab\t", "cr%0D": "cr\r", "del%7F": "del\x7f", "d%1B[1m/nul%00nul": "d\x1b[1m/nul\x00nul",
		},
		Never: []string{"line\nbreak", "line%0abreak"},
	},
	"a percent sign in a file's name is %25 where it would read as an escape": {
		Holds: []string{"100%", "a%2Fb", "a%0Ab", "a\nb", "%%41"},
		Shows: map[string]string{"100%": "100%", "a%252Fb": "a%2Fb", "a%250Ab": "a%0Ab", "a%0Ab": "a\nb", "%%2541": "%%41"},
		Never: []string{"a%2Fb", "a%41", "100%25"},
	},
	"a path is not found as one name, with its slashes escaped": {
		Holds: []string{"a/b", "c"},
		Shows: map[string]string{"a/b": "a/b", "c": "c"},
		Never: []string{"a%2Fb", "%2Fc", "a%2F", "a/%2E%2E%2Fc"},
	},
	"files and folders named . or .. are %2E and %2E.": {
		Holds: []string{".", "..", "a/./b", "a/../b", "c/.", "c/.."},
		Shows: map[string]string{"%2E": ".", "%2E.": "..", "a/%2E/b": "a/./b", "a/%2E./b": "a/../b", "c/%2E": "c/.", "c/%2E.": "c/.."},
	},
	"a file called .meta.json is %2Emeta.json in an asset's root, and .meta.json below it": {
		Holds: []string{".meta.json", "%2Emeta.json", "sub/.meta.json", ".meta.json2"},
		Shows: map[string]string{"%2Emeta.json": ".meta.json", "%252Emeta.json": "%2Emeta.json", "sub/.meta.json": "sub/.meta.json", ".meta.json2": ".meta.json2"},
	},
	"a folder called .meta.json is %2Emeta.json too": {
		Holds: []string{".meta.json/f"},
		Shows: map[string]string{"%2Emeta.json/f": ".meta.json/f"},
	},
	"of a file and a folder with one name the folder keeps it, and the file is name@file": {
		Holds: []string{"a", "a/b", "a/b/c", "d"},
		Shows: map[string]string{"a@file": "a", "a/b@file": "a/b", "a/b/c": "a/b/c", "d": "d"},
		Never: []string{"d@file", "a/b/c@file"},
	},
	"a file whose own name ends in @file has its @ written %40": {
		Holds: []string{"a", "a/b", "a@file", "b@file", "@file"},
		Shows: map[string]string{"a@file": "a", "a/b": "a/b", "a%40file": "a@file", "b%40file": "b@file", "%40file": "@file"},
		Never: []string{"b@file", "@file"},
	},
	"a file's name that ends as the suffix of a cut one has its @ written %40": {
		Holds: []string{"a@0123abcd", "a@0123ABCD"},
		Shows: map[string]string{"a%400123abcd": "a@0123abcd", "a@0123ABCD": "a@0123ABCD"},
		Never: []string{"a@0123abcd"},
	},
	"a file's name of 255 bytes is whole, and of a longer one 246 are left before a hash": {
		Holds: []string{strings.Repeat("x", 255), strings.Repeat("y", 256), strings.Repeat("é", 300) + "/" + strings.Repeat("z", 300)},
		Shows: map[string]string{
			strings.Repeat("x", 255): strings.Repeat("x", 255), strings.Repeat("y", 246) + "@" + hash8(strings.Repeat("y", 256)): strings.Repeat("y", 256),
			strings.Repeat("é", 123) + "@" + hash8(strings.Repeat("é", 300)) + "/" + strings.Repeat("z", 246) + "@" + hash8(strings.Repeat("z", 300)): strings.Repeat("é", 300) + "/" + strings.Repeat("z", 300),
		},
		Never: []string{strings.Repeat("y", 246) + "@00000000"},
	},
	"names of files that differ in case, or in how an accent is composed, are different names": {
		Holds: []string{"A.txt", "a.txt", "caf\u00e9", "cafe\u0301"},
		Shows: map[string]string{"A.txt": "A.txt", "a.txt": "a.txt", "caf\u00e9": "caf\u00e9", "cafe\u0301": "cafe\u0301"},
		Never: []string{"a.TXT"},
	},
	"names of our own directories are names as any other inside an asset": {
		Holds: []string{"control/status.json", ".by-id/x", "dataset", ".search"},
		Shows: map[string]string{"control/status.json": "control/status.json", ".by-id/x": ".by-id/x", "dataset": "dataset", ".search": ".search"},
	},
	"an empty object that marks a folder is the folder": {
		Holds: []string{"b/c"}, Empty: []string{"a/", "b/", "d/e/"},
		Shows: map[string]string{"a/": "", "b/c": "b/c", "d/e/": ""},
	},
	"a marker that holds bytes is a file without a name, @e3b0c442": {
		Holds: []string{"a/", "a/b"},
		Shows: map[string]string{"a/@e3b0c442": "a/", "a/b": "a/b"},
	},
	"a folder without a name is @e3b0c442": {
		Holds:    []string{"a//b", "/c"},
		Empty:    []string{"d//"},
		Shows:    map[string]string{"a/@e3b0c442/b": "a//b", "@e3b0c442/c": "/c", "d/@e3b0c442/": ""},
		External: true,
	},
	"a marker of the asset's own place that holds bytes is a file without a name": {
		Holds:    []string{"", "b"},
		Shows:    map[string]string{"@e3b0c442": "", "b": "b"},
		External: true,
	},
	"bytes that are no text are shown as they are": {
		Holds:    []string{"caf\xe9", "d\xff/\x80"},
		Shows:    map[string]string{"caf\xe9": "caf\xe9", "d\xff/\x80": "d\xff/\x80"},
		External: true,
	},
}

// TestFileNames shows files of every name, in internal and external assets.
func TestFileNames(t *testing.T) {
	t.Parallel()
	d := serve(t)
	d.addBucket(t, emulator.Bucket{Name: "lab-bucket"})
	promises := slices.Sorted(maps.Keys(fileNames))
	assets := map[string]string{} // name → promise
	for i, promise := range promises {
		c := fileNames[promise]
		var held, put []emulator.Generated
		hold := func(path, text string) {
			held = append(held, emulator.Generated{Path: path, Text: text})
			put = append(put, emulator.Generated{Path: fmt.Sprintf("case %d/%s", i, path), Text: text})
		}
		for _, path := range c.Holds {
			hold(path, "the bytes of "+path)
		}
		for _, path := range c.Empty {
			hold(path, "")
		}
		add := func(a emulator.Asset) {
			t.Helper()
			assets[a.Name] = promise
			d.add(t, a)
		}
		if !c.External {
			add(emulator.Asset{Record: emulator.Record{Name: fmt.Sprint("internal ", i), Type: "dataset", State: "ready"}, Generate: held})
		}
		d.putObject(t, "lab-bucket", put...)
		add(emulator.Asset{Record: emulator.Record{
			Name: fmt.Sprint("external ", i), Type: "dataset", State: "ready",
			SourceBucket: inBucket("lab-bucket", fmt.Sprint("case ", i)),
		}})
	}
	m := d.mount(t, "--refresh-interval", "1h") // so that no listing is made a second time
	// Looked up before anything is listed, names are the same.
	var ask []question
	for asset, promise := range assets {
		for path := range fileNames[promise].Shows {
			ask = append(ask, question{asset + ": " + promise, m.path("dataset", asset) + "/" + strings.TrimSuffix(path, "/"), "ok"})
		}
		for _, path := range fileNames[promise].Never {
			ask = append(ask, question{asset + ": " + promise, m.path("dataset", asset) + "/" + path, "ENOENT"})
		}
	}
	m.answers(ask)
	all := m.show(m.path("dataset"))
	for asset, promise := range assets {
		want := map[string]string{}
		for path, of := range fileNames[promise].Shows {
			if !strings.HasSuffix(path, "/") {
				of = "the bytes of " + of
			}
			want[path] = of
		}
		if d := difference(lines(below(asset, all)), lines(want)); d != "" {
			t.Errorf("%s: %s:%s", asset, promise, d)
		}
	}
	m.answers(ask)
	if s := m.status(); s.Hidden.Count != 0 {
		t.Errorf("hidden: %+v", s.Hidden)
	}
}
