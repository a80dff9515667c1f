package test

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// TestWait waits for assets, by the files and by the command: until they are
// ready, until they have failed, or not so long.
func TestWait(t *testing.T) {
	t.Parallel()
	d := deploy(t, func(c *emulator.Config) { c.DraftTime = 2 * time.Second })
	m := d.mount(t)
	if err := m.request("create", "good", external("good")); err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(external("bad"), `"prefix": "`, `"prefix": "no/such/`, 1)
	if err := m.request("create", "bad", bad); err != nil {
		t.Fatal(err)
	}
	good := m.result("create", "good").Asset
	ours := func(args ...string) (string, error) {
		return m.try(binary, append([]string{"wait", "--mount", m.point}, args...)...)
	}

	if _, err := ours("--timeout", "100ms", "good"); err == nil || !strings.Contains(err.Error(), "not ready yet") {
		t.Errorf("a wait that ends before: %v", err)
	}
	for what, wait := range map[string]func() (string, error){
		"by its key":             func() (string, error) { return m.try("cat", m.path("control/wait/good")) },
		"by its id":              func() (string, error) { return m.try("cat", m.path("control/wait", good.ID)) },
		"the command, by key":    func() (string, error) { return ours("good") },
		"the command, by path":   func() (string, error) { return ours("dataset/good") },
		"the command, from here": func() (string, error) { return ours(m.path("dataset/good")) },
	} {
		got, err := wait()
		if err != nil || !strings.Contains(got, `"state": "ready"`) || !strings.Contains(got, good.ID) {
			t.Errorf("%s: %v\n%s", what, err, got)
		}
	}
	if _, err := m.try("cat", m.path("control/wait/bad")); err == nil || !strings.Contains(err.Error(), "Input/output error") {
		t.Errorf("an asset that failed: %v", err)
	}
	if faults := m.run("cat", m.path("control/errors.jsonl")); !strings.Contains(faults, "creation failed") {
		t.Errorf("no reason in %s", faults)
	}
	if _, err := m.try("cat", m.path("control/wait/nothing")); err == nil || !strings.Contains(err.Error(), "No such file") {
		t.Errorf("a key of nobody: %v", err)
	}
	if got := m.run("ls", m.path("control/wait")); got != "bad\ngood\n" {
		t.Errorf("ls: %q", got)
	}
}

// TestCommands makes requests by command: they are the same files.
func TestCommands(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	m := d.mount(t)
	send := func(verb, body string, flags ...string) (string, error) {
		args := append(append([]string{verb, "--mount", m.point}, flags...), "-")
		return m.try("sh", append([]string{"-c", `body=$1; shift; printf '%s' "$body" | "$@"`, "sh", body, binary}, args...)...)
	}
	for range 2 { // the same request has the same key
		if out, err := send("create", external("by command")); err != nil || !strings.Contains(out, `"path": "dataset/by command"`) {
			t.Errorf("%s, %v", out, err)
		}
	}
	if n := d.made("by command"); n != 1 {
		t.Errorf("%d assets were made", n)
	}
	if _, err := send("update", `{"path": "dataset/by command", "name": "renamed"}`, "--key", "k"); err != nil {
		t.Error(err)
	}
	if r := m.result("update", "k"); r.Asset.Path != "dataset/renamed" {
		t.Errorf("%+v", r)
	}
	var exit *exec.ExitError
	if _, err := send("archive", `{"path": "dataset/nothing"}`); !errors.As(err, &exit) || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("%v", err)
	}
	const draft = "exaSPIM_705363_2024-06-05_00-00-00"
	for what, c := range map[string]struct {
		args []string
		says string
	}{
		"another request's key": {[]string{"update", "--key", "k", "-"}, "k is the key of another request"},
		"an empty request":      {[]string{"update", "/dev/null"}, "the request is empty"},
		"no mount":              {[]string{"archive", "--mount", t.TempDir(), "-"}, "is no mount of codeoceanfs"},
		"a path of nothing":     {[]string{"archive", "dataset/nothing"}, "dataset/nothing is no file, and no asset's path in the mount"},
		"a word for nothing":    {[]string{"archive", "nothing"}, "nothing is no file, and no asset's path in the mount"},
		"a folder of an asset":  {[]string{"archive", m.path("dataset/ecephys_655019_2023-04-03_18-10-10/ecephys")}, "ecephys is inside an asset"},
		"a file of an asset":    {[]string{"archive", m.path("dataset/ecephys_655019_2023-04-03_18-10-10/subject.json")}, "there is no such field"},
		"a wait for no path":    {[]string{"wait", "dataset/nothing"}, "dataset/nothing is no asset's path in the mount"},
		"an unarchived asset":   {[]string{"unarchive", ".archived/dataset/renamed"}, "it is not archived: dataset/renamed"},
		"a wait for nothing":    {[]string{"wait", "nothing"}, "nothing is no key of a request"},
		"a draft that stays":    {[]string{"wait", "--timeout", "300ms", "dataset/" + draft}, draft + " is not ready yet"},
		"a failed asset":        {[]string{"wait", "dataset/FIP_668294_2023-08-01_15-22-31"}, "the asset's creation failed: "},
	} {
		args := c.args
		if !slices.Contains(args, "--mount") {
			args = slices.Insert(args, 1, "--mount", m.point)
		}
		_, err := m.try("sh", append([]string{"-c", `echo '{"path": "dataset/renamed", "tags_add": ["x"]}' | "$@"`, "sh", binary}, args...)...)
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", what, err)
		}
	}
	readOnly := d.mount(t, "--read-only")
	if _, err := readOnly.try(binary, "archive", "--mount", readOnly.point, readOnly.path("dataset", "renamed")); err == nil || !strings.Contains(err.Error(), "it is read-only") {
		t.Errorf("a read-only mount: %v", err)
	}
	// A directory stands for its asset; and a path that leads nowhere now says where to.
	m.run(binary, "archive", "--mount", m.point, "dataset/renamed")
	for _, path := range []string{"dataset/renamed", m.path("dataset/renamed")} {
		if _, err := m.try(binary, "archive", "--mount", m.point, path); err == nil || !strings.Contains(err.Error(), "it is archived: .archived/dataset/renamed") {
			t.Errorf("archived already: %v", err)
		}
	}
	if _, err := send("archive", `{"path": "`+m.path("dataset/renamed")+`"}`); err == nil || !strings.Contains(err.Error(), "it is .archived/dataset/renamed") {
		t.Errorf("%v", err)
	}
	deleting := d.mount(t, "--allow-delete")
	if _, err := m.try(binary, "delete", "--mount", deleting.point, deleting.path("dataset/MRI_721832_2024-02-11_09-30-00")); err == nil || !strings.Contains(err.Error(), "archive it first") {
		t.Errorf("a delete of what is not archived: %v", err)
	}
	if _, err := send("archive", `{"pth": "dataset/nothing"}`); err == nil || !strings.Contains(err.Error(), "did you mean path?") {
		t.Errorf("%v", err)
	}
}

// TestCommandsFindTheMount has two mounts, of which a path says which is meant.
func TestCommandsFindTheMount(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.mount(t)
	m := d.mount(t)
	const asset = "dataset/MRI_721832_2024-02-11_09-30-00"
	for what, c := range map[string]struct{ dir, path, says string }{
		"from the root":         {"/", m.path(asset), `"state": "ready"`},
		"from beside it":        {filepath.Dir(m.point), filepath.Base(m.point) + "/" + asset, `"state": "ready"`},
		"by a path without it":  {"/", asset, "several mounts"},
		"of an asset not there": {"/", m.path("dataset/nothing"), "no asset's path in the mount at " + m.point},
	} {
		out, err := m.try("sh", "-c", `cd "$1" && exec "$2" wait "$3"`, "sh", c.dir, binary, c.path)
		if !strings.Contains(out+fmt.Sprint(err), c.says) {
			t.Errorf("%s: %s, %v", what, out, err)
		}
	}
}

// TestTransferVerb moves an asset's files, which takes an administrator and a
// flag.
func TestTransferVerb(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	const body = `{"path": "dataset/MRI_721832_2024-02-11_09-30-00", "target": {"aws": {"bucket": "demo-lab-private", "prefix": "moved/mri"}}}`
	if err := d.mount(t).request("transfer", "k", body); err == nil {
		t.Error("without the flag")
	}
	m := d.mount(t, "--allow-transfer")
	if err := m.request("transfer", "k", body); err == nil || m.result("transfer", "k").Errno != "EACCES" {
		t.Errorf("by somebody who is no administrator: %v", err)
	}
	env := append(d.environment(t), "CODEOCEAN_TOKEN=cop_demo_admin")
	m, err := d.tryMount(t, t.TempDir(), env, "--allow-transfer")
	if err != nil {
		t.Fatal(err)
	}
	before := m.run("sha256sum", m.path("dataset/MRI_721832_2024-02-11_09-30-00/participants.tsv"))
	if err := m.request("transfer", "k", body); err != nil {
		t.Error(err)
	}
	eventually(t, "the record tells of it", func() error {
		if !strings.Contains(m.run("cat", m.path("dataset/MRI_721832_2024-02-11_09-30-00/.meta.json")), "moved/mri") {
			return errNotYet
		}
		return nil
	})
	if after := m.run("sha256sum", m.path("dataset/MRI_721832_2024-02-11_09-30-00/participants.tsv")); after != before {
		t.Errorf("%s, and before %s", after, before)
	}
}

// TestTwoMountsMakeOneRequest makes the same requests in two mounts of one user
// at once.
func TestTwoMountsMakeOneRequest(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	mounts := d.mountTwice(t)
	var wg sync.WaitGroup
	for i := range 20 {
		for _, m := range mounts {
			wg.Go(func() { _ = m.request("create", fmt.Sprint("k", i), external(fmt.Sprint("shared ", i))) }) // one is told that it is busy
		}
	}
	wg.Wait()
	for i := range 20 {
		if n := d.made(fmt.Sprint("shared ", i)); n != 1 {
			t.Errorf("asset %d was made %d times", i, n)
		}
		for _, m := range mounts {
			if r := m.result("create", fmt.Sprint("k", i)); r.Status != "done" {
				t.Errorf("request %d: %+v", i, r)
			}
		}
	}
}

// TestRefreshFile looks for changes at once, where the interval is long.
func TestRefreshFile(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	m := d.mount(t, "--refresh-interval", "1h")
	m.run("ls", m.path("dataset"))
	if _, err := d.Add(emulator.Asset{Record: emulator.Record{Name: "newcomer"}}); err != nil {
		t.Fatal(err)
	}
	m.run("sh", "-c", `echo now > "$1"`, "sh", m.path("control/refresh"))
	if got := m.run("ls", m.path("dataset")); !strings.Contains(got, "newcomer") {
		t.Errorf("after a refresh: %s", got)
	}
	if got := m.run("cat", m.path("control/stats")); !strings.Contains(got, "codeoceanfs_catalog_assets ") {
		t.Errorf("stats: %s", got)
	}
}
