package test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"codeoceanfs/remote/emulator"
)

// programText are the files of the program itself, with their content.
func programText(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	must(t, filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "emulator" || d.Name() == "test" || d.Name() == ".git") {
			return skipIf(err)
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			text, err := os.ReadFile(path)
			all[path] = string(text)
			return err
		}
		return nil
	}))
	if len(all) < 100 {
		t.Fatalf("only %d files", len(all))
	}
	return all
}

func skipIf(err error) error {
	if err != nil {
		return err
	}
	return filepath.SkipDir
}

// sniffed is a store of somebody else's, to which a signed URL leads. It answers
// with the file, or with a redirect.
func sniffed(t *testing.T, d *deployment, redirect string) *atomic.Pointer[http.Request] {
	t.Helper()
	var last atomic.Pointer[http.Request]
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last.Store(r)
		if redirect != "" {
			http.Redirect(w, r, redirect, http.StatusTemporaryRedirect)
			return
		}
		w.Header().Set("Set-Cookie", "id=cop_demo")
		w.Header().Set("Content-Range", "bytes 0-0/1")
		w.WriteHeader(http.StatusPartialContent)
		fmt.Fprint(w, "x")
	}))
	t.Cleanup(s.Close)
	d.Inject(emulator.Fault{
		Route: "urls", Status: 200, Header: http.Header{"Content-Type": {"application/json"}},
		Body: fmt.Sprintf(`{"download_url": %q, "view_url": %[1]q}`, s.URL+"/x?X-Amz-Signature=5ecret"),
	})
	return &last
}

// storesLearnNothing reads through a signed URL to another server.
func storesLearnNothing(t *testing.T) {
	d := generated(t)
	last := sniffed(t, d, "")
	m := d.mount(t)
	if got := m.run("cat", m.path("dataset", "internal", "one")); got != "x" {
		t.Errorf("it was not read from there: %q", got)
	}
	r := last.Load()
	if r == nil {
		t.Fatal("it was not asked")
	}
	for name := range r.Header {
		if !slices.Contains([]string{"Range", "User-Agent", "If-Match"}, name) {
			t.Errorf("it was told %s: %q", name, r.Header[name])
		}
	}
}

// redirectsLeadNowhere has a signed URL answered by a way to elsewhere.
func redirectsLeadNowhere(t *testing.T) {
	var asked atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(elsewhere.Close)
	d := generated(t)
	last := sniffed(t, d, elsewhere.URL)
	m := d.mount(t)
	if _, err := m.try("cat", m.path("dataset", "internal", "one")); err == nil {
		t.Error("it was read")
	}
	if last.Load() == nil || asked.Load() > 0 {
		t.Errorf("the store was asked: %v, and elsewhere %d times", last.Load() != nil, asked.Load())
	}
}

// clientsAreApart looks for what would make one client of both, or keep cookies,
// or follow redirects: there is one http.Client, for S3, which follows none.
func clientsAreApart(t *testing.T) {
	for file, text := range programText(t) {
		for _, no := range []string{"http.DefaultClient", "http.DefaultTransport", "http.Get(", "http.Post(", "cookiejar", "http.Head("} {
			if strings.Contains(text, no) {
				t.Errorf("%s has %s", file, no)
			}
		}
		if strings.Contains(text, "http.Client{") && (!strings.HasSuffix(file, "remote/bucket/guard.go") || !strings.Contains(text, "http.ErrUseLastResponse")) {
			t.Errorf("%s has a client of its own", file)
		}
	}
}

// certificatesAreVerified mounts a deployment whose certificate nobody knows,
// and then with that as the machine's.
func certificatesAreVerified(t *testing.T) {
	for file, text := range programText(t) {
		if strings.Contains(text, "InsecureSkipVerify") || strings.Contains(text, "VersionTLS10") || strings.Contains(text, "VersionTLS11") {
			t.Errorf("%s turns the verification off, or down", file)
		}
	}
	var asked atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		http.Error(w, "no", http.StatusTeapot)
	}))
	s.Config.ErrorLog = quiet
	s.StartTLS()
	t.Cleanup(s.Close)
	d := serve(t)
	env := append(d.environment(t), "CODEOCEAN_DOMAIN="+s.URL)
	_, stderr, code := command(t, env, "mount", t.TempDir())
	if code != 32 || !strings.Contains(stderr, "certificate") || asked.Load() > 0 {
		t.Errorf("status %d after %d requests: %s", code, asked.Load(), stderr)
	}
	// What the machine trusts is a file, and the only way to trust more.
	known := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(known, pemOf(s.Certificate()), 0o600))
	_, stderr, code = command(t, append(env, "SSL_CERT_FILE="+known), "mount", t.TempDir())
	if code != 32 || asked.Load() == 0 || !strings.Contains(stderr, "not as a Code Ocean deployment") {
		t.Errorf("with a file: status %d after %d requests: %s", code, asked.Load(), stderr)
	}
}

// listensToNobody looks for the sockets at which the process of a mount waits
// for connections.
func listensToNobody(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root sees the sockets of a process that hides itself")
	}
	d := generated(t)
	for flags, want := range map[string]string{"": "", "--metrics-addr 127.0.0.1:0": "0100007F"} {
		m := d.mount(t, strings.Fields(flags)...)
		m.run("cat", m.path("dataset", "internal", "one"), m.path("dataset", "external", "one"))
		if got := listeners(t, m.process.Pid); got != want {
			t.Errorf("with %q it listens at %q, not %q", flags, got, want)
		}
	}
}

// listeners are the addresses, in hexadecimal, at which a process listens.
func listeners(t *testing.T, pid int) string {
	t.Helper()
	own := make(map[string]bool)
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	must(t, err)
	for _, fd := range fds {
		target, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, fd.Name())) // one may be closed by now
		if m := regexp.MustCompile(`^socket:\[(\d+)\]$`).FindStringSubmatch(target); m != nil {
			own[m[1]] = true
		}
	}
	if len(own) == 0 {
		t.Errorf("no socket of process %d was found", pid)
	}
	var at []string
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6", "unix"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		must(t, err)
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			const listening = "0A"
			switch {
			case table == "unix" && len(f) > 7 && own[f[6]] && f[3] == "00010000": // __SO_ACCEPTCON
				at = append(at, f[7])
			case strings.HasPrefix(table, "tcp") && len(f) > 9 && own[f[9]] && f[3] == listening,
				strings.HasPrefix(table, "udp") && len(f) > 9 && own[f[9]] && strings.HasSuffix(f[2], ":0000"):
				address, _, _ := strings.Cut(f[1], ":")
				at = append(at, address)
			}
		}
	}
	return strings.Join(at, " ")
}

// noTokenAnywhere makes a mount say all that it has to say, and fail, and start
// programs, and looks for the token everywhere.
func noTokenAnywhere(t *testing.T) {
	d := generated(t)
	home := t.TempDir()
	dump := filepath.Join(home, "environment-of-children")
	script := filepath.Join(home, "keys")
	key := emulator.DefaultS3Keys()[0]
	must(t, os.WriteFile(script, fmt.Appendf(nil, "#!/bin/sh\nenv >> %s\ntr '\\0' '\\n' < /proc/$PPID/cmdline >> %[1]s\necho '{\"Version\": 1, \"AccessKeyId\": \"%s\", \"SecretAccessKey\": \"%s\"}'\n",
		dump, key.AccessKey, key.SecretKey), 0o700))
	config := filepath.Join(home, "config")
	must(t, os.WriteFile(config, []byte("[profile made]\ncredential_process = "+script+"\n"), 0o600))
	env := append(d.environment(t), "AWS_CONFIG_FILE="+config, "AWS_PROFILE=made", "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "CO_TOKEN=cop_demo", "HOME="+home)
	m, err := d.tryMount(t, t.TempDir(), env, "--log-level", "debug", "--metrics-addr", "127.0.0.1:0")
	must(t, err)
	m.run("cat", m.path("dataset", "internal", "block"), m.path("dataset", "external", "block"))
	remove := d.Inject(emulator.Fault{Status: 403, Body: "cop_demo Basic Y29wX2RlbW86 https://x/?X-Amz-Signature=0123456789abcdef"})
	m.try("cat", m.path("dataset", "internal", "big"), m.path("dataset", "external", "middle"))
	remove()
	m.process.Signal(syscall.SIGUSR1)
	metrics := regexp.MustCompile(`at=(http://\S+/metrics)`).FindStringSubmatch(m.logLine("metrics are served"))
	m.logLine("msg=goroutines")
	texts := map[string]string{"metrics": get(t, metrics[1])}
	for _, file := range []string{"control/README", "control/status.json", "control/stats", "control/errors.jsonl", "dataset/internal/.meta.json", "dataset/external/.meta.json"} {
		texts[file] = m.run("cat", m.path(file))
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	must(t, err)
	texts["the table of mounts"] = string(mounts)
	started, err := os.ReadFile(dump)
	if err != nil || !strings.Contains(string(started), "AWS_PROFILE=made") {
		t.Fatalf("no program was started: %v", err)
	}
	texts["the environment of programs"] = string(started)
	m.stop()
	texts["the log"] = m.log.String()
	must(t, filepath.WalkDir(home, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && path != script {
			text, err := os.ReadFile(path)
			texts[path] = string(text)
			return err
		}
		return err
	}))
	leak := regexp.MustCompile(`cop_demo|Y29wX2Rl|X-Amz-Signature=[0-9a-f]{8}|not/a/secret`)
	for where, text := range texts {
		if found := leak.FindString(text); found != "" {
			t.Errorf("%s holds %q", where, found)
		}
	}
}
