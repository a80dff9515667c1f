package emulator_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// TestBrokenJSON breaks asset.json as people do: each is refused at the start
// with its file's name, and in words.
func TestBrokenJSON(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing":           {"", "the file is empty"},
		"cut short":         {"{\n \"name\": \"a\",\n", "line 2: not complete JSON"},
		"an open string":    {"{\"name\": \"a", "line 1: not complete JSON"},
		"a comma too many":  {"{\n \"name\": \"a\",\n}\n", "line 3: not JSON: invalid character '}'"},
		"a comma too few":   {"{\n \"name\": \"a\"\n \"type\": \"model\"}", "line 3: not JSON: invalid character '\"'"},
		"a brace too many":  {"{}\n}\n", "line 2: nothing may follow"},
		"an unknown field":  {`{"nmae": "a"}`, `there is no field "nmae"`},
		"one for many":      {"{\n \"tags\": \"a\"\n}", `line 2: "tags" takes a list in [ ], not a JSON string`},
		"a number for text": {`{"name": 7}`, `line 1: "name" takes a string, not a JSON number`},
		"text for a number": {"\n\n{\"files\": \"7\"}", `line 3: "files" takes a whole number, not a JSON string`},
		"within an object":  {`{"source_bucket": {"bucket": []}}`, `line 1: "source_bucket.bucket" takes a string, not a JSON array`},
		"text for a flag":   {`{"archived": "yes"}`, `line 1: "archived" takes true or false, not a JSON string`},
		"a list":            {`[]`, "line 1: this takes an object in { }, not a JSON array"},
	} {
		t.Run(name, func(t *testing.T) {
			data := t.TempDir()
			path := filepath.Join(data, "assets", "a", "asset.json")
			put(t, path, c.text)
			_, err := emulator.New(emulator.Config{Data: data})
			if err == nil || !strings.Contains(err.Error(), path+": "+c.want) {
				t.Errorf("%v, not %q", err, c.want)
			}
		})
	}
}

// put writes a file and the folders that it is in.
func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
