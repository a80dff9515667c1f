package service

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/bucket"
)

func TestReadConfig(t *testing.T) {
	t.Setenv("HOME", "/home/ada")
	flags := map[string]bool{"umask": true, "cache-dir": true, "token-file": true, "log-file": true, "uid": false, "read-only": false, "type": false, "read-timeout": false, "cache-size": true}
	dir := t.TempDir()
	for name, c := range map[string]struct {
		text string
		want map[any]any
		fail string
	}{
		"nothing":          {"", map[any]any{}, ""},
		"comments":         {"# nothing\n", map[any]any{}, ""},
		"text":             {"umask: 077\n", map[any]any{"umask": "077"}, ""},
		"numbers":          {"uid: 7\nread-only: true\n", map[any]any{"uid": 7, "read-only": true}, ""},
		"lists":            {"type: [dataset, model]\n", map[any]any{"type": []any{"dataset", "model"}}, ""},
		"home":             {"cache-dir: ~/x\n", map[any]any{"cache-dir": "/home/ada/x"}, ""},
		"beside it":        {"token-file: t/ok\n", map[any]any{"token-file": filepath.Join(dir, "t/ok")}, ""},
		"elsewhere":        {"log-file: /l\n", map[any]any{"log-file": "/l"}, ""},
		"a list of one":    {"type: dataset\n", map[any]any{"type": []any{"dataset"}}, ""},
		"an alias":         {"umask: &u 077\ncache-size: *u\n", map[any]any{"umask": "077", "cache-size": "077"}, ""},
		"list of lists":    {"type: [[model]]\n", nil, "config.yaml: line 1: type: each item"},
		"true and false":   {"read-only: \"true\"\n", map[any]any{"read-only": true}, ""},
		"not true":         {"uid: 7\nread-only: maybe\n", nil, `config.yaml: line 2: read-only: "maybe" is neither true nor false`},
		"yes":              {"read-only: \"yes\"\n", nil, `read-only: "yes" is neither true nor false`},
		"a list of truths": {"read-only: [true]\n", nil, "read-only: this takes one value, not a list"},
		"nothing said":     {"read-only:\ntype:\n", map[any]any{}, ""},
		"durations":        {"read-timeout: 5m\n", map[any]any{"read-timeout": 5 * time.Minute}, ""},
		"no unit":          {"read-timeout: 30\n", nil, `read-timeout: "30" is not a duration, as 30s or 5m`},
		"many durations":   {"read-timeout: [5m]\n", nil, "read-timeout: this takes one value, not a list"},
		"named durations":  {"read-timeout: {a: 5m}\n", nil, "read-timeout: this takes a value, not more names"},
		"no number":        {"uid: me\n", nil, `uid: "me" is not a whole number`},
		"many sizes":       {"cache-size: [1G]\n", nil, "cache-size: this takes one value, not a list"},
		"named sizes":      {"cache-size: {a: 1G}\n", nil, "cache-size: this takes a value, not more names"},
		"unknown flag":     {"umsk: 077\n", nil, `no flag "umsk"`},
		"no YAML":          {"\t{", nil, "cannot be used"},
		"a list":           {"- a\n", nil, "into flags, one a line"},
		"unknown rule":     {"buckets: {b: {profle: x}}\n", nil, "profile, region, endpoint and anonymous"},
		"not even rule":    {"buckets: {b: 7}\n", nil, "rule of a bucket"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, "config.yaml")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := ReadConfig(file, flags)
			switch {
			case c.fail == "" && (err != nil || fmt.Sprint(got.Flags) != fmt.Sprint(c.want)):
				t.Errorf("%v, %v, not %v", got.Flags, err, c.want)
			case c.fail != "" && (err == nil || !strings.Contains(err.Error(), c.fail) || strings.Contains(err.Error(), "struct {")):
				t.Errorf("%v, not %q", err, c.fail)
			}
		})
	}
}

func TestReadConfigBuckets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	text := "buckets:\n  a: {profile: lab, region: us-west-2}\n  b:\n    endpoint: https://minio.example.org\n    anonymous: true\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := ReadConfig(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bucket.Rule{
		"a": {Profile: "lab", Region: "us-west-2"},
		"b": {Endpoint: "https://minio.example.org", Anonymous: true},
	}
	if fmt.Sprint(got.Buckets) != fmt.Sprint(want) {
		t.Errorf("%+v", got.Buckets)
	}
}

func TestDefaultConfigMayBeMissing(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	if got, err := ReadConfig("", nil); err != nil || len(got.Flags) > 0 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := ReadConfig("/none.yaml", nil); err == nil {
		t.Error("a file that was named may be missing")
	}
}

func TestCheck(t *testing.T) {
	point := t.TempDir()
	good := func() *Settings {
		return &Settings{Point: point, CacheDir: t.TempDir(), StateDir: t.TempDir(), MemoryLimit: minMemory, Refresh: time.Second}
	}
	if err := good().Check(); err != nil {
		t.Error(err)
	}
	for says, spoil := range map[string]func(*Settings){
		"mount point":        func(s *Settings) { s.Point = "" },
		"--cache-dir":        func(s *Settings) { s.CacheDir = "" },
		"--state-dir":        func(s *Settings) { s.StateDir = "" },
		"--memory-limit":     func(s *Settings) { s.MemoryLimit-- },
		"--type":             func(s *Settings) { s.Types = []string{"dataset", "datum"} },
		"--refresh-interval": func(s *Settings) { s.Refresh = 0 },
		"--log-file":         func(s *Settings) { s.LogFile = filepath.Join(point, "log") },
		"inside":             func(s *Settings) { s.CacheDir = point },
	} {
		s := good()
		spoil(s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

func TestOpenLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dir", "log")
	for _, format := range []string{"text", "json"} {
		log, closer, err := OpenLog(file, "warn", format)
		if err != nil {
			t.Fatal(err)
		}
		log.Info("quiet")
		log.Warn("loud", "url", "https://s3/x?X-Amz-Signature=0123456789abcdef&a=b", "token", "cop_0123456789")
		if err := closer.Close(); err != nil {
			t.Error(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "loud"); n != 2 {
		t.Errorf("%d lines: %s", n, text)
	}
	for _, no := range []string{"quiet", "0123456789"} {
		if strings.Contains(string(text), no) {
			t.Errorf("%q in %s", no, text)
		}
	}
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	// A log that has grown is put aside, and one old one kept.
	if err := os.WriteFile(file, make([]byte, maxLog+1), 0o600); err != nil {
		t.Fatal(err)
	}
	_, closer, err := OpenLog(file, "info", "text")
	if err != nil {
		t.Fatal(err)
	}
	closer.Close()
	if st, err := os.Stat(file); err != nil || st.Size() != 0 {
		t.Errorf("%v, %v", st.Size(), err)
	}
	if _, err := os.Stat(file + ".old"); err != nil {
		t.Error(err)
	}
}
