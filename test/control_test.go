package test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// status is what the tests look for in control/status.json.
type status struct {
	Token struct {
		Accepted             bool
		Since, Message, File string
	}
	Catalog struct {
		LastError string `json:"last_error"`
	}
	Cache struct {
		Hedged, Evicted int64
		Kept            int64 `json:"bytes_kept"`
	}
	Process struct {
		Goroutines int
		HeapBytes  int64 `json:"heap_bytes"`
	}
	Hidden struct {
		Count    int
		Examples map[string][]struct{ Path, Reason string } // by asset id
	}
}

func (m *mounted) status() (s status) {
	m.t.Helper()
	if err := json.Unmarshal([]byte(m.run("cat", m.path("control", "status.json"))), &s); err != nil {
		m.t.Fatal(err)
	}
	return s
}

func (m *mounted) eventuallyStatus(is func(status) bool) {
	m.t.Helper()
	eventually(m.t, "status.json", func() error {
		if s := m.status(); !is(s) {
			return fmt.Errorf("%w: %+v", errNotYet, s)
		}
		return nil
	})
}

// hidden is what status.json says that assets do not show, "path: reason": those
// of the ids, or all. The id "" is of no asset.
func (s status) hidden(ids ...string) (all []string) {
	for id, examples := range s.Hidden.Examples {
		if len(ids) > 0 && !slices.Contains(ids, id) {
			continue
		}
		for _, e := range examples {
			all = append(all, e.Path+": "+e.Reason)
		}
	}
	return all
}

// faults is what errors.jsonl holds.
func (m *mounted) faults() string {
	m.t.Helper()
	return m.run("cat", m.path("control", "errors.jsonl"))
}

// told looks for a line of errors.jsonl that holds all of the words.
func (m *mounted) told(words ...string) {
	m.t.Helper()
	if all := m.faults(); linesWith(all, words...) == "" {
		m.t.Errorf("no line with %q in errors.jsonl:\n%s", words, all)
	}
}

// logged waits for words in the log, which comes through a pipe of its own and
// may be behind what the mount has answered.
func (m *mounted) logged(words string) {
	m.t.Helper()
	eventually(m.t, fmt.Sprintf("%q in the log", words), func() error {
		if !strings.Contains(m.log.String(), words) {
			return errNotYet
		}
		return nil
	})
}

// linesWith are the lines of a text that hold all of the words.
func linesWith(text string, words ...string) string {
	var found strings.Builder
	for line := range strings.Lines(text) {
		if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(line, word) }) {
			found.WriteString(line)
		}
	}
	return found.String()
}
