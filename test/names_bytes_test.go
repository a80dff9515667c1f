package test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// pathsOfAllKinds are paths of files whose names need care somewhere on their way
// through a JSON body, a query, a signed URL, an S3 key, XML and a directory.
func pathsOfAllKinds() []string {
	paths := []string{
		"plain.txt", "two words.csv", "a+b", "a%20b", "a%2Bb", "a%2Fb", "a%252Fb", "100%", "%", "%%", "%zz", "%00",
		"a?b=c&d#e", "a=b", "a;b", "semi;colon=", "q?versionId=1", "?", "#", "&amp;", "<b>&\"'</b>", "]]>", "{\"json\": [1]}", `back\slash`, `\u0041`,
		"tilde~", "~", "star*", "(paren)", "it's", "bang!", "at@sign", "a@file", "a@0123abcd", "com,ma", "co:lon", "C:\\x", "dollar$HOME", "`tick`", "|pipe", "^", "[a-z]", "{a,b}",
		" leading", "trailing ", "  ", "\ttab", "line\nbreak", "cr\rlf\n", "nul\x00byte", "esc\x1b[31m", "del\x7f",
		".", "..", "...", ".hid", "-rf", "--", "dir/.", "dir/..", "dir/-", "d.i.r/f", "a/./b", "a/../b", "../up", "./here",
		"caf\u00e9", "cafe\u0301", "Größe µm", "日本語", "🧠", "👩‍🔬", "\u202eRTL", "\ufeffbom", "\u00a0nbsp", "zero\u200bwidth", "\u2028", "a\u0300\u0301\u0302", "\U0001f9e0/\U0001f9e0", "ẞ", "ﬁ", "İ",
		"UPPER", "upper", "Upper", ".meta.json", "sub/.meta.json", "control", "control/status.json", ".by-id", "dataset/x",
		"both", "both/inside", "both@file", "deep/" + strings.Repeat("d/", 60) + "f",
		strings.Repeat("x", 255), strings.Repeat("x", 256), strings.Repeat("é", 128), strings.Repeat("%", 200), strings.Repeat("/x", 100)[1:],
		"x.nii.gz", "c/0.0.0", ".zarray", ".zattrs", "a.b/.zgroup", "x,y=1/z=2.parquet", "2023-04-03T18:10:10Z",
	}
	for c := range 0x80 { // each byte of ASCII inside a name that can matter, and alone
		if c != '/' && !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z') {
			paths = append(paths, fmt.Sprintf("in/a%cb", c), fmt.Sprintf("ends/%c", c))
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// TestEveryByteOfEveryName reads files of hundreds of names in an internal and
// an external asset: each byte of each is what follows from the file's path.
func TestEveryByteOfEveryName(t *testing.T) {
	t.Parallel()
	paths := pathsOfAllKinds()
	if len(paths) < 200 {
		t.Fatalf("only %d names", len(paths))
	}
	d := serve(t)
	d.addBucket(t, emulator.Bucket{Name: "lab-bucket"})
	var held, put []emulator.Generated
	for i, path := range paths {
		size := int64(3000 + 7*i)
		held = append(held, emulator.Generated{Path: path, Size: size})
		put = append(put, emulator.Generated{Path: "a prefix/with + odd %41 bytes/" + path, Size: size})
	}
	d.putObject(t, "lab-bucket", put...)
	internal := d.add(t, emulator.Asset{Record: emulator.Record{Name: "internal", Type: "dataset", State: "ready"}, Generate: held})
	external := d.add(t, emulator.Asset{Record: emulator.Record{
		Name: "external", Type: "dataset", State: "ready",
		SourceBucket: inBucket("lab-bucket", "a prefix/with + odd %41 bytes/"),
	}})
	m := d.mount(t)
	for id, prefix := range map[string]string{internal: internal + "/", external: "lab-bucket/a prefix/with + odd %41 bytes/"} {
		dir := m.path(".by-id", id)
		out, err := m.helper("pathxattrs", dir)
		if err != nil {
			t.Fatal(err)
		}
		var list []struct{ Path, Name []byte }
		if err := json.Unmarshal([]byte(out), &list); err != nil {
			t.Fatal(err)
		}
		var found []string
		for i := range list {
			found = append(found, string(list[i].Name))
			list[i].Name = append([]byte(prefix), list[i].Name...)
		}
		slices.Sort(found)
		if !slices.Equal(found, paths) {
			t.Errorf("%s: the files are\n %q\nnot\n %q", id, found, paths)
		}
		raw, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "list")
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := m.helper("patterns", file); err != nil || strings.TrimSpace(got) != fmt.Sprint(len(paths)) {
			t.Errorf("%s: %s files are right, %v", id, got, err)
		}
	}
	if s := m.status(); s.Hidden.Count != 0 {
		t.Errorf("hidden: %+v", s.Hidden)
	}
}

// TestToolsAgree lists and copies an asset of odd names with the tools that
// people use: all see the same names.
func TestToolsAgree(t *testing.T) {
	t.Parallel()
	d := serve(t)
	var held []emulator.Generated
	for _, path := range pathsOfAllKinds() {
		if !strings.HasPrefix(path, "ends/") { // as well said by the others
			held = append(held, emulator.Generated{Path: path, Text: path})
		}
	}
	d.add(t, emulator.Asset{Record: emulator.Record{Name: "odd/names", Type: "dataset", State: "ready"}, Generate: held})
	m := d.mount(t)
	asset := m.path("dataset", "odd%2Fnames")
	want := m.allSums(asset)
	found := splitNames(m.run("find", asset, "-mindepth", "1", "-printf", `%P\0`))
	if len(found) != len(want)-1 {
		t.Errorf("find sees %d names, not %d", len(found), len(want)-1)
	}
	const walk = `import os, sys
top = os.fsencode(sys.argv[1])
for dir, dirs, files in os.walk(top):
    for name in dirs + files:
        path = os.path.join(dir, name)
        os.stat(path)
        sys.stdout.buffer.write(os.path.relpath(path, top) + b"\0")`
	if got := splitNames(m.run("python3", "-c", walk, asset)); !slices.Equal(got, found) {
		t.Errorf("os.walk sees %d names, not %d", len(got), len(found))
	}
	top := slices.DeleteFunc(slices.Clone(found), func(path string) bool { return strings.Contains(path, "/") })
	if got := m.list("dataset", "odd%2Fnames"); !slices.Equal(got, top) {
		t.Errorf("ls sees %q, not %q", got, top)
	}
	var ask []question
	for _, path := range found {
		ask = append(ask, question{"every name that is listed can be looked up", asset + "/" + path, "ok"})
	}
	m.answers(ask)
	for tool, command := range map[string]string{
		"cp -r":    `cp -r "$0/." "$1"`,
		"tar":      `tar -C "$0" -cf - . | tar -C "$1" -xf - --no-same-owner`,
		"rsync -a": `rsync -a --no-owner --no-group "$0/" "$1"`,
	} {
		to := t.TempDir()
		m.run("sh", "-c", command, asset, to)
		if got := m.allSums(to); !slices.Equal(got, want) {
			t.Errorf("%s copies other names or bytes:\n %q\nnot\n %q", tool, got, want)
		}
	}
}
