package test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// external is a request for an external asset of that name, of the samples.
func external(name string) string {
	return fmt.Sprintf(`{"name": %q, "mount": "m", "tags": ["made"], "source": {"aws": {"bucket": "demo-open-data", `+
		`"prefix": "ecephys_661398_2023-03-31_17-01-09", "keep_on_external_storage": true, "public": true}}}`, name)
}

// request writes a body with the shell's own echo.
func (m *mounted) request(verb, key, body string) error {
	_, err := m.try("sh", "-c", `printf '%s\n' "$1" > "$2"`, "sh", body, m.path("control", verb, key+".json"))
	return err
}

type result struct {
	Status, Errno, Error, Hint string
	Asset                      struct{ ID, Path, State string }
}

func (m *mounted) result(verb, key string) (r result) {
	m.t.Helper()
	raw := m.run("cat", m.path("control", verb, key+".result.json"))
	if err := json.Unmarshal([]byte(raw), &r); err != nil {
		m.t.Fatalf("%s: %v", raw, err)
	}
	return r
}

// TestVerbs takes one asset through its life, on platforms that answer in one way
// or another, and looks at the tree after each request: it shows what was done.
func TestVerbs(t *testing.T) {
	t.Parallel()
	for platform, choose := range map[string]func(*emulator.Quirks){
		"as its SDK shows it":                  func(*emulator.Quirks) {},
		"a search that lags behind":            func(q *emulator.Quirks) { q.IndexLag = time.Hour },
		"updates of all fields, empty answers": func(q *emulator.Quirks) { q.FullUpdates, q.NoContent, q.Created = true, true, true },
		"metadata that is merged":              func(q *emulator.Quirks) { q.MergeMetadata = true },
	} {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			d := deploy(t)
			d.SetQuirks(choose) // from now on: what there is, is found
			life(t, d, platform == "metadata that is merged")
		})
	}
}

func life(t *testing.T, d *deployment, merges bool) {
	m := d.mount(t, "--allow-delete")
	var id string
	there := func(path string) bool {
		_, err := m.try("test", "-d", m.path(path))
		return err == nil
	}
	meta := func() (r struct {
		Name, Mount, Description string
		Tags                     []string
		Custom                   map[string]any `json:"custom_metadata"`
	},
	) {
		if err := json.Unmarshal([]byte(m.run("cat", m.path(".by-id", id, ".meta.json"))), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, step := range []struct {
		verb, body string
		shows      func() bool
	}{
		{"create", external("mine"), func() bool { return there("dataset/mine") }},
		{"update", `{"path": "dataset/mine", "name": "yours", "description": "d"}`, func() bool {
			return there("dataset/yours") && !there("dataset/mine") && meta().Description == "d" && meta().Mount == "m"
		}},
		{"update", `{"path": "dataset/yours", "tags_add": ["b", "made"], "custom_metadata": {"subject_id": "7"}}`, func() bool {
			return fmt.Sprint(meta().Tags) == "[made b]" && meta().Custom["subject_id"] == "7"
		}},
		{"update", `{"path": "dataset/yours", "tags_remove": ["made"], "expect": {"name": "yours", "tags": ["made", "b"]}}`, func() bool {
			return fmt.Sprint(meta().Tags) == "[b]"
		}},
		{"update", `{"path": "dataset/yours", "custom_metadata": {"subject_id": null}}`, func() bool {
			return merges || meta().Custom["subject_id"] == nil // such a platform keeps it
		}},
		{"permissions", `{"path": "dataset/yours", "users": [{"email": "ada@lab.example", "role": "owner"}], "everyone": "viewer"}`, func() bool {
			return strings.Contains(m.run("cat", m.path("control/permissions", id+".json")), `"everyone": "viewer"`)
		}},
		{"archive", `{"path": "dataset/yours"}`, func() bool { return there(".archived/dataset/yours") && !there("dataset/yours") }},
		{"unarchive", `{"path": ".archived/dataset/yours"}`, func() bool { return there("dataset/yours") && !there(".archived/dataset/yours") }},
		{"archive", `{"path": ".by-id/ID"}`, func() bool { return there(".archived/dataset/yours") }},
		{"delete", `{"id": "ID"}`, func() bool { return !there(".archived/dataset/yours") && !there(".by-id/"+id) }},
	} {
		key := fmt.Sprintf("k%p", step.shows)
		if err := m.request(step.verb, key, strings.ReplaceAll(step.body, "ID", id)); err != nil {
			t.Fatalf("%s: %v", step.body, err)
		}
		r := m.result(step.verb, key)
		if r.Status != "done" || r.Asset.ID == "" {
			t.Errorf("%s: %+v", step.body, r)
		}
		id = r.Asset.ID
		if !step.shows() {
			t.Errorf("the tree does not show %s", step.body)
		}
		if step.verb == "create" {
			if got := m.run("cat", m.path("control/wait", key)); !strings.Contains(got, `"state": "ready"`) {
				t.Errorf("after the wait: %s", got)
			}
		}
	}
}

// tool writes what is in the file $1 into the control file $2. Its exit status is
// what a script has to go by.
type tool struct {
	name, needs, script string
	blind               bool // does not look at what close says, so half a request passes
	mute                bool // has words of its own for what is wrong
	renames             bool // moves a file into place
	unlinks             bool // removes what is there before it writes
	parses              bool // writes nothing of what is no JSON
}

var tools = []tool{
	{name: "echo of sh", needs: "sh", script: `body=$(cat "$1"); echo "$body" > "$2"`, blind: true, mute: true},
	{name: "echo of bash", needs: "bash", script: `body=$(cat "$1"); echo "$body" > "$2"`, blind: true},
	{name: "print of zsh", needs: "zsh", script: `body=$(cat "$1"); print -r -- "$body" > "$2"`, blind: true, mute: true},
	{name: "printf", needs: "bash", script: `printf '%s' "$(cat "$1")" > "$2"`, blind: true},
	{name: "a here-document", needs: "sh", script: `cat > "$2" <<END` + "\n" + `$(cat "$1")` + "\nEND"},
	{name: "an append", needs: "bash", script: `echo "$(cat "$1")" >> "$2"`, blind: true},
	{name: "cat", needs: "sh", script: `cat "$1" > "$2"`},
	{name: "cp", needs: "sh", script: `cp "$1" "$2"`},
	{name: "cp -p over a file", needs: "sh", script: `: >> "$2"; cp -p "$1" "$2"`},
	{name: "install", needs: "sh", script: `install -m 600 "$1" "$2"`, unlinks: true},
	{name: "tee", needs: "sh", script: `tee "$2" < "$1" > /dev/null`},
	{name: "dd", needs: "sh", script: `dd status=none if="$1" of="$2"`},
	{name: "dd by bytes", needs: "sh", script: `dd status=none bs=7 if="$1" of="$2"`},
	{name: "several printf", needs: "bash", script: `body=$(cat "$1"); { printf '%s' "${body:0:9}"; printf '%s\n' "${body:9}"; } > "$2"`, blind: true},
	{name: "mv", needs: "sh", script: `cp "$1" "${2%.json}.tmp" && mv "${2%.json}.tmp" "$2"`, renames: true},
	{name: "mv from elsewhere", needs: "sh", script: `cp "$1" "$1.copy" && mv "$1.copy" "$2"`, unlinks: true},
	{name: "jq", needs: "jq", script: `jq . "$1" > "$2"`, parses: true},
	{name: "python", needs: "python3", script: `python3 -c 'import sys
with open(sys.argv[2], "w") as f: f.write(open(sys.argv[1]).read())' "$1" "$2"`},
	{name: "python's json", needs: "python3", script: `python3 -c 'import json, sys
with open(sys.argv[2], "w") as f: json.dump(json.load(open(sys.argv[1])), f, indent=1)' "$1" "$2"`, parses: true},
	{name: "python's rename", needs: "python3", script: `python3 -c 'import os, sys
tmp = os.path.join(os.path.dirname(sys.argv[2]), "tmpabc")
with open(tmp, "w") as f: f.write(open(sys.argv[1]).read())
os.replace(tmp, sys.argv[2])' "$1" "$2"`, renames: true},
	{name: "sed -i", needs: "bash", script: `[ -s "$2" ] || echo '{"x": 1}' 2> /dev/null > "$2"; sed -i -e "1r $1" -e '1,$d' "$2"`, renames: true, mute: true},
	{name: "vim", needs: "vim", script: `vim -es -u NONE -c '%d' -c "0r $1" -c 'wq' "$2"`, mute: true},
	{name: "vim with a backup", needs: "vim", script: `vim -es -u NONE -c 'set backup writebackup backupcopy=no' -c '%d' -c "0r $1" -c 'wq' "$2"`, mute: true},
}

// write runs the tool.
func (x tool) write(m *mounted, body, path string) error {
	shell := "sh"
	if x.needs == "bash" || x.needs == "zsh" {
		shell = x.needs
	}
	_, err := m.try(shell, "-c", x.script, shell, body, path)
	return err
}

// failures are requests that fail, each in its own way.
var failures = []struct{ what, body, path, says string }{
	{"a typing error", `{"nmae": "x"}`, "create/typo%d.json", "Invalid argument"},
	{"no such asset", `{"path": "dataset/nothing"}`, "archive/none%d.json", "No such file"},
	{"what this mount does not do", `{"id": "0ae6b5a3-79e7-575d-931c-0d77a8c13704"}`, "delete/not%d.json", "Operation not permitted"},
	{"another request's key", external("another"), "create/taken%d.json", "File exists"},
	{"half a request", `{"name": "x"`, "create/half%d.json", "Invalid argument"},
	{"what the platform refuses", `{"path": "dataset/clinical_MR_007"}`, "archive/refused%d.json", "Permission denied"},
}

// TestTools makes requests with every tool, one that succeeds and some that
// fail: the exit status tells which is which.
func TestTools(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	m := d.mount(t)
	for i, x := range tools {
		t.Run(x.name, func(t *testing.T) {
			if _, err := exec.LookPath(x.needs); err != nil {
				t.Skipf("%s is not installed here", x.needs)
			}
			body := filepath.Join(t.TempDir(), "body")
			file := func(content string) string {
				if err := os.WriteFile(body, []byte(content+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				return body
			}
			name := fmt.Sprintf("made by %d", i)
			if err := x.write(m, file(external(name)), m.path("control/create", fmt.Sprintf("taken%d.json", i))); err != nil {
				t.Fatal(err)
			}
			if _, err := m.try("test", "-d", m.path("dataset", name)); err != nil {
				t.Fatal("no asset was made")
			}
			for _, f := range failures {
				half, taken := f.what == "half a request", f.what == "another request's key"
				if half && x.parses || taken && x.unlinks {
					continue
				}
				sent := d.Requests("create") + d.Requests("delete")
				err := x.write(m, file(f.body), m.path("control", fmt.Sprintf(f.path, i)))
				says := f.says
				if x.renames && says == "Invalid argument" {
					says = "Bad message"
				}
				if half && x.blind {
					// No exit status tells, but the result does.
					if r := m.result("create", fmt.Sprintf("half%d", i)); err != nil || r.Status != "failed" || r.Errno != "EINVAL" {
						t.Errorf("%s: %v, %+v", f.what, err, r)
					}
				} else if err == nil {
					t.Errorf("%s: exit status 0", f.what)
				} else if !x.mute && !strings.Contains(err.Error(), says) {
					t.Errorf("%s: %v", f.what, err)
				}
				if n := d.Requests("create") + d.Requests("delete") - sent; n > 0 {
					t.Errorf("%s: %d requests were sent", f.what, n)
				}
			}
		})
	}
}
