package control_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"codeoceanfs/control"
	"codeoceanfs/remote/fault"
)

func TestFaults(t *testing.T) {
	var f control.Faults
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for range 3 {
		f.Add(logger, "read", "id", "a/b", syscall.EIO, errors.New("cut short"))
	}
	f.Add(logger, "list", "id", "c", syscall.EACCES, errors.New("refused: cop_secrettoken1234 https://s3/x?X-Amz-Signature=0123456789abcdef"))
	if n := f.Total(); n != 4 {
		t.Errorf("total %d", n)
	}
	raw, last := f.JSONL()
	if last.IsZero() {
		t.Error("no time")
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines: %s", len(lines), raw)
	}
	var first struct {
		Op, Asset, Path, Errno, Error string
		Times                         int
	}
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	if first.Op != "read" || first.Errno != "EIO" || first.Times != 3 || first.Error != "cut short" {
		t.Errorf("%+v", first)
	}
	if n := strings.Count(log.String(), "read failed"); n != 1 {
		t.Errorf("the log tells of it %d times:\n%s", n, log.String())
	}
	for _, out := range []string{string(raw), log.String()} {
		if strings.Contains(out, "secrettoken") || strings.Contains(out, "0123456789abcdef") {
			t.Errorf("a secret in %s", out)
		}
	}
}

func TestFaultsAreBounded(t *testing.T) {
	var f control.Faults
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for range 100 {
		f.Add(logger, "open", "id", rand.Text(), syscall.EACCES, fault.ErrToken)
	}
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("%d lines about one token", n)
	}
	f = control.Faults{}
	log.Reset()
	for i := range 5000 {
		f.Add(logger, "read", "id", strings.Repeat("x", i), syscall.EIO, errors.New("x"))
	}
	if n := strings.Count(log.String(), "\n"); n > 50 {
		t.Errorf("%d lines in the log", n)
	}
	raw, _ := f.JSONL()
	if n := bytes.Count(raw, []byte("\n")); n != 200 {
		t.Errorf("%d lines are kept", n)
	}
	if f.Total() != 5000 {
		t.Errorf("total %d", f.Total())
	}
}

func TestStatus(t *testing.T) {
	b, err := control.Status{Domain: "codeocean.example.org", Cache: struct{ Blocks int }{7}}.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal(b, &back); err != nil || back["domain"] != "codeocean.example.org" {
		t.Errorf("%v, %v", back, err)
	}
}

func TestReadmeNamesItsFiles(t *testing.T) {
	for _, name := range []string{"README", "status.json", "errors.jsonl"} {
		if !bytes.Contains(control.README(true), []byte("\n"+name+" ")) {
			t.Errorf("no word about %s", name)
		}
	}
}

// What a terminal would obey is escaped, and the JSON says the same.
func TestVisible(t *testing.T) {
	const hostile = "a\x1b[0m\x7f\u009b1m\u202eb\u200d\U000e0001 é 🧠"
	var f control.Faults
	f.Add(slog.New(slog.DiscardHandler), "read", "id", hostile, syscall.EIO, errors.New("cut short"))
	text, _ := f.JSONL()
	if strings.ContainsAny(string(text), "\x1b\x7f\u009b\u202e\U000e0001") {
		t.Errorf("%q", text)
	}
	var line struct{ Path string }
	if err := json.Unmarshal(text, &line); err != nil || line.Path != hostile {
		t.Errorf("%q, %v", line.Path, err)
	}
}
