package test

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// TestBenchTable judges rows that were measured by nobody.
func TestBenchTable(t *testing.T) {
	t.Parallel()
	of := func(seconds, daemon float64, fetched int64) sample {
		return sample{measured: measured{Seconds: seconds, Bytes: gib, Count: 10}, daemon: daemon, fetched: fetched}
	}
	for name, c := range map[string]struct {
		line   line
		value  float64
		missed []string
	}{
		"the median of the rounds counts": {
			line:  line{row: row{unit: "s"}, ours: []sample{of(9, 0, 0), of(1, 0, 0), of(2, 0, 0)}, goal: goal{value: 2}},
			value: 2,
		},
		"of two rounds, their mean": {
			line:  line{row: row{unit: "ms"}, ours: []sample{of(1, 0, 0), of(2, 0, 0)}, goal: goal{value: 149}},
			value: 150, missed: []string{"ms"},
		},
		"a rate has to be high": {
			line:  line{row: row{unit: "MB/s"}, ours: []sample{of(1, 0, 0)}, goal: goal{value: 1073.741824}},
			value: 1073.741824,
		},
		"a ratio is one of the same round": {
			line: line{
				row: row{unit: "s"}, ours: []sample{of(1, 0, 0), of(4, 0, 0), of(9, 0, 0)},
				floor: []measured{{Seconds: 1}, {Seconds: 2}, {Seconds: 3}}, goal: goal{ratio: 1.9},
			},
			value: 4, missed: []string{"ratio"},
		},
		"what it costs": {
			line:  line{row: row{unit: "s"}, ours: []sample{of(1, 2, 2*gib)}, goal: goal{perByte: 1.9, cpu: 1.9, rss: 1}, rss: 2},
			value: 1, missed: []string{"B/B", "CPU", "memory"},
		},
		"requests where none is needed": {
			line:  line{row: row{unit: "s"}, ours: []sample{{measured: measured{Seconds: 1}, requests: 1}}, goal: goal{noRequests: true}},
			value: 1, missed: []string{"requests"},
		},
		"a floor that is missing reaches nothing": {
			line:  line{row: row{unit: "s"}, ours: []sample{of(1, 0, 0)}, goal: goal{ratio: 1}},
			value: 1, missed: []string{"ratio"},
		},
		"no round at all": {line: line{row: row{unit: "s"}}, value: math.NaN(), missed: []string{"failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.line.value(); got != c.value && !math.IsNaN(c.value) {
				t.Errorf("value %v, not %v", got, c.value)
			}
			if got := c.line.missed(); !slices.Equal(got, c.missed) {
				t.Errorf("missed %q, not %q", got, c.missed)
			}
		})
	}
}

// TestBenchColumns prints a table whose columns stand below each other.
func TestBenchColumns(t *testing.T) {
	t.Parallel()
	part := tablePart{title: "here", lines: []*line{
		{row: row{name: "short", unit: "s"}, ours: []sample{{measured: measured{Seconds: 1.5}}}, peers: map[string][]measured{"other": {{Seconds: 12.34}}}},
		{row: row{name: "a longer name – äöü", unit: "files/s"}, goal: goal{ratio: 0.9}},
	}}
	var s strings.Builder
	part.print(&s)
	lines := strings.Split(strings.TrimSpace(s.String()), "\n")
	if len(lines) != 4 {
		t.Fatalf("%d lines:\n%s", len(lines), s.String())
	}
	place := func(line, word string) int {
		before, _, found := strings.Cut(line, word)
		if !found {
			t.Errorf("no %q in %q", word, line)
		}
		return len([]rune(before))
	}
	if a, b := place(lines[0], "goal"), place(lines[3], "≥ 0.9 × floor"); a != b {
		t.Errorf("the goal is at %d, below %d:\n%s", b, a, s.String())
	}
	if a, b := place(lines[0], "other")+len("other"), place(lines[2], "12.3")+len("12.3"); a != b {
		t.Errorf("the peer's number ends at %d, not %d:\n%s", b, a, s.String())
	}
}
