package test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// Assets of the tables below. Their ids begin with the same digits in every
// case, so that the names with a suffix can be read there, and end differently.
const (
	first  = "aaaaaaaa"
	second = "bbbbbbbb"
	third  = "cccccccc"
)

// named is an asset of the platform: its id begins with ID8, and it was made at
// the time Made.
type named struct {
	ID8  string
	Name string
	Made float64
}

// assetNames says by which directory names the assets of one type show. Each
// case is a type of its own, so that no two cases meet.
var assetNames = map[string]struct {
	Holds []named
	Shows map[string]string // directory name → the asset that it leads to
	Finds map[string]string // names that lead to an asset, and are not listed
	Never []string          // names that do not exist
}{
	"a name that a directory can hold is shown as it is": {
		Holds: []named{{first, "ecephys_655019_2023-04-03_18-10-10", 1}, {second, "Größe 1 µm: [a] *?\"'\\ $(x) `y`; & | <>", 2}, {third, "日本語 🧠", 3}},
		Shows: map[string]string{"ecephys_655019_2023-04-03_18-10-10": first, "Größe 1 µm: [a] *?\"'\\ $(x) `y`; & | <>": second, "日本語 🧠": third},
	},
	"spaces, dots and dashes at the ends of a name stay": {
		Holds: []named{{first, "  x  ", 1}, {second, " ", 2}, {third, "...", 3}, {"dddddddd", "-rf", 4}, {"eeeeeeee", ".hidden.", 5}},
		Shows: map[string]string{"  x  ": first, " ": second, "...": third, "-rf": "dddddddd", ".hidden.": "eeeeeeee"},
	},
	"a slash in a name is %2F": {
		Holds: []named{{first, "2023-04-03/run 7", 1}, {second, "/", 2}, {third, "../../etc/passwd", 3}},
		Shows: map[string]string{"2023-04-03%2Frun 7": first, "%2F": second, "..%2F..%2Fetc%2Fpasswd": third},
		Never: []string{"2023-04-03", "2023-04-03%2frun 7"},
	},
	"a control character in a name is %XX": {
		Holds: []named{{first, "line\nbreak", 1}, {second, "nul\x00nul", 2}, {third, "\x1b[31mred\x7f", 3}},
		Shows: map[string]string{"line%0Abreak": first, "nul%00nul": second, "%1B[31mred%7F": third},
		Never: []string{"nul", "line\nbreak"},
	},
	"a percent sign stays, but where it would read as an escape it is %25": {
		Holds: []named{{first, "100%", 1}, {second, "50% duty", 2}, {third, "a%2Fb", 3}},
		Shows: map[string]string{"100%": first, "50% duty": second, "a%252Fb": third},
		Never: []string{"a%2Fb", "100%25"},
	},
	"names that differ only in what had to be written otherwise stay apart": {
		Holds: []named{{first, "a/b", 1}, {second, "a%2Fb", 2}, {third, "a%252Fb", 3}},
		Shows: map[string]string{"a%2Fb": first, "a%252Fb": second, "a%25252Fb": third},
	},
	"the names . and .. are %2E and %2E.": {
		Holds: []named{{first, ".", 1}, {second, "..", 2}},
		Shows: map[string]string{"%2E": first, "%2E.": second},
	},
	"an asset without a name is @ and the first 8 digits of its id": {
		Holds: []named{{first, "", 1}, {second, "", 2}},
		Shows: map[string]string{"@aaaaaaaa": first, "@bbbbbbbb": second},
	},
	"of assets with one name the oldest keeps it, and the others have a suffix": {
		Holds: []named{{second, "mouse", 2}, {first, "mouse", 1}, {third, "mouse", 3}},
		Shows: map[string]string{"mouse": first, "mouse@bbbbbbbb": second, "mouse@cccccccc": third},
		Finds: map[string]string{"mouse@aaaaaaaa": first},
		Never: []string{"mouse@dddddddd", "mouse@", "mouse@AAAAAAAA", "@aaaaaaaa", "Mouse"},
	},
	"of assets with one name and one age the smaller id keeps it": {
		Holds: []named{{second, "mouse", 1}, {first, "mouse", 1}},
		Shows: map[string]string{"mouse": first, "mouse@bbbbbbbb": second},
	},
	"an asset that does not say when it was made is the oldest": {
		Holds: []named{{first, "mouse", 1}, {second, "mouse", 0}},
		Shows: map[string]string{"mouse": second, "mouse@aaaaaaaa": first},
	},
	"name@id8 leads to every asset, whether it is listed by it or not": {
		Holds: []named{{first, "mouse", 1}, {second, "a/b", 2}, {third, "m@01234567", 3}},
		Shows: map[string]string{"mouse": first, "a%2Fb": second, "m%4001234567": third},
		Finds: map[string]string{"mouse@aaaaaaaa": first, "a%2Fb@bbbbbbbb": second, "m%4001234567@cccccccc": third},
		Never: []string{"mouse@bbbbbbbb", "a/b@bbbbbbbb"},
	},
	"names that differ in case, or in how an accent is composed, are different names": {
		Holds: []named{{first, "Mouse", 1}, {second, "mouse", 2}, {third, "caf\u00e9", 3}, {"dddddddd", "cafe\u0301", 4}},
		Shows: map[string]string{"Mouse": first, "mouse": second, "caf\u00e9": third, "cafe\u0301": "dddddddd"},
	},
	"a name that ends as our suffix has its @ written %40": {
		Holds: []named{{first, "mouse", 1}, {second, "mouse", 2}, {third, "mouse@bbbbbbbb", 3}, {"dddddddd", "rat@dddddddd", 4}, {"eeeeeeee", "a@b.org", 5}},
		Shows: map[string]string{"mouse": first, "mouse@bbbbbbbb": second, "mouse%40bbbbbbbb": third, "rat%40dddddddd": "dddddddd", "a@b.org": "eeeeeeee"},
		Never: []string{"rat@dddddddd"},
	},
	"a name of 255 bytes is whole, and a longer one is cut and has its suffix": {
		Holds: []named{{first, strings.Repeat("x", 255), 1}, {second, strings.Repeat("x", 256), 2}, {third, strings.Repeat("y", 5000), 3}},
		Shows: map[string]string{strings.Repeat("x", 255): first, strings.Repeat("x", 246) + "@bbbbbbbb": second, strings.Repeat("y", 246) + "@cccccccc": third},
	},
	"long names with one beginning stay apart": {
		Holds: []named{{first, strings.Repeat("x", 300) + "a", 1}, {second, strings.Repeat("x", 300) + "b", 2}},
		Shows: map[string]string{strings.Repeat("x", 246) + "@aaaaaaaa": first, strings.Repeat("x", 246) + "@bbbbbbbb": second},
	},
	"a name is not cut inside a character or an escape": {
		Holds: []named{{first, strings.Repeat("x", 245) + strings.Repeat("🧠", 9), 1}, {second, strings.Repeat("x", 245) + strings.Repeat("/", 20), 2}, {third, "x" + strings.Repeat("é", 200), 3}},
		Shows: map[string]string{strings.Repeat("x", 245) + "@aaaaaaaa": first, strings.Repeat("x", 245) + "@bbbbbbbb": second, "x" + strings.Repeat("é", 122) + "@cccccccc": third},
	},
	"names of our own directories are names as any other": {
		Holds: []named{{first, "control", 1}, {second, ".by-id", 2}, {third, "dataset", 3}, {"dddddddd", ".meta.json", 4}, {"eeeeeeee", ".search", 5}, {"ffffffff", ".archived", 6}},
		Shows: map[string]string{"control": first, ".by-id": second, "dataset": third, ".meta.json": "dddddddd", ".search": "eeeeeeee", ".archived": "ffffffff"},
	},
	"bytes that are no text arrive as U+FFFD, as the platform sends them": {
		Holds: []named{{first, "caf\xe9", 1}},
		Shows: map[string]string{"caf\ufffd": first},
	},
	"ids that begin with capitals have their suffix in small letters": {
		Holds: []named{{first, "mouse", 1}, {"ABCDEF01", "mouse", 2}},
		Shows: map[string]string{"mouse": first, "mouse@abcdef01": "ABCDEF01"},
	},
	"ids that are no UUIDs have 8 digits of a hash for a suffix": {
		Holds: []named{{first, "mouse", 1}, {"asset-17", "mouse", 2}},
		Shows: map[string]string{"mouse": first, "mouse@" + hash8("asset-17-17"): "asset-17"},
	},
}

// caseType is the type of the assets in the case of that number.
func caseType(number int) string { return fmt.Sprintf("case-%02d", number) }

// idOf completes the id of an asset in the case of that number.
func (n named) idOf(number int) string {
	if n.ID8 == "asset-17" {
		return "asset-17-17"
	}
	return fmt.Sprintf("%s-0000-4000-8000-%012d", n.ID8, number)
}

// add puts the asset into the platform, with one file f that holds its id.
func (n named) add(t testing.TB, d *deployment, typ string, number int) string {
	t.Helper()
	id := n.idOf(number)
	extra := map[string]any{"name": n.Name}
	if n.Made == 0 {
		extra["created"] = nil
	}
	d.add(t, emulator.Asset{
		Record:   emulator.Record{ID: id, Name: n.Name, Type: typ, State: "ready", Created: n.Made},
		Generate: []emulator.Generated{{Path: "f", Text: id}},
		Extra:    extra,
	})
	return id
}

// TestNames shows assets of every name by names that a directory can hold.
func TestNames(t *testing.T) {
	t.Parallel()
	d := serve(t)
	promises := slices.Sorted(maps.Keys(assetNames))
	for i, promise := range promises {
		for _, n := range assetNames[promise].Holds {
			n.add(t, d, caseType(i), i)
		}
	}
	m := d.mount(t)
	m.run("ls", m.path("dataset")) // waits for the catalog
	all := m.show(m.point)
	var ask []question
	for i, promise := range promises {
		c := assetNames[promise]
		want := map[string]string{}
		for name, id8 := range c.Shows {
			want[name] = named{ID8: id8}.idOf(i)
			ask = append(ask, question{promise, m.path(caseType(i)) + "/" + name, "ok"})
		}
		got := map[string]string{}
		for path, content := range below(caseType(i), all) {
			if name, ok := strings.CutSuffix(path, "/f"); ok {
				got[name] = content
			}
		}
		if d := difference(lines(got), lines(want)); d != "" {
			t.Errorf("%s:%s", promise, d)
		}
		for name, id8 := range c.Finds {
			if content, err := m.try("cat", m.path(caseType(i))+"/"+name+"/f"); content != (named{ID8: id8}).idOf(i) {
				t.Errorf("%s: %q leads to %q, %v", promise, name, content, err)
			}
		}
		for _, name := range c.Never {
			ask = append(ask, question{promise, m.path(caseType(i)) + "/" + name, "ENOENT"})
		}
		ask = append(ask, question{promise, m.path(caseType(i)) + "/" + strings.Repeat("x", 256), "ENAMETOOLONG"})
	}
	m.answers(ask)
}
