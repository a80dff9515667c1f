package test

import (
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// TestNamesInLogs lets files fail whose names would speak to a terminal, or
// begin a line of their own in the log.
func TestNamesInLogs(t *testing.T) {
	t.Parallel()
	d := serve(t)
	hostile := "x\n2026-01-01 level=INFO msg=forged\x1b[31m\u009b31m\u202e\x7f"
	id := d.add(t, emulator.Asset{
		Record:   emulator.Record{Name: hostile, Type: "dataset", State: "ready"},
		Generate: []emulator.Generated{{Path: hostile, Size: 10}, {Path: hostile + "/f", Size: 10}},
	})
	m := d.mount(t)
	m.run("ls", "-R", m.path("dataset"))
	defer d.Inject(emulator.Fault{Route: "urls", Status: 403, Body: `{"message": "no \u001b[31m \n forged \u009b31m \u202e"}`})()
	m.fails("Permission denied", "sh", "-c", `cat "$0"/*file`, m.path(".by-id", id))
	faults := m.faults()
	for what, text := range map[string]string{"the log": m.log.String(), "errors.jsonl": faults, "status.json": m.run("cat", m.path("control", "status.json"))} {
		if i := strings.IndexFunc(text, func(c rune) bool {
			return c != '\n' && c < 0x20 || c >= 0x7f && c < 0xa0 || c == '\u202e'
		}); i >= 0 {
			t.Errorf("%s holds %q: %q", what, text[i:i+1], text)
		}
	}
	if !strings.Contains(faults, `forged`) || strings.Count(faults, "\n") != 1 {
		t.Errorf("errors.jsonl is not one line: %q", faults)
	}
	if strings.Contains(m.log.String(), "\n2026-01-01") || strings.Contains(m.log.String(), "\n forged") {
		t.Errorf("a line of the log is forged: %s", m.log)
	}
}
