package test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// TestEdit changes records by writing them back.
func TestEdit(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	m := d.mount(t)
	asset := m.path("dataset", "MRI_721832_2024-02-11_09-30-00")
	meta := asset + "/.meta.json"
	tmp := t.TempDir()
	sh := func(script string) error {
		_, err := m.try("bash", "-c", script, "bash", meta, filepath.Join(tmp, "r.json"), asset)
		return err
	}
	shows := func(words string) bool { return strings.Contains(m.run("cat", meta), words) }
	for _, c := range []struct{ what, needs, script, shows, says string }{
		{"a changed field, copied back", "sed", `sed 's/"description": "[^"]*"/"description": "one"/' "$1" > "$2" && cp "$2" "$1"`, `"description": "one"`, ""},
		{"by cat", "sed", `sed 's/"description": "one"/"description": "two"/' "$1" > "$2" && cat "$2" > "$1"`, `"description": "two"`, ""},
		{"by sed -i", "sed", `sed -i 's/"description": "two"/"description": "three"/' "$1"`, `"description": "three"`, ""},
		{"by vim", "vim", `vim -es -u NONE -c '%s/"description": "three"/"description": "four"/' -c wq "$1"`, `"description": "four"`, ""},
		{"by vim with a backup", "vim", `vim -es -u NONE -c 'set backup writebackup backupcopy=no' -c '%s/"description": "[a-z]*"/"description": "five"/' -c wq "$1"`, `"description": "five"`, ""},
		{"by jq", "jq", `jq '.tags += ["new"] | .custom_metadata.subject_id = "x"' "$1" > "$2" && cp "$2" "$1"`, `"new"`, ""},
		{"a value of the metadata goes", "jq", `jq 'del(.custom_metadata.subject_id)' "$1" > "$2" && cp "$2" "$1"`, `"tags"`, ""},
		{"some fields alone", "sh", `echo '{"description": "six"}' > "$1"`, `"description": "six"`, ""},
		{"nothing", "sh", `: > "$1"; touch "$1"`, `"description": "six"`, ""},
		{"what it was", "sh", `cp "$1" "$2" && cp "$2" "$1"`, `"description": "six"`, ""},

		{"a field that cannot be changed", "jq", `jq '.size = 1' "$1" > "$2" && cp "$2" "$1"`, `"description": "six"`, "Invalid argument"},
		{"a field that there is not", "sh", `echo '{"descripton": "x"}' > "$1"`, `"description": "six"`, "Invalid argument"},
		{"an empty name", "sh", `echo '{"name": ""}' > "$1"`, `"description": "six"`, "Invalid argument"},
		{"what is no JSON", "sh", `echo 'x' > "$1"`, `"description": "six"`, "Invalid argument"},
		{"half of it", "sh", `head -c 50 "$1" > "$2"; cp "$2" "$1"`, `"description": "six"`, "Invalid argument"},
		{"a bad one, moved into place", "sh", `echo '{"size": 1}' > "$1.tmp"; mv "$1.tmp" "$1"`, `"description": "six"`, "Bad message"},
		{"by two programs that share the file", "sh", `{ printf '{"descr'; /bin/true; printf 'iption": "six"}'; } > "$1"`, `"description": "six"`, ""},
		{"a line behind it", "sh", `echo '{"description": "x"}' >> "$1"`, `"description": "six"`, "Invalid argument"},
		{"a value of the wrong type", "sh", `echo '{"tags": "x"}' > "$1"`, `"description": "six"`, "Invalid argument"},
		{"a value that the deployment does not define", "sh", `echo '{"custom_metadata": {"no_such": "x"}}' > "$1"`, `"description": "six"`, "Invalid argument"},
		{"another file beside it", "sh", `touch "$3/new"`, `"description": "six"`, "Read-only file system"},
		{"the record away", "sh", `rm "$1"`, `"description": "six"`, "Read-only file system"},
		{"the record under another name", "sh", `mv "$1" "$3/other"`, `"description": "six"`, "Read-only file system"},
	} {
		if _, err := exec.LookPath(c.needs); err != nil {
			t.Logf("%s: %s is not installed here", c.what, c.needs)
			continue
		}
		err := sh(c.script)
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", c.what, err)
		}
		if !shows(c.shows) {
			t.Errorf("%s: no %s in the record", c.what, c.shows)
		}
	}
	if got := m.run("ls", "-A", asset); strings.Contains(got, "sed") || strings.Contains(got, "4913") || strings.Contains(got, ".meta.json~") {
		t.Errorf("editors' files show: %q", got)
	}

	// The next command finds the record, however soon it comes.
	if err := sh(`python3 -c 'import os, sys
meta = sys.argv[1]
for i in range(20):
    with open(meta + ".tmp", "w") as f: f.write("{\"description\": \"turn %d\"}" % i)
    os.replace(meta + ".tmp", meta)
    assert "turn %d" % i in open(meta).read()' "$1"`); err != nil {
		t.Errorf("right after a rename: %v", err)
	}

	// Somebody else changes it between the read and the write.
	m.run("cp", meta, filepath.Join(tmp, "old"))
	if err := d.Change("0ae6b5a3-79e7-575d-931c-0d77a8c13704", func(a *emulator.Asset) { a.Description = "theirs" }); err != nil {
		t.Fatal(err)
	}
	if err := sh(`sed 's/"mount": "[^"]*"/"mount": "elsewhere"/' ` + filepath.Join(tmp, "old") + ` > "$2" && cp "$2" "$1"`); err == nil || !strings.Contains(err.Error(), "Stale file handle") {
		t.Errorf("a record that has moved on: %v", err)
	}
	if faults := m.run("cat", m.path("control/errors.jsonl")); !strings.Contains(faults, "read it again") {
		t.Errorf("no hint in %s", faults)
	}
	if a, _ := d.Asset("0ae6b5a3-79e7-575d-931c-0d77a8c13704"); a.Description != "theirs" || a.Mount == "elsewhere" {
		t.Errorf("theirs is overwritten: %q, %q", a.Description, a.Mount)
	}
	// Who reads it again can change it.
	if err := sh(`sed 's/"mount": "[^"]*"/"mount": "elsewhere"/' "$1" > "$2" && cp "$2" "$1"`); err != nil {
		t.Errorf("read again: %v", err)
	}

	// Their change is not overwritten either when another program has read it
	// since, nor one that was made while a program had the record open.
	const id = "0ae6b5a3-79e7-575d-931c-0d77a8c13704"
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed here")
	}
	const python = `import json, subprocess, sys
how, path = sys.argv[1], sys.argv[2]
f = open(path, "r+" if how == "both" else "r")
r = json.load(f)
print("read", flush=True)
sys.stdin.readline()
r["mount"] = "mine"
if how == "both":
    f.seek(0)
else:
    f = open(path, "w")
f.write(json.dumps(r))
f.close()
`
	for _, how := range []string{"one", "both"} {
		cmd := exec.Command("python3", "-c", python, how, meta)
		in, err1 := cmd.StdinPipe()
		out, err2 := cmd.StdoutPipe()
		if err := errors.Join(err1, err2, cmd.Start()); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 10)); err != nil {
			t.Error(err)
		}
		if err := sh(`echo '{"description": "theirs, ` + how + `"}' > "$1" && cat "$1" > "$2"`); err != nil {
			t.Error(err)
		}
		in.Close()
		if err := cmd.Wait(); err == nil {
			t.Errorf("%s: a record that has moved on was written", how)
		}
		if a, _ := d.Asset(id); a.Description != "theirs, "+how || a.Mount == "mine" {
			t.Errorf("%s: theirs is overwritten: %q, %q", how, a.Description, a.Mount)
		}
	}
	// The same again is no conflict.
	if err := sh(`sed 's/"mount": "[^"]*"/"mount": "again"/' "$1" > "$2" && cp "$2" "$1" && cp "$2" "$1"`); err != nil {
		t.Errorf("written twice: %v", err)
	}
}
