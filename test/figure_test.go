package test

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

// Two variables of "make reliability": fullVar has tests go on for as long as it
// takes to be sure, half an hour in all, where otherwise they show that they
// work; and figuresVar names a file for the table of what they have found out.
const (
	fullVar    = "CODEOCEANFS_TEST_FULL"
	figuresVar = "CODEOCEANFS_TEST_FIGURES"
)

// full reports whether tests are to take their time.
func full() bool { return os.Getenv(fullVar) != "" }

// figures is what tests have found out.
var figures struct {
	mu     sync.Mutex
	all    []found
	faults []*outcome // of the catalogue, in order
}

// found is one figure. Those of one place in the table are in the order in which
// they came.
type found struct {
	place       int
	what, value string
	goal        string // in words, or ""
	reached     bool
}

// The places of the table.
const (
	ofFaults = iota
	ofBytes
	ofTimes // and memory
	ofKills
	ofModel
	ofSoak
)

// figure notes what a test has found out, and what it should be. A test that
// does not reach it fails by itself.
func figure(t testing.TB, place int, what string, value any, goal string, reached bool) {
	t.Helper()
	t.Logf("%s: %v", what, value)
	note(found{place, what, fmt.Sprint(value), goal, reached})
}

func note(f found) {
	figures.mu.Lock()
	defer figures.mu.Unlock()
	figures.all = append(figures.all, f)
}

// writeFigures writes the table where figuresVar says, and shows it.
func writeFigures(failed bool) error {
	name := os.Getenv(figuresVar)
	if name == "" {
		return nil
	}
	bytes, wrong, short := allCompared()
	note(found{ofBytes, "bytes read by programs, and compared", fmt.Sprintf("%.1f GB", float64(bytes)/1e9), "20 GB", bytes >= 20e9})
	note(found{ofBytes, "reads that gave a wrong byte", fmt.Sprint(wrong), "0", wrong == 0})
	note(found{ofBytes, "reads that gave fewer bytes and no error", fmt.Sprint(short), "0", short == 0})
	note(found{ofBytes, "mounts whose logs hold a token, a signed URL or a key", fmt.Sprintf("%d of %d", leaks.Load(), searched.Load()), "0", leaks.Load() == 0})
	slices.SortStableFunc(figures.all, func(a, b found) int { return cmp.Compare(a.place, b.place) })

	var text strings.Builder
	fmt.Fprintf(&text, "make reliability, %s\n\n", time.Now().Format(time.DateOnly))
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tfigure\tgoal\t")
	for _, f := range figures.all {
		mark := ""
		if f.goal != "" && !f.reached {
			mark = "missed"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.what, f.value, f.goal, mark)
	}
	if failed {
		fmt.Fprintln(table, "some tests\tfailed\tnone\tmissed")
	}
	table.Flush()
	for i, o := range figures.faults {
		if i == 0 {
			fmt.Fprint(&text, "\nfault by fault; seconds are of the longest call that met it, and from its end to the first good read\n\n")
			fmt.Fprintln(table, "\tfault\t\tcall\tafter\t")
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\n", o.Number, o.Fault, o.Outcome, seconds(o.Worst), seconds(o.Recovery), cmp.Or(o.Why, strings.Join(o.Held, " ")))
	}
	table.Flush()
	if err := os.WriteFile(filepath.Clean(name), []byte(text.String()), 0o644); err != nil {
		return err
	}
	_, err := io.WriteString(os.Stdout, text.String())
	return err
}

func seconds(s float64) string {
	if s == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", s)
}
