package test

import (
	"flag"
	"fmt"
	"strings"
	"testing"
)

// inside runs tests in this process, which is one that a test has started,
// prints what they say, and exits. Their names may be any.
func inside(tests map[string]func(*testing.T)) error {
	if err := flag.CommandLine.Parse([]string{"-test.v"}); err != nil {
		return err
	}
	var all []testing.InternalTest
	for name, f := range tests {
		all = append(all, testing.InternalTest{Name: name, F: f})
	}
	testing.Main(func(_, _ string) (bool, error) { return true, nil }, all, nil, nil)
	return nil
}

// outcomes runs a helper that runs tests inside, and tells what each of them
// said: nothing when it passed.
func (m *mounted) outcomes(helper string, args ...string) map[string]string {
	m.t.Helper()
	out, err := m.helper(helper, args...)
	return parseOutcomes(m.t, out, err)
}

// parseOutcomes reads what inside has printed, and how its program ended: with
// an error when a test failed.
func parseOutcomes(t testing.TB, out string, err error) map[string]string {
	t.Helper()
	said := make(map[string]string)
	for _, part := range strings.Split(out, "=== RUN   ")[1:] {
		name, rest, _ := strings.Cut(part, "\n")
		switch {
		case strings.Contains(rest, "--- PASS: "):
			said[name] = ""
		case strings.Contains(rest, "--- SKIP: "):
			said[name] = "skipped: " + rest
		case strings.Contains(rest, "--- FAIL: "):
			said[name] = "failed: " + rest
		default:
			said[name] = fmt.Sprintf("did not end: %v", err)
		}
	}
	if len(said) == 0 {
		t.Fatalf("no test ran: %v", err)
	}
	return said
}

// each reports the outcomes as tests of this one.
func each(t *testing.T, outcomes map[string]string) {
	t.Helper()
	for name, said := range outcomes {
		t.Run(name, func(t *testing.T) {
			if said != "" {
				t.Error(said)
			}
		})
	}
}
