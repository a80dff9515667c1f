package test

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// faultRow is one way in which the world goes wrong, and what becomes of it.
// Exactly one of the last three says how that is known.
type faultRow struct {
	number int
	fault  string // and what is seen of it, in plain words

	run  func(*rig) // goes through it here
	root bool       // and needs to be root for it
	long bool       // takes long, mostly by waiting
	held []string   // tests that hold it: "TestX", or "TestX/case"
	why  string     // why no test can
}

// catalogue is all of them: see the files of its parts.
func catalogue() []faultRow {
	var rows []faultRow
	for _, part := range [][]faultRow{networkFaults, apiFaults, storeFaults, kernelFaults, diskFaults, inputFaults} {
		rows = append(rows, part...)
	}
	return rows
}

// catalogued is how many faults there are.
const catalogued = 86

// atOnce is how many faults are gone through together: they mostly wait.
const atOnce = 8

// TestFaultCatalogue goes through every fault that a mount meets: healthy,
// faulty, healed. No wrong byte comes out, no end too early; each call ends
// within its time; files that are not concerned answer meanwhile; and nothing is
// left afterwards.
//
// With fullVar set, faults last as long as the program's own
// timeouts.
func TestFaultCatalogue(t *testing.T) {
	t.Parallel()
	all := allTests(t)
	var report report
	turns := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	rows := catalogue()
	for i, row := range rows {
		if row.number != i+1 {
			t.Errorf("fault %d is at place %d of the table", row.number, i+1)
		}
	}
	// Those first that take long, so that the others fill the gaps.
	slices.SortStableFunc(rows, func(a, b faultRow) int { return cmp.Compare(order(a), order(b)) })
	for _, row := range rows {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			t.Run(fmt.Sprintf("%d %s", row.number, row.fault), func(t *testing.T) {
				o := &outcome{Number: row.number, Fault: row.fault, Held: row.held, Why: row.why, run: row.run != nil, start: time.Now()}
				defer func() { report.add(t, o) }()
				switch {
				case row.run != nil && row.root && os.Geteuid() != 0:
					t.Skip("needs root, and was not gone through")
				case row.run != nil:
					row.run(newRig(t, o))
				case row.why != "":
					t.Logf("no test: %s", row.why)
				}
				if row.run == nil && row.why == "" && len(row.held) == 0 {
					t.Error("nothing holds it")
				}
				for _, name := range row.held {
					test, sub, isCase := strings.Cut(name, "/")
					if !all.has("", test) || isCase && !all.hasCase(sub) {
						t.Errorf("there is no %s", name)
					}
				}
			})
		})
	}
	wg.Wait()
	if n := len(rows); n != catalogued {
		t.Errorf("%d faults in the table", n)
	}
	report.figures(t)
}

func order(row faultRow) int {
	if row.long {
		return 0
	}
	return 1
}

// outcome is a line of the report. Times are the longest of their kind, in
// seconds.
type outcome struct {
	Number    int
	Fault     string
	Outcome   string // survived, failed, skipped, held or not automated
	Held      []string
	Why       string
	Ends      []string // how calls ended meanwhile
	Worst     float64  // of the calls that met the fault
	Bystander float64  // of reads of another file
	Recovery  float64  // from the end of the fault to the first good read
	Killed    float64  // from SIGKILL to the end of a program that waited
	Took      float64

	run   bool // here
	start time.Time
	mu    sync.Mutex // guards what is above, while the case runs
}

func (o *outcome) set(at *float64, took time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	*at = max(*at, float64(took.Milliseconds())/1000)
}

func (o *outcome) other(took time.Duration)     { o.set(&o.Bystander, took) }
func (o *outcome) recovered(took time.Duration) { o.set(&o.Recovery, took) }
func (o *outcome) killed(took time.Duration)    { o.set(&o.Killed, took) }

func (o *outcome) faulty(said string, took time.Duration) {
	o.set(&o.Worst, took)
	o.mu.Lock()
	defer o.mu.Unlock()
	if !contains(o.Ends, said) {
		o.Ends = append(o.Ends, said)
	}
}

// report is all outcomes.
type report struct {
	mu  sync.Mutex
	all []*outcome
}

func (r *report) add(t *testing.T, o *outcome) {
	o.set(&o.Took, time.Since(o.start))
	switch {
	case t.Failed():
		o.Outcome = "failed"
	case t.Skipped():
		o.Outcome = "skipped"
	case o.run:
		o.Outcome = "survived"
	case o.Why != "":
		o.Outcome = "not automated"
	default:
		o.Outcome = "held"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, o)
}

// figures adds up the outcomes, and gives the list of them.
func (r *report) figures(t *testing.T) {
	slices.SortFunc(r.all, func(a, b *outcome) int { return cmp.Compare(a.Number, b.Number) })
	count := map[string]int{}
	var exceptions []string
	var worst, bystander, recovery, killed float64
	for _, o := range r.all {
		count[o.Outcome]++
		switch o.Outcome {
		case "failed", "skipped", "not automated":
			exceptions = append(exceptions, fmt.Sprintf("%d %s", o.Number, o.Outcome))
		}
		worst, bystander = max(worst, o.Worst), max(bystander, o.Bystander)
		recovery, killed = max(recovery, o.Recovery), max(killed, o.Killed)
	}
	automated := count["survived"] + count["held"] + count["failed"] + count["skipped"]
	figure(t, ofFaults, "faults automated", fmt.Sprintf("%d of %d", automated, catalogued), "86", automated == catalogued)
	figure(t, ofFaults, "faults survived, here or in the test that is named", count["survived"]+count["held"], "86", count["survived"]+count["held"] == catalogued)
	figure(t, ofFaults, "exceptions", cmp.Or(strings.Join(exceptions, ", "), "none"), "", true)
	bound := func(what string, seconds, goal float64) {
		figure(t, ofTimes, what, fmt.Sprintf("%.2f s", seconds), fmt.Sprintf("%g s", goal), seconds <= goal)
	}
	bound("longest call that met a fault", worst, 65)
	bound("longest read of another file meanwhile", bystander, 2)
	bound("from the end of a fault to the first good read, at most", recovery, 5)
	bound("from SIGKILL to the end of a program that waits, at most", killed, 1)
	figures.mu.Lock()
	defer figures.mu.Unlock()
	figures.faults = r.all
}
