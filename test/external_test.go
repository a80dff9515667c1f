package test

import (
	"slices"
	"strings"
	"testing"
)

// shape is an external asset: what its bucket holds, and what the mount shows
// of it.
type shape struct {
	prefix string            // as the asset's record has it
	keys   []string          // of the bucket; the content of an object is its key
	empty  []string          // of the bucket too; the object has no content
	shows  map[string]string // path in the asset → content; a path with a slash at its end is an empty folder
	hides  []string          // paths that do not exist in the asset
	status string            // what status.json says that the asset does not show
	listed bool              // the files are only found once their folder was listed
}

// prefixes are the ways in which a record says where in a bucket the asset is.
var prefixes = map[string]shape{
	"a prefix with a slash at its end is a folder of the bucket": {
		prefix: "mouse/", keys: []string{"mouse/a", "mouse/b/c"},
		shows: map[string]string{"a": "mouse/a", "b/c": "mouse/b/c"},
	},
	"a prefix without a slash at its end is the same folder": {
		prefix: "mouse", keys: []string{"mouse/a", "mouse/b/c"},
		shows: map[string]string{"a": "mouse/a", "b/c": "mouse/b/c"},
	},
	"a prefix may lie deep in the bucket": {
		prefix: "lab/2024/mouse", keys: []string{"lab/2024/mouse/a", "lab/a", "lab/2024/a"},
		shows: map[string]string{"a": "lab/2024/mouse/a"},
	},
	"a sibling that shares the prefix's letters is not in the asset": {
		prefix: "foo", keys: []string{"foo/a", "foobar/a", "foo.txt", "foo-2/a", "fo"},
		shows: map[string]string{"a": "foo/a"}, hides: []string{"bar", "bar/a", ".txt", "-2"},
	},
	"a slash in front of a prefix is a way of writing": {
		prefix: "/mouse", keys: []string{"mouse/a"},
		shows: map[string]string{"a": "mouse/a"},
	},
	"a slash in front is taken at its word if the keys begin with one": {
		prefix: "/mouse/", keys: []string{"/mouse/a", "other/a"},
		shows: map[string]string{"a": "/mouse/a"},
	},
	"two slashes at the end are one, unless the keys have two": {
		prefix: "mouse//", keys: []string{"mouse/a"},
		shows: map[string]string{"a": "mouse/a"},
	},
	"two slashes at the end are two if the keys have them": {
		prefix: "mouse//", keys: []string{"mouse//a", "mouse/b"},
		shows: map[string]string{"a": "mouse//a"},
	},
	"several slashes anywhere are one, unless the keys have them": {
		prefix: "//lab//mouse/", keys: []string{"lab/mouse/a"},
		shows: map[string]string{"a": "lab/mouse/a"},
	},
	"no prefix is the whole bucket": {
		prefix: "", keys: []string{"a", "b/c", "/d"},
		shows: map[string]string{"a": "a", "b/c": "b/c", "@e3b0c442/d": "/d"},
	},
	"a prefix of a slash alone is the whole bucket": {
		prefix: "/", keys: []string{"a", "b/c"},
		shows: map[string]string{"a": "a", "b/c": "b/c"},
	},
	"a prefix that is one object shows that file": {
		prefix: "lab/table.csv", keys: []string{"lab/table.csv", "lab/table.csv.gz", "lab/other"},
		shows: map[string]string{"table.csv": "lab/table.csv"}, hides: []string{"other", "table.csv.gz"},
	},
	"a prefix that is one object may have a slash in front": {
		prefix: "/table.csv", keys: []string{"table.csv"},
		shows: map[string]string{"table.csv": "table.csv"},
	},
	"a prefix that is an object and a folder is the folder": {
		prefix: "mouse", keys: []string{"mouse", "mouse/a", "mouse/mouse"},
		shows: map[string]string{"a": "mouse/a", "mouse": "mouse/mouse"},
	},
	"a prefix with a slash at its end is no object": {
		prefix: "table.csv/", keys: []string{"table.csv"},
		shows: nil, hides: []string{"table.csv"}, status: `nothing is at the asset's place, prefix "table.csv/" of bucket`,
	},
	"a prefix under which nothing is shows an empty asset, and status.json says so": {
		prefix: "gone", keys: []string{"here/a"},
		shows: nil, hides: []string{"a", "here"}, status: `nothing is at the asset's place, prefix "gone" of bucket`,
	},
	"an empty bucket shows an empty asset": {
		prefix: "", keys: nil, shows: nil, hides: []string{"a"}, status: `nothing is at the asset's place, prefix "" of bucket`,
	},
	"a prefix is taken byte by byte": {
		prefix: "50% +1&#?=;é/ x", keys: []string{"50% +1&#?=;é/ x/a b"},
		shows: map[string]string{"a b": "50% +1&#?=;é/ x/a b"},
	},
	"a prefix may have dots as names": {
		prefix: "a/../b", keys: []string{"a/../b/c", "b/d"},
		shows: map[string]string{"c": "a/../b/c"},
	},
}

// long is a key's segment that is longer than a name can be, and longest a key
// that is as long as one can be, together with "p/".
var (
	long    = strings.Repeat("long", 100)
	longest = strings.Repeat(strings.Repeat("d", 250)+"/", 4) + strings.Repeat("f", 18)
)

// keys are the keys that are no file names, or that mean something on their way to
// the store, each in the asset "p". What fileNames says of external assets too is
// not said again.
var keys = map[string]shape{
	"characters that mean something in a URL are themselves": {
		keys: of("p/", "a+b", "c%d", "%41", "e#f", "g?h=i", "j&k", "l;m", "n=o", "p q", "r:s@t", "~(u)!*'$,", `quo"te`, "<v>", `w\x`, "[y]", "|^`{z}", "..x", "x."),
		shows: map[string]string{
			"a+b": "p/a+b", "c%d": "p/c%d", "%2541": "p/%41", "e#f": "p/e#f", "g?h=i": "p/g?h=i", "j&k": "p/j&k", "l;m": "p/l;m",
			"n=o": "p/n=o", "p q": "p/p q", "r:s@t": "p/r:s@t", "~(u)!*'$,": "p/~(u)!*'$,", `quo"te`: `p/quo"te`, "<v>": "p/<v>",
			`w\x`: `p/w\x`, "[y]": "p/[y]", "|^`{z}": "p/|^`{z}", "..x": "p/..x", "x.": "p/x.",
		},
	},
	"they are themselves in the names of folders too": {
		keys: of("p/", "a+b/c d/e%f/#/?/&;=/g"), shows: map[string]string{"a+b/c d/e%f/#/?/&;=/g": "p/a+b/c d/e%f/#/?/&;=/g"},
	},
	"a name of one dot or two gets its first dot written so": {
		keys:  of("p/", ".", "..", "./a", "../b", "c/../d", "c/./e", "..."),
		shows: map[string]string{"%2E@file": "p/.", "%2E.@file": "p/..", "%2E/a": "p/./a", "%2E./b": "p/../b", "c/%2E./d": "p/c/../d", "c/%2E/e": "p/c/./e", "...": "p/..."},
	},
	"an empty name between two slashes is a folder of that suffix": {
		keys: of("p/", "a//b", "/c", "d///e"), shows: map[string]string{"a/@e3b0c442/b": "p/a//b", "@e3b0c442/c": "p//c", "d/@e3b0c442/@e3b0c442/e": "p/d///e"},
	},
	"a key that is a file and a folder shows as both": {
		keys: of("p/", "a", "a/b", "a!c"), shows: map[string]string{"a@file": "p/a", "a/b": "p/a/b", "a!c": "p/a!c"},
	},
	"a file and a folder of one name may be a thousand keys apart": {
		keys:  slices.Concat(of("p/", "a", "a/b"), numbered("p/a!%04d", 2100)),
		shows: shownNumbered(map[string]string{"a@file": "p/a", "a/b": "p/a/b"}, "a!%04d", "p/a!%04d", 2100),
	},
	"a name that reads as another's is told from it": {
		keys:  of("p/", "a", "a/b", "a@file", "a@0123abcd", "a%2Fb", ".meta.json"),
		shows: map[string]string{"a@file": "p/a", "a/b": "p/a/b", "a%40file": "p/a@file", "a%400123abcd": "p/a@0123abcd", "a%252Fb": "p/a%2Fb", "%2Emeta.json": "p/.meta.json"},
	},
	"a name of more than 255 bytes is cut, and told apart by a hash": {
		keys: of("p/", long, long+"/a", long+"b"),
		shows: map[string]string{
			cutName(long, 241) + "@file": "p/" + long, cutName(long, 246) + "/a": "p/" + long + "/a", cutName(long+"b", 246): "p/" + long + "b",
		},
	},
	"a key of 1024 bytes is a file": {
		keys: []string{"p/" + longest}, shows: map[string]string{longest: "p/" + longest},
	},
	"an empty object whose key ends in a slash is the folder": {
		keys: of("p/", "d/a"), empty: of("p/", "", "d/", "empty/"), shows: map[string]string{"d/a": "p/d/a", "empty/": ""},
	},
	"an empty object is an empty file": {
		empty: of("p/", "a", "d/b"), shows: map[string]string{"a": "", "d/b": ""},
	},
	"data under a key that ends in a slash is a file without a name": {
		keys: of("p/", "", "d/", "d/a"), shows: map[string]string{"@e3b0c442": "p/", "d/@e3b0c442": "p/d/", "d/a": "p/d/a"},
	},
	"names that desktops look for everywhere are found where a listing has them": {
		listed: true, keys: of("p/", ".DS_Store", "Thumbs.db"), shows: map[string]string{".DS_Store": "p/.DS_Store", "Thumbs.db": "p/Thumbs.db"},
	},
}

// TestExternalPrefixes reads assets by every prefix that a record may have.
func TestExternalPrefixes(t *testing.T) {
	t.Parallel()
	checkShapes(t, prefixes)
}

// TestExternalKeys reads objects of every key that a bucket may have.
func TestExternalKeys(t *testing.T) {
	t.Parallel()
	shapes := make(map[string]shape)
	for name, s := range keys {
		s.prefix = "p"
		shapes[name] = s
	}
	checkShapes(t, shapes)
}
