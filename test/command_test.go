package test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// command runs the program to its end.
func command(t *testing.T, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = env
	cmd.Dir = t.TempDir()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.Fatalf("codeoceanfs %q hung", args)
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		t.Fatal(err)
	}
	return out.String(), errs.String(), code
}

// TestMistakes makes the mistakes that people make: each is told in one line
// that says what to do, with an exit status, and leaves nothing behind.
func TestMistakes(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	env := d.environment(t)
	point, file, full := t.TempDir(), filepath.Join(t.TempDir(), "file"), t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return name
	}
	write(file, "x", 0o600)
	write(filepath.Join(full, "x"), "x", 0o600)
	open := write(filepath.Join(t.TempDir(), "open"), "cop_demo", 0o644)
	bad := write(filepath.Join(t.TempDir(), "bad.yaml"), "domian: x\n", 0o600)
	notYAML := write(filepath.Join(t.TempDir(), "no.yaml"), "\t{", 0o600)
	maybe := write(filepath.Join(t.TempDir(), "maybe.yaml"), "read-only: maybe\n", 0o600)
	data := t.TempDir()
	if err := os.MkdirAll(filepath.Join(data, "assets", "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(data, "assets", "a", "asset.json"), `{"state": "redy"}`, 0o600)

	taken := strings.TrimPrefix(d.APIURL(), "http://")
	for name, c := range map[string]struct {
		env  []string
		args []string
		code int
		says string
	}{
		"no mount point":           {nil, []string{"mount"}, 1, "MOUNTPOINT is missing"},
		"two mount points":         {nil, []string{"mount", point, point}, 1, "2 arguments instead of one"},
		"unknown flag":             {nil, []string{"mount", "--cachedir", "x", point}, 1, `no flag "cachedir": did you mean --cache-dir?`},
		"a flag like no other":     {nil, []string{"mount", "--zzzzzzzz", "x", point}, 1, `no flag "zzzzzzzz": see --help`},
		"flag without a value":     {nil, []string{"mount", "--domain"}, 1, "--domain needs a value"},
		"no duration":              {nil, []string{"mount", "--refresh-interval", "5", point}, 1, `--refresh-interval "5" is not a duration`},
		"no number":                {nil, []string{"mount", "--uid", "ada", point}, 1, `--uid "ada" is not a whole number`},
		"a variable's value":       {[]string{"CODEOCEANFS_ALLOW_OTHER=so"}, []string{"mount", point}, 1, `"so" in CODEOCEANFS_ALLOW_OTHER`},
		"a size in a variable":     {[]string{"CODEOCEANFS_MEMORY_LIMIT=x"}, []string{"mount", point}, 1, `--memory-limit "x" in CODEOCEANFS_MEMORY_LIMIT is not a size`},
		"a scheme":                 {[]string{"CODEOCEAN_DOMAIN=ftp://x", "CODEOCEAN_TOKEN="}, []string{"mount", point}, 32, `unknown scheme "ftp"`},
		"unknown command":          {nil, []string{"moutn", point}, 1, `no command "moutn"`},
		"missing mount point":      {nil, []string{"mount", point + "/none"}, 32, "mkdir -p"},
		"a file":                   {nil, []string{"mount", file}, 32, "is not a directory"},
		"not empty":                {nil, []string{"mount", full}, 32, "is not empty"},
		"wrong domain":             {[]string{"CODEOCEAN_DOMAIN=no-such-host.invalid"}, []string{"mount", point}, 32, "check the domain"},
		"no http for this host":    {[]string{"CODEOCEAN_DOMAIN=127.0.0.1:1"}, []string{"mount", point}, 32, "as http://127.0.0.1:1"},
		"nobody answers":           {[]string{"CODEOCEAN_DOMAIN=http://127.0.0.1:1"}, []string{"mount", point}, 32, "127.0.0.1:1"},
		"plain http":               {[]string{"CODEOCEAN_DOMAIN=http://codeocean.example.org"}, []string{"mount", point}, 32, "https"},
		"no domain":                {[]string{"CODEOCEAN_DOMAIN="}, []string{"mount", point}, 32, "--domain"},
		"no token":                 {[]string{"CODEOCEAN_TOKEN="}, []string{"mount", point}, 32, "--token-file"},
		"refused token":            {[]string{"CODEOCEAN_TOKEN=cop_wrong"}, []string{"mount", point}, 32, "refuses the token"},
		"token file missing":       {nil, []string{"mount", "--token-file", "/none", point}, 32, "/none"},
		"token file open":          {nil, []string{"mount", "--token-file", open, point}, 32, "chmod 600"},
		"size":                     {nil, []string{"mount", "--cache-size", "lots", point}, 1, "--cache-size"},
		"memory":                   {nil, []string{"mount", "--memory-limit", "1M", point}, 1, "at least 64 MiB"},
		"umask":                    {nil, []string{"mount", "--umask", "999", point}, 1, "--umask"},
		"type":                     {nil, []string{"mount", "--type", "datasets", point}, 1, "--type"},
		"interval":                 {nil, []string{"mount", "--refresh-interval", "1ms", point}, 1, "--refresh-interval"},
		"timeout":                  {nil, []string{"mount", "--stall-timeout", "1ms", point}, 1, "--stall-timeout 1ms: from 100ms to 10m0s"},
		"endpoint":                 {nil, []string{"mount", "--s3-endpoint", "nonsense", point}, 32, "nonsense"},
		"log level":                {nil, []string{"mount", "--log-level", "loud", point}, 1, "--log-level"},
		"log format":               {nil, []string{"mount", "--log-format", "xml", point}, 1, "--log-format"},
		"cache in the mount":       {nil, []string{"mount", "--cache-dir", point + "/cache", point}, 1, "inside the mount point"},
		"log in the mount":         {nil, []string{"mount", "--log-file", point + "/log/x", point}, 1, "inside the mount point"},
		"no cache":                 {nil, []string{"mount", "--cache-dir", "", point}, 1, "--cache-dir"},
		"empty mount point":        {nil, []string{"mount", ""}, 1, "MOUNTPOINT is missing"},
		"unknown setting":          {nil, []string{"mount", "--config", bad, point}, 1, "domian"},
		"no YAML":                  {nil, []string{"mount", "--config", notYAML, point}, 1, "cannot be used"},
		"configuration missing":    {nil, []string{"mount", "--config", "/none.yaml", point}, 1, "/none.yaml"},
		"no place for the log":     {nil, []string{"mount", "--log-file", file + "/log", point}, 1, "--log-file " + file + "/log cannot be used"},
		"metrics where others are": {nil, []string{"mount", "--metrics-addr", taken, point}, 32, "--metrics-addr " + taken + ": another program listens there"},
		"the API where others are": {nil, []string{"emulator", "--data", full, "--listen", taken, "--s3-listen", "127.0.0.1:0"}, 2, "name another address with --listen"},
		"S3 where others are":      {nil, []string{"emulator", "--data", full, "--listen", "127.0.0.1:0", "--s3-listen", taken}, 2, "name another address with --s3-listen"},
		"no truth":                 {nil, []string{"mount", "--config", maybe, point}, 1, `maybe.yaml: line 1: read-only: "maybe" is neither true nor false`},
		"an asset of no state":     {nil, []string{"emulator", "--data", data}, 2, `assets/a/asset.json: state "redy" is none of draft, ready, failed`},
		"umount of nothing":        {nil, []string{"umount", point}, 32, "nothing is mounted"},
		"umount of another":        {nil, []string{"umount", "/proc"}, 32, "type proc"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, more := range [][]string{nil, {"--foreground"}} {
				args := c.args
				if args[0] == "mount" && len(args) > 1 {
					args = append([]string{"mount"}, append(more, args[1:]...)...)
				}
				_, stderr, code := command(t, append(env[:len(env):len(env)], c.env...), args...)
				last := lastLine(stderr)
				if code != c.code || !strings.Contains(last, c.says) || !strings.HasPrefix(last, "codeoceanfs: ") {
					t.Errorf("%q: status %d, not %d; no %q in %q", args, code, c.code, c.says, stderr)
				}
				if secrets.MatchString(stderr) {
					t.Errorf("a secret in %q", stderr)
				}
			}
		})
	}
	if entries, err := os.ReadDir(point); err != nil || len(entries) > 0 {
		t.Errorf("left behind in the mount point: %v, %v", entries, err)
	}
	if out, _ := exec.Command("grep", "-F", point, "/proc/self/mountinfo").Output(); len(out) > 0 {
		t.Errorf("left mounted: %s", out)
	}
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// TestNoPlaceForTheCache names the flag, whether the log is below it or not.
func TestNoPlaceForTheCache(t *testing.T) {
	t.Parallel()
	d := generated(t)
	for _, more := range []string{"--foreground", "--foreground=false"} {
		_, stderr, code := command(t, d.environment(t), "mount", more, "--cache-dir", "/proc/x", t.TempDir())
		if last := lastLine(stderr); code == 0 || !strings.Contains(last, "--cache-dir") || !strings.Contains(last, "/proc/x") {
			t.Errorf("%s: status %d, %q", more, code, stderr)
		}
	}
}

// TestEmulatorCommand serves a directory, and an asset.json in it that is broken
// while that goes on.
func TestEmulatorCommand(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	folder := filepath.Join(data, "assets", "mouse 7")
	if err := os.MkdirAll(filepath.Join(folder, "files"), 0o755); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr lockedBuffer
	cmd := exec.Command(binary, "emulator", "--data", data, "--listen", "127.0.0.1:0", "--s3-listen", "127.0.0.1:0")
	cmd.Env = []string{"HOME=" + t.TempDir(), raceOptions}
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	dog := time.AfterFunc(runTime, func() { cmd.Process.Kill() })
	defer dog.Stop()
	defer cmd.Process.Kill()
	var address string
	eventually(t, "the address", func() error {
		m := regexp.MustCompile(`API +(http://\S+)`).FindStringSubmatch(stdout.String())
		if m == nil {
			return errNotYet
		}
		address = m[1]
		return nil
	})
	if !regexp.MustCompile(`(?m)^  dataset/mouse 7   id [0-9a-f-]{36}$`).MatchString(stdout.String()) {
		t.Errorf("no id in\n%s", stdout.String())
	}
	search := func() string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/api/v1/data_assets/search", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("cop_demo", "")
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if found := search(); !strings.Contains(found, `"mouse 7"`) {
		t.Errorf("found %s", found)
	}
	if err := os.WriteFile(filepath.Join(folder, "asset.json"), []byte(`{"nmae": "mouse 8"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a word about the broken file", func() error {
		if found := search(); !strings.Contains(found, `"mouse 7"`) {
			t.Fatalf("found %s", found)
		}
		if said := stderr.String(); !strings.Contains(said, "mouse 7") || !strings.Contains(said, "nmae") {
			return fmt.Errorf("%w: %s", errNotYet, said)
		}
		return nil
	})
	cmd.Process.Signal(syscall.SIGINT)
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, stderr.String())
	}
}

// TestBackground mounts as people do, without --foreground, and unmounts.
func TestBackground(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	env := d.environment(t)
	point := t.TempDir()
	stdout, stderr, code := command(t, env, "mount", "--s3-endpoint", d.S3URL(), point)
	if code != 0 || !strings.Contains(stdout, "is mounted on "+point) || !strings.Contains(stdout, "codeoceanfs umount") {
		t.Fatalf("status %d: %s%s", code, stdout, stderr)
	}
	pid := mountPID(t, point)
	t.Cleanup(func() { syscall.Kill(pid, syscall.SIGKILL); exec.Command("umount", "-l", point).Run() })
	cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if secrets.Match(cmdline) {
		t.Errorf("a secret on the command line: %q", cmdline)
	}
	if _, stderr, code := command(t, env, "mount", point); code != 32 || !strings.Contains(stderr, "already mounted") {
		t.Errorf("a second mount there: %d %s", code, stderr)
	}
	if out, err := exec.Command("ls", filepath.Join(point, "model")).Output(); string(out) != "unit-quality-classifier-v2\n" {
		t.Errorf("ls: %q %v", out, err)
	}
	if _, stderr, code := command(t, env, "umount", point); code != 0 {
		t.Errorf("umount: %d %s", code, stderr)
	}
	eventually(t, "the end of the process", func() error { return ended(pid) })
	log := regexp.MustCompile(`its log: (.*)`).FindStringSubmatch(stdout)
	if log == nil {
		t.Fatalf("no log named: %s", stdout)
	}
	if text, err := os.ReadFile(log[1]); err != nil || !strings.Contains(string(text), "unmounted") {
		t.Errorf("the log: %q %v", text, err)
	}
}

// TestPermissions looks at owner, group and modes, and at what another user of
// the machine may do.
func TestPermissions(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	const nobody = "import os, sys; os.setgid(65534); os.setuid(65534); os.execvp(sys.argv[1], sys.argv[1:])"
	as := func(m *mounted, args ...string) error {
		_, err := m.try("python3", append([]string{"-c", nobody}, args...)...)
		return err
	}
	asset := "dataset/MRI_721832_2024-02-11_09-30-00"
	top := func(m *mounted) { // every directory above a mount point is the tests' own
		for dir := m.point; dir != filepath.Clean(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) {
			if dir != m.point {
				os.Chmod(dir, 0o755)
			}
		}
	}
	m := d.mount(t)
	top(m)
	if as(m, "ls", m.point) == nil {
		t.Error("another user may look without --allow-other")
	}
	m = d.mount(t, "--allow-other", "--uid", "12", "--gid", "34", "--umask", "027")
	top(m)
	for path, want := range map[string]string{
		"":                          "12 34 750",
		asset:                       "12 34 750",
		asset + "/participants.tsv": "12 34 640",
		asset + "/.meta.json":       "12 34 640",
		"control":                   "12 34 700",
		"control/status.json":       "12 34 600",
	} {
		if got := strings.TrimSpace(m.run("stat", "-c", "%u %g %a", m.path(path))); got != want {
			t.Errorf("%s: %s, not %s", path, got, want)
		}
	}
	m = d.mount(t, "--allow-other")
	top(m)
	if err := as(m, "cat", m.path(asset, "participants.tsv")); err != nil {
		t.Errorf("another user with --allow-other: %v", err)
	}
	for _, path := range []string{"control", "control/status.json", "control/errors.jsonl"} {
		if as(m, "cat", m.path(path)) == nil || as(m, "ls", m.path(path)) == nil {
			t.Errorf("another user may look at %s", path)
		}
	}
	if !strings.Contains(m.log.String(), "with your token") {
		t.Error("no warning that others read with one's own token")
	}
	m = d.mount(t, "--allow-other", "--umask", "0")
	top(m)
	if as(m, "cat", m.path("control", "status.json")) == nil {
		t.Error("with an empty umask another user may look at control")
	}
	for _, script := range []string{
		`echo '{"description": "x"}' > "$1/.meta.json"`, `sed -i 's/"description": "/&x/' "$1/.meta.json"`,
		`echo '{"description": "x"}' > "$1/.meta.json.new"; mv "$1/.meta.json.new" "$1/.meta.json"`,
		`echo '{"path": "dataset/calibration_2023-02-14"}' > "$2/archive/theirs.json"`, `ls "$2/create"`, `cat "$2/wait/x"`,
	} {
		if as(m, "sh", "-c", script, "sh", m.path(asset), m.path("control")) == nil {
			t.Errorf("another user may do %s", script)
		}
	}
	if n := d.Requests("update") + d.Requests("archive"); n > 0 {
		t.Errorf("another user has sent %d requests", n)
	}
}
