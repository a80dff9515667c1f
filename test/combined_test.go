package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// combinedCases say what a combined asset shows of its members.
var combinedCases = map[string]struct {
	holds  []emulator.Contained
	shows  map[string]string // see mounted.show
	says   string            // in control/errors.jsonl
	hidden string            // in control/status.json: "path: reason"
}{
	"a member shows as a folder named by its mount": {
		holds: members(firstID, "raw", secondID, "sorted"),
		shows: map[string]string{"raw/f": "one", "sorted/f": "two"},
	},
	"internal and external members stand side by side": {
		holds: members(thirdID, "raw", firstID, "sorted"),
		shows: map[string]string{"raw/f": "three", "sorted/f": "one"},
	},
	"an archived member is read as any other": {
		holds: members(archivedID, "old", firstID, "new"),
		shows: map[string]string{"new/f": "one", "old/f": "nine"},
	},

	// A member that cannot be read leaves a hole, and says so.
	"a member that was deleted does not open, and the others do": {
		holds: members(goneID, "gone", firstID, "raw"),
		shows: map[string]string{"gone/": "no such file or directory", "raw/f": "one"},
		says:  goneID,
	},
	"a member that is not shared with you does not open": {
		holds: members(privateID, "theirs", firstID, "raw"),
		shows: map[string]string{"raw/f": "one", "theirs/": "permission denied"},
		says:  "no permission for this on data asset " + privateID,
	},
	"a member that you may only discover does not open": {
		holds: members(discoverableID, "theirs", firstID, "raw"),
		shows: map[string]string{"raw/f": "one", "theirs/": "permission denied"},
		says:  "no permission for this on data asset " + discoverableID,
	},
	"a member whose files are refused does not open": {
		holds: members(refusedID, "clinical", firstID, "raw"),
		shows: map[string]string{"clinical/": "permission denied", "raw/f": "one"},
		says:  "no permission for the files of data asset " + refusedID,
	},
	"a member that is a draft does not open": {
		holds: members(draftID, "coming", firstID, "raw"),
		shows: map[string]string{"coming/": "permission denied", "raw/f": "one"},
		says:  "the asset is a draft",
	},
	"a member whose creation failed does not open, and the log has the platform's reason": {
		holds: members(failedID, "failed", firstID, "raw"),
		shows: map[string]string{"failed/": "permission denied", "raw/f": "one"},
		says:  "the bucket was full",
	},

	// Names.
	"of members with one mount the lower id has the plain name, and the others their suffix": {
		holds: members(secondID, "raw", firstID, "raw", thirdID, "raw"),
		shows: map[string]string{"raw/f": "one", "raw@22222222/f": "two", "raw@33333333/f": "three"},
	},
	"the order in which the platform lists members changes no name": {
		holds: members(thirdID, "raw", firstID, "raw", secondID, "raw"),
		shows: map[string]string{"raw/f": "one", "raw@22222222/f": "two", "raw@33333333/f": "three"},
	},
	"an asset may be a member twice, under two mounts": {
		holds: members(firstID, "a", firstID, "b"),
		shows: map[string]string{"a/f": "one", "b/f": "one"},
	},
	"a member that is listed twice shows once": {
		holds: members(firstID, "a", firstID, "a"),
		shows: map[string]string{"a/f": "one"},
	},
	"a member without a mount has that of its own record": {
		holds: members(firstID, "", thirdID, ""),
		shows: map[string]string{"first's mount/f": "one", "third's mount/f": "three"},
	},
	"a member without any mount has its name": {
		holds: members(namelessID, "", firstID, "raw"),
		shows: map[string]string{"a nameless%2Fone/f": "ten", "raw/f": "one"},
	},
	"a member without a mount or a record has its id": {
		holds: members(goneID, "", firstID, "raw"),
		shows: map[string]string{goneID + "/": "no such file or directory", "raw/f": "one"},
		says:  goneID,
	},
	"a mount that was given goes before one that was not": {
		holds: members(firstID, "", secondID, "first's mount"),
		shows: map[string]string{"first's mount/f": "two", "first's mount@11111111/f": "one"},
	},
	"slashes around a mount are no part of it": {
		holds: members(firstID, "/data/", secondID, "more/"),
		shows: map[string]string{"data/f": "one", "more/f": "two"},
	},
	"a slash inside a mount is escaped": {
		holds: members(firstID, "a/b", secondID, "a"),
		shows: map[string]string{"a/f": "two", "a%2Fb/f": "one"},
	},
	"mounts that no folder can be named by are escaped": {
		holds: members(firstID, ".", firstID, "..", firstID, "tab\there", firstID, "50%25", secondID, "raw@0123abcd"),
		shows: map[string]string{"%2E/f": "one", "%2E./f": "one", "50%2525/f": "one", "raw%400123abcd/f": "two", "tab%09here/f": "one"},
	},
	"a mount of .meta.json leaves that name to the record": {
		holds: members(firstID, ".meta.json", secondID, "raw"),
		shows: map[string]string{"%2Emeta.json/f": "one", "raw/f": "two"},
	},
	"a mount of 300 bytes is cut, and has a suffix": {
		holds: members(firstID, strings.Repeat("x", 300), secondID, "raw"),
		shows: map[string]string{"raw/f": "two", strings.Repeat("x", 246) + "@11111111/f": "one"},
	},
	"a member without an id is counted as hidden": {
		holds:  members("", "nothing", firstID, "raw"),
		shows:  map[string]string{"raw/f": "one"},
		hidden: "nothing: a member without an id",
	},

	// Combined assets in combined assets.
	"a combined member shows its own members": {
		holds: members(pairID, "pair", thirdID, "raw"),
		shows: map[string]string{"pair/a/f": "one", "pair/b/f": "three", "raw/f": "three"},
	},
	"an asset that contains itself does not show in itself": {
		holds:  members(combinedID("an asset that contains itself does not show in itself"), "self", firstID, "raw"),
		shows:  map[string]string{"raw/f": "one"},
		hidden: "self: a combined asset that contains itself",
	},
	"two assets that contain each other show once in each": {
		holds:  members(combinedID("the other of two assets that contain each other"), "other", firstID, "raw"),
		shows:  map[string]string{"other/back/f": "two", "raw/f": "one"},
		hidden: "again: a combined asset that contains, by way of others, itself",
	},
	"the other of two assets that contain each other": {
		holds:  members(combinedID("two assets that contain each other show once in each"), "again", secondID, "back"),
		shows:  map[string]string{"again/raw/f": "one", "back/f": "two"},
		hidden: "other: a combined asset that contains, by way of others, itself",
	},
	"combined assets show inside each other eight deep": {
		holds:  members(chainID(1), "1"),
		shows:  map[string]string{"1/2/3/4/5/6/7/8/": ""},
		hidden: "9: too many combined assets",
	},
	"a combined asset that holds nothing is empty": {},
}

// combinedID is the id of the combined asset of a case.
func combinedID(name string) string {
	var sum uint32
	for _, b := range []byte(name) {
		sum = sum*31 + uint32(b)
	}
	return fmt.Sprintf("%08x-0000-4000-8000-00000000000c", sum)
}

// chainID is the id of the combined asset that holds the next one of its kind.
func chainID(i int) string { return combinedID(fmt.Sprint("chain ", i)) }

// TestCombined looks at every combined asset of the table, on the platform as it
// is and on one that lists no combined asset itself: the mount goes by the
// members, and shows the same of both.
func TestCombined(t *testing.T) {
	t.Parallel()
	d := serve(t)
	d.parts(t)
	for name, c := range combinedCases {
		d.add(t, emulator.Asset{Record: emulator.Record{ID: combinedID(name), Name: name, Type: "combined", Contained: c.holds}})
	}
	for i := range 12 {
		d.add(t, emulator.Asset{Record: emulator.Record{ID: chainID(i), Type: "combined", Contained: members(chainID(i+1), fmt.Sprint(i+1))}})
	}
	d.add(t, emulator.Asset{
		Record: emulator.Record{Name: "silent", Type: "combined", Contained: members(firstID, "listed")},
		Extra:  map[string]any{"contained_data_assets": nil},
	})
	for platform, refuse := range map[string]bool{"as it is": false, "lists no combined asset": true} {
		d.SetQuirks(func(q *emulator.Quirks) { q.RefuseCombined = refuse })
		m := d.mount(t)
		m.run("ls", m.path("combined")) // until the catalog is there
		t.Run(platform+"/a combined asset whose record names no members shows what the platform lists, or is refused", func(t *testing.T) {
			m := m.in(t)
			if !refuse {
				m.shows(m.path("combined", "silent"), map[string]string{"listed/f": "one"})
				return
			}
			m.shows(m.path("combined", "silent"), nil)
			m.told("the record names no contained assets")
		})
		for name, c := range combinedCases {
			t.Run(platform+"/"+name, func(t *testing.T) {
				m := m.in(t)
				m.shows(m.path("combined", name), c.shows)
				if c.says != "" {
					m.told(c.says)
				}
				// It may be told of an asset further down.
				if hidden := m.status().hidden(); !slices.ContainsFunc(hidden, func(h string) bool { return strings.HasPrefix(h, c.hidden) }) && c.hidden != "" {
					t.Errorf("status.json says it hides %q, not %q", hidden, c.hidden)
				}
			})
		}
	}
}
