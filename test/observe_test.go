package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"codeoceanfs/remote/emulator"
)

// logLine waits for a line of the log that holds all of the words.
func (m *mounted) logLine(words ...string) (line string) {
	m.t.Helper()
	eventually(m.t, fmt.Sprintf("a line with %q in the log", words), func() error {
		if line = linesWith(m.log.String(), words...); line == "" {
			return errNotYet
		}
		return nil
	})
	return line
}

// TestWhatIsUnderWay stalls a read and a listing, and asks with SIGUSR1 what the
// mount does: each operation is named, with its age and what it waits for.
func TestWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t, "--log-format", "json")
	file := m.path("dataset", "internal", "middle")
	m.run("stat", file)
	defer d.Inject(emulator.Fault{Route: "s3.GetObject", Path: "middle", StallAfter: -1})()
	heal := d.Inject(emulator.Fault{Route: "s3.ListObjectsV2", StallAfter: -1})
	for _, args := range [][]string{{"cat", file}, {"ls", m.path("dataset", "external")}} {
		stop := m.start(args...)
		defer stop()
	}
	eventually(t, "operations under way", func() error {
		if n, err := strconv.Atoi(strings.TrimSpace(m.metric("codeoceanfs_operations"))); err != nil || n < 3 || // with that of stats itself
			d.Requests("s3.ListObjectsV2") == 0 || d.Requests("s3.GetObject") == 0 {
			return fmt.Errorf("%w: %d %v", errNotYet, n, err)
		}
		return nil
	})
	m.process.Signal(syscall.SIGUSR1)
	read := m.logLine(`"operation under way"`, `"op":"read"`, `"path":"middle"`, generatedID)
	var line struct {
		Age, Budget string
		PID         int
		WaitsFor    string `json:"waits_for"`
	}
	must(t, json.Unmarshal([]byte(strings.SplitAfter(read, "\n")[0]), &line))
	if line.Age == "" || line.Budget != "1m0s" || line.PID == 0 || !regexp.MustCompile(`^read range at 127\.0\.0\.1:\d+: (bytes|an answer), for `).MatchString(line.WaitsFor) {
		t.Errorf("%+v", line)
	}
	m.logLine(`"operation under way"`, `"op":"list"`, "list folder at 127.0.0.1:")
	m.logLine(`"request under way"`, `"op":"read range"`, `"path":"middle"`)
	stacks := m.logLine(`"goroutines"`, "fs.(*fileHandle).Read file.go:")
	if regexp.MustCompile(`0x[0-9a-f]{3}`).MatchString(stacks) {
		t.Errorf("arguments in a stack: %s", stacks)
	}
	heal()
	// It goes on, and can be asked again.
	m.process.Signal(syscall.SIGUSR1)
	eventually(t, "a second answer", func() error {
		if strings.Count(m.log.String(), "what is under way") < 2 {
			return errNotYet
		}
		return nil
	})
	m.run("ls", m.path("dataset", "external"))
}

// TestHostsOutOfReach has status.json and SIGUSR1 name a store that is not there.
func TestHostsOutOfReach(t *testing.T) {
	t.Parallel()
	d := serve(t)
	d.addExternal(t, "down", "", emulator.Bucket{Name: "down", Public: true, Generate: []emulator.Generated{{Path: "a", Text: "a"}}})
	m := d.mountAs(t, t.TempDir(), "buckets:\n  down: {endpoint: \"http://127.0.0.1:1\"}\n")
	if s := m.run("cat", m.path("control", "status.json")); strings.Contains(s, "unreachable") {
		t.Errorf("before anything was asked: %s", s)
	}
	stop := m.start("ls", m.path("dataset", "down"))
	defer stop()
	var status struct {
		Unreachable []struct {
			Host, Error string
			Attempts    int
		}
	}
	eventually(t, "the host in status.json", func() error {
		must(t, json.Unmarshal([]byte(m.run("cat", m.path("control", "status.json"))), &status))
		if len(status.Unreachable) == 0 {
			return errNotYet
		}
		return nil
	})
	if got := status.Unreachable[0]; got.Host != "127.0.0.1:1" || got.Attempts == 0 || !strings.Contains(got.Error, "connection refused") {
		t.Errorf("%+v", got)
	}
	m.process.Signal(syscall.SIGUSR1)
	m.logLine("host that cannot be reached", "host=127.0.0.1:1", "connection refused")
}

// metric is a number of control/stats.
func (m *mounted) metric(name string) string {
	m.t.Helper()
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (.*)$`).FindStringSubmatch(m.run("cat", m.path("control", "stats")))
	if found == nil {
		return ""
	}
	return found[1]
}

// TestRequestIDs looks for the server's name of a request that failed.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t, "--log-format", "json")
	m.run("stat", m.path("dataset", "internal", "one"))
	for route, header := range map[string]string{"urls": "X-Request-Id", "s3.GetObject": "X-Amz-Request-Id"} {
		id := "id-of-" + strings.ReplaceAll(route, ".", "-")
		heal := d.Inject(emulator.Fault{Route: route, Status: 403, Header: http.Header{header: {id}}, Body: "no"})
		asset := map[string]string{"urls": "internal", "s3.GetObject": "external"}[route]
		m.fails("Permission denied", "cat", m.path("dataset", asset, "one"))
		m.told(`"request":"`+id+`"`, "EACCES")
		m.logLine(`"request":"` + id + `"`)
		heal()
	}
}

// TestMetrics asks as Prometheus does.
func TestMetrics(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t, "--metrics-addr", "127.0.0.1:0")
	m.run("cat", m.path("dataset", "internal", "one"))
	found := regexp.MustCompile(`at=(http://127\.0\.0\.1:\d+/metrics)`).FindStringSubmatch(m.logLine("metrics are served"))
	if found == nil {
		t.Fatalf("no address in the log:\n%s", m.log)
	}
	text := get(t, found[1])
	for _, want := range []string{
		"codeoceanfs_catalog_complete 1", `codeoceanfs_operation_seconds_count{op="read"}`, "codeoceanfs_requests_bytes ",
		"codeoceanfs_cache_misses ", "go_goroutines ", "process_resident_memory_bytes ",
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if secrets.MatchString(text) || strings.Contains(text, "internal") {
		t.Errorf("a secret, or a name, in\n%s", text)
	}
	if stats := m.run("cat", m.path("control", "stats")); strings.Contains(stats, "go_goroutines") || !strings.Contains(stats, "codeoceanfs_catalog_assets ") {
		t.Errorf("control/stats:\n%s", stats)
	}
	for address, says := range map[string]string{
		"0.0.0.0:0": "open to other machines", ":9470": "open to other machines", "[::]:0": "open to other machines",
		"example.org:80": "open to other machines", "9470": "no address",
	} {
		if _, stderr, code := command(t, d.environment(t), "mount", "--metrics-addr", address, t.TempDir()); code != 1 || !strings.Contains(stderr, says) {
			t.Errorf("%s: %d %s", address, code, stderr)
		}
	}
	busy := strings.TrimSuffix(strings.TrimPrefix(found[1], "http://"), "/metrics")
	if _, stderr, code := command(t, d.environment(t), "mount", "--metrics-addr", busy, t.TempDir()); code != 32 || !strings.Contains(stderr, "another program listens there") {
		t.Errorf("an address in use: %d %s", code, stderr)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	must(t, err)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(resp.Status))
	}
	must(t, err)
	return string(text)
}
