package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// TestConfig sets one thing in the file, the environment and a flag: each goes
// before the one before it.
func TestConfig(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	config := filepath.Join(t.TempDir(), "config.yaml")
	text := "type: model\nread-only: true\numask: 077\nmemory-limit: 128M\nrefresh-interval: 2s\n" +
		"buckets:\n  demo-open-data:\n    anonymous: true\n    endpoint: " + d.S3URL() + "\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := d.environment(t)
	types := func(m *mounted) string { return strings.Join(strings.Fields(m.run("ls", m.point)), " ") }

	m, err := d.tryMount(t, t.TempDir(), env, "--config", config)
	if err != nil {
		t.Fatal(err)
	}
	if got := types(m); got != "control model" {
		t.Errorf("from the file: %s", got)
	}
	if got := m.run("stat", "-c", "%a", m.path("model")); got != "700\n" {
		t.Errorf("umask from the file: %s", got)
	}
	if got := m.run("cat", m.path("control", "status.json")); !strings.Contains(got, `"read_only": true`) {
		t.Errorf("read-only from the file: %s", got)
	}
	m, err = d.tryMount(t, t.TempDir(), append(env, "CODEOCEANFS_TYPE=combined"), "--config", config)
	if err != nil {
		t.Fatal(err)
	}
	if got := types(m); got != "combined control" {
		t.Errorf("from the environment: %s", got)
	}
	m, err = d.tryMount(t, t.TempDir(), append(env, "CODEOCEANFS_TYPE=combined"), "--config", config, "--type", "dataset", "--umask", "022")
	if err != nil {
		t.Fatal(err)
	}
	if got := types(m); got != "control dataset" {
		t.Errorf("from the flag: %s", got)
	}
	if got := m.run("stat", "-c", "%a", m.path("dataset")); got != "755\n" {
		t.Errorf("umask from the flag: %s", got)
	}
	m.run("cat", m.path("dataset", "ecephys_661398_2023-03-31_17-01-09", "subject.json"))

	// An empty variable is none.
	if err := os.WriteFile(config, []byte("domain: "+d.APIURL()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.tryMount(t, t.TempDir(), append(env, "CODEOCEAN_DOMAIN=", "CODEOCEANFS_UMASK="), "--config", config); err != nil {
		t.Error(err)
	}
}

// TestMistypedVariable sets a variable that does nothing: whoever mounts is told
// of it once, also where a background process does the work.
func TestMistypedVariable(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	log := filepath.Join(t.TempDir(), "log")
	env := append(d.environment(t), "CODEOCEANFS_MEMORY_LIMT=1G", "CODEOCEAN_TOKEN=cop_wrong")
	_, stderr, code := command(t, env, "mount", "--log-file", log, t.TempDir())
	const warning = "codeoceanfs: the variable CODEOCEANFS_MEMORY_LIMT does nothing: did you mean CODEOCEANFS_MEMORY_LIMIT?\n"
	if code != 32 || strings.Count(stderr, warning) != 1 || !strings.Contains(stderr, "refuses the token") {
		t.Errorf("status %d: %s", code, stderr)
	}
	text, err := os.ReadFile(log)
	if err != nil || strings.Contains(string(text), "did you mean") {
		t.Errorf("logged %s, %v", text, err)
	}
}

// TestTokenFile replaces the token in its file while it is mounted.
func TestTokenFile(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	file := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		if err := os.WriteFile(file+".new", []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	write("cop_demo")
	env := append(d.environment(t), "CODEOCEAN_TOKEN=")
	m, err := d.tryMount(t, t.TempDir(), env, "--token-file", file)
	if err != nil {
		t.Fatal(err)
	}
	asset := m.path("dataset", "MRI_721832_2024-02-11_09-30-00")
	m.run("ls", m.path("dataset"))
	d.SetTokens(emulator.Token{Token: "cop_demo_next", User: "5f0c6f3e-8c5e-4a55-9d3b-0b8f5f3c9a01", Email: "ada@lab.example", Access: "read-write"})
	if _, err := m.try("ls", asset); err != nil && !strings.Contains(err.Error(), "Permission denied") {
		t.Errorf("with the old token: %v", err)
	}
	write("cop_demo_next")
	eventually(t, "the new token", func() error {
		_, err := m.try("cat", asset+"/participants.tsv")
		return err
	})
}
