package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"codeoceanfs/remote/emulator"
)

const computation = "899a2917-5987-5495-8144-0145b4908346" // of the samples

// TestSources makes an asset of every source there is, and compares what is sent
// with what was written: it is the API's own body.
func TestSources(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	var mu sync.Mutex
	var sent []byte
	watch := d.Inject(emulator.Fault{Route: "create", Delay: 1, Match: func(r *http.Request) bool {
		body, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		defer mu.Unlock()
		sent = body
		return err == nil
	}})
	env := append(d.environment(t), "CODEOCEAN_TOKEN=cop_demo_admin")
	m, err := d.tryMount(t, t.TempDir(), env)
	if err != nil {
		t.Fatal(err)
	}
	const about = `"name": "NAME", "mount": "m", "tags": ["a", "b"], "description": "ünïcode /", `
	for i, c := range []struct{ what, body string }{
		{"a public bucket, where it is", `{` + about + `"source": {"aws": {"bucket": "demo-open-data", "prefix": "ecephys_661398_2023-03-31_17-01-09", "keep_on_external_storage": true, "public": true}}}`},
		{"a private bucket, where it is", `{` + about + `"source": {"aws": {"bucket": "demo-lab-private", "prefix": "behavior/655019", "keep_on_external_storage": true, "public": false}}}`},
		{"a bucket, copied", `{` + about + `"source": {"aws": {"bucket": "demo-lab-private", "prefix": "behavior/655019", "keep_on_external_storage": false, "public": false}}}`},
		{"a computation", `{` + about + `"source": {"computation": {"id": "` + computation + `"}}}`},
		{"a part of one", `{` + about + `"source": {"computation": {"id": "` + computation + `", "path": "figures"}}}`},
		{"a computation, put into a bucket", `{` + about + `"source": {"computation": {"id": "` + computation + `"}}, "target": {"aws": {"bucket": "demo-lab-private", "prefix": "put/here"}}}`},
		{"a cloud workstation", `{` + about + `"source": {"cloud_workstation": {"id": "` + computation + `", "path": "figures", "run_script": "code/run"}}}`},
		{"a bucket of Google's", `{` + about + `"source": {"gcp": {"bucket": "g", "prefix": "p", "client_id": "i", "client_secret": "canary-secret"}}}`},
		{"results from elsewhere", `{` + about + `"source": {"aws": {"bucket": "demo-open-data", "prefix": "ecephys_661398_2023-03-31_17-01-09", "keep_on_external_storage": true, "public": true}},
			"results_info": {"capsule_id": "c", "version": 2, "commit": "abc", "run_script": "code/run", "data_assets": ["0ae6b5a3-79e7-575d-931c-0d77a8c13704"], "parameters": [{"name": "n", "param_name": "p", "value": "v"}]}}`},
		{"other assets", `{` + about + `"data_asset_ids": ["0ae6b5a3-79e7-575d-931c-0d77a8c13704", "54c873c7-e3d6-507d-8f3c-2fbe76d4024e"]}`},
		{"custom metadata", `{` + about + `"custom_metadata": {"subject_id": "655019", "age_days": 131.5, "modality": "ecephys"}, "data_asset_ids": ["0ae6b5a3-79e7-575d-931c-0d77a8c13704", "54c873c7-e3d6-507d-8f3c-2fbe76d4024e"]}`},
	} {
		name := fmt.Sprint("from ", c.what)
		body := strings.Replace(c.body, "NAME", name, 1)
		if err := m.request("create", fmt.Sprint("k", i), body); err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		mu.Lock()
		got := string(sent)
		mu.Unlock()
		if a, b := same(t, got), same(t, body); a != b {
			t.Errorf("%s:\nsent    %s\nwritten %s", c.what, a, b)
		}
		if n := d.made(name); n != 1 {
			t.Errorf("%s: %d assets were made", c.what, n)
		}
	}
	if err := m.request("create", "by-path", `{`+strings.Replace(about, "NAME", "by path", 1)+`"data_asset_ids": ["dataset/MRI_721832_2024-02-11_09-30-00", "result/ecephys_661398_2023-03-31_17-01-09_sorted_2023-07-12_08-00-00"]}`); err != nil {
		t.Error(err)
	} else if m.run("cat", m.path("control/wait/by-path")) == "" {
		t.Error("the wait gives no record")
	} else if got := m.run("ls", m.path("combined", "by path")); len(strings.Fields(got)) != 2 {
		t.Errorf("made of assets by their paths: %q", got)
	}
	// A platform that repeats what it was sent, and a body that is refused here.
	watch()
	remove := d.Inject(emulator.Fault{Route: "create", Status: 400, Body: `{"message": "client_secret: canary-secret is wrong"}`})
	gcp := `{` + about + `"source": {"gcp": {"bucket": "g", "prefix": "p", "client_id": "i", "client_secret": "canary-secret"}}}`
	if err := m.request("create", "refused", gcp); err == nil {
		t.Error("a request that the platform refuses succeeds")
	}
	remove()
	if err := m.request("create", "invalid", strings.Replace(gcp, `"bucket"`, `"bukcet"`, 1)); err == nil {
		t.Error("a request with a typing error succeeds")
	}
	canary(t, m, env, "canary-secret")
}

// TestSecrets makes creates fail whose body holds a secret, also where none
// belongs, on a platform that repeats what it was sent.
func TestSecrets(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	env := d.environment(t)
	m, err := d.tryMount(t, t.TempDir(), env)
	if err != nil {
		t.Fatal(err)
	}
	d.Inject(emulator.Fault{Route: "create", Status: 400, Body: `{"message": "bad: client_secret=canary-secret; canary-se"}`})
	const about = `"name": "n", "mount": "m", "tags": [], `
	for i, source := range []string{
		`"gcp": {"bucket": "g", "client_secret": "canary-secret"}`,
		`"aws": {"bucket": "g", "secret_access_key": "canary-secret"}`,
		`"gcp": {"bucket": "g", "client_s\u0065cret": "canary-secret", "x": 1}`,
		`"gcp": {"bucket": "g", "client_secret": ["canary-secret"]}`,
		`"gcp": {"bucket": "g", "Client_Secret": "canary-secret"}`,
	} {
		if err := m.request("create", fmt.Sprint("secret", i), `{`+about+`"source": {`+source+`}}`); err == nil {
			t.Errorf("%s is no error", source)
		}
	}
	canary(t, m, env, "canary-se")
}

// same is JSON in one form.
func same(t *testing.T, s string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// canary looks for a secret in everything that we write down.
func canary(t *testing.T, m *mounted, env []string, secret string) {
	t.Helper()
	var home string
	for _, v := range env {
		if h, ok := strings.CutPrefix(v, "HOME="); ok {
			home = h
		}
	}
	for _, dir := range []string{m.path("control"), home} {
		out, err := m.try("grep", "-rlaF", "--exclude-dir=wait", "--exclude=refresh", secret, dir)
		if err == nil || out != "" {
			t.Errorf("the secret is in %s", out)
		}
	}
	if strings.Contains(m.log.String(), secret) {
		t.Error("the secret is in the log")
	}
	if files, _ := filepath.Glob(filepath.Join(home, ".local/state/codeoceanfs/requests/*/journal.jsonl")); len(files) != 1 {
		t.Errorf("the journal was not looked at: %q", files)
	}
}

// TestBadBodies writes what is no request: it is refused, with the reason, and
// nothing is sent.
func TestBadBodies(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	m := d.mount(t)
	file := filepath.Join(t.TempDir(), "body")
	for i, c := range []struct{ what, script, errno, says string }{
		{"a gigabyte", `head -c 1G /dev/zero | tr '\0' x | sed 's/^/{"name":"/'`, "File too large", "at most"},
		{"spaces without end", `yes '                       ' | head -c 1G`, "File too large", "at most"},
		{"bytes that are no text", `printf '{"id":"\377"}'`, "Invalid argument", "not UTF-8"},
		{"a field twice", `echo '{"id":"a","id":"b"}'`, "Invalid argument", "id: is given twice"},
		{"two requests", `echo '{"path":"dataset/none"} {}'`, "", ""},
		{"no JSON", `echo 'id=7'`, "Invalid argument", "begins with {"},
		{"JSON with a mistake", `printf '{\n"id": 7,\n}'`, "Invalid argument", "line 3"},
		{"half of it", `printf '{"id": '`, "Invalid argument", "not complete"},
		{"an empty name", `echo '{"id": ""}'`, "Invalid argument", "id: cannot be empty"},
	} {
		key := fmt.Sprint("bad", i)
		_, err := m.try("sh", "-c", c.script+` | cat > "$1"`, "sh", m.path("control/archive", key+".json"))
		if err == nil || !strings.Contains(err.Error(), c.errno) {
			t.Errorf("%s: %v", c.what, err)
		}
		if r := m.result("archive", key); r.Status != "failed" || !strings.Contains(r.Error, c.says) {
			t.Errorf("%s: %+v", c.what, r)
		}
	}
	if _, err := m.try("sh", "-c", `echo '{"id":"x"}' | dd status=none bs=1 seek=5 conv=notrunc of="$1"`, "sh", m.path("control/archive/seek.json")); err == nil || !strings.Contains(err.Error(), "Invalid argument") {
		t.Errorf("a request from its middle: %v", err)
	}
	if n := d.Requests("archive"); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	// Nothing at all is nothing.
	m.run("sh", "-c", `: > "$1"; touch "$1"; cat /dev/null > "$1"; rm "$1"`, "sh", m.path("control/archive/nothing.json"))
	if err := os.WriteFile(file, []byte(`{"path": "dataset/calibration_2023-02-14"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	m.run("cp", file, m.path("control/archive/good.json"))
}

// TestNoRequests mounts read-only: there is nothing to write a request into, and
// records are not written back.
func TestNoRequests(t *testing.T) {
	t.Parallel()
	m := deploy(t).mount(t, "--read-only")
	if got := m.run("ls", m.path("control")); got != "README\nerrors.jsonl\nstats\nstatus.json\n" {
		t.Errorf("ls: %q", got)
	}
	for _, path := range []string{"control/create/x.json", "control/refresh", "dataset/MRI_721832_2024-02-11_09-30-00/.meta.json", "dataset/MRI_721832_2024-02-11_09-30-00/.meta.json~"} {
		_, err := m.try("bash", "-c", `echo '{"description": "x"}' > "$1"`, "bash", m.path(path))
		if err == nil || !strings.Contains(err.Error(), "Read-only file system") && !strings.Contains(err.Error(), "No such file") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
