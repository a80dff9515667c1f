package test

import (
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// goal is what a row shall reach. What is 0 is not asked for.
type goal struct {
	value      float64 // at least, or at most where less is better
	ratio      float64 // to the floor; likewise
	perByte    float64 // bytes fetched for each that was read, at most
	cpu        float64 // seconds of mount and reader for each GiB, at most
	rss        int64   // bytes, at most
	noRequests bool    // all is known already
}

// shapedOnly is a bound that holds where the network is slow.
func shapedOnly(x *bench, bound float64) float64 {
	if x.shaped {
		return bound
	}
	return 0
}

// peerGoal is the bound for the network that S3 gives, and on the loopback
// interface what the best of the other mounts reaches there.
func peerGoal(x *bench, shaped, loopback float64) float64 {
	if x.shaped {
		return shaped
	}
	return loopback
}

// line is what was measured for a row.
type line struct {
	row
	goal  goal
	ours  []sample
	floor []measured
	peers map[string][]measured
	rss   int64

	skipped string // why
}

func (r measured) in(unit string) float64 {
	switch unit {
	case "MB/s":
		return float64(r.Bytes) / 1e6 / r.Seconds
	case "files/s":
		return float64(r.Count) / r.Seconds
	case "ms":
		return r.Seconds * 1e3 / float64(r.Count)
	}
	return r.Seconds
}

func (l *line) less() bool { return l.unit == "ms" || l.unit == "s" }

// median of what get gives for each; NaN for none.
func median[T any](all []T, get func(T) float64) float64 {
	var values []float64
	for _, one := range all {
		if v := get(one); !math.IsNaN(v) && !math.IsInf(v, 0) {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

func (l *line) value() float64 {
	return median(l.ours, func(s sample) float64 { return s.in(l.unit) })
}

func (l *line) floorValue() float64 {
	return median(l.floor, func(r measured) float64 { return r.in(l.unit) })
}

// ratio is the median of the rounds' own: what disturbed a round has disturbed
// both sides of it.
func (l *line) ratio() float64 {
	var ratios []float64
	for i := range min(len(l.ours), len(l.floor)) {
		ratios = append(ratios, l.ours[i].in(l.unit)/l.floor[i].in(l.unit))
	}
	return median(ratios, func(v float64) float64 { return v })
}

func (l *line) perByte() float64 {
	return median(l.ours, func(s sample) float64 {
		if s.Bytes < 4096*s.Count { // of a few bytes it says nothing
			return math.NaN()
		}
		return float64(s.fetched) / float64(s.Bytes)
	})
}

func (l *line) requests() float64 {
	return median(l.ours, func(s sample) float64 { return float64(s.requests) })
}

// cpu is that of mount and reader for each GiB; of few bytes it says nothing.
func (l *line) cpu() float64 {
	return median(l.ours, func(s sample) float64 {
		if s.Bytes < 32<<20 {
			return math.NaN()
		}
		return (s.daemon + s.CPU) / float64(s.Bytes) * gib
	})
}

// server is the emulator's share of all cores while ours was measured.
func (l *line) server() float64 {
	return median(l.ours, func(s sample) float64 { return s.server / s.Seconds / float64(runtime.NumCPU()) * 100 })
}

// missed tells what of the goal was not reached.
func (l *line) missed() (missed []string) {
	if l.skipped != "" {
		return []string{"skipped: " + l.skipped}
	}
	if len(l.ours) == 0 {
		return []string{"failed"}
	}
	check := func(what string, got, bound float64, less bool) {
		if bound != 0 && !(less && got <= bound || !less && got >= bound) {
			missed = append(missed, what)
		}
	}
	check(l.unit, l.value(), l.goal.value, l.less())
	check("ratio", l.ratio(), l.goal.ratio, l.less())
	check("B/B", l.perByte(), l.goal.perByte, true)
	check("CPU", l.cpu(), l.goal.cpu, true)
	check("memory", float64(l.rss), float64(l.goal.rss), true)
	if l.goal.noRequests && l.requests() > 0 {
		missed = append(missed, "requests")
	}
	return missed
}

func (l *line) goalText() string {
	sign := "≥"
	if l.less() {
		sign = "≤"
	}
	var parts []string
	add := func(bound float64, format string) {
		if bound != 0 {
			parts = append(parts, fmt.Sprintf(format, bound))
		}
	}
	add(l.goal.value, sign+" %.4g "+l.unit)
	add(l.goal.ratio, sign+" %.3g × floor")
	add(l.goal.perByte, "≤ %.3g B/B")
	add(l.goal.cpu, "≤ %.2g CPU")
	add(float64(l.goal.rss>>20), "≤ %.0f MiB")
	if l.goal.noRequests {
		parts = append(parts, "no requests")
	}
	return strings.Join(parts, ", ")
}

// metrics are for benchstat.
func (l *line) metrics(b *testing.B) {
	for unit, v := range map[string]float64{
		l.unit: l.value(), "of-floor": l.ratio(), "requests": l.requests(), "fetched/read": l.perByte(), "cpu-s/GiB": l.cpu(),
	} {
		if !math.IsNaN(v) {
			b.ReportMetric(v, unit)
		}
	}
}

// table is all lines, and where they were measured.
type table struct {
	rounds int
	began  time.Time
	parts  []*tablePart
}

type tablePart struct {
	title string
	lines []*line
}

func newTable(rounds int) *table { return &table{rounds: rounds, began: time.Now()} }

func (t *table) add(net, asset string, l *line) {
	l.peers = make(map[string][]measured)
	title := fmt.Sprintf("network: %s; %s asset", net, asset)
	if n := len(t.parts); n == 0 || t.parts[n-1].title != title {
		t.parts = append(t.parts, &tablePart{title: title})
	}
	part := t.parts[len(t.parts)-1]
	part.lines = append(part.lines, l)
}

// save writes the table to the file that the environment names.
func (t *table) save(b *testing.B) {
	b.Helper()
	if path := os.Getenv(tableVar); path != "" {
		must(b, os.WriteFile(path, []byte(t.String()), 0o644))
	}
}

func (t *table) String() string {
	var s strings.Builder
	commit, _ := exec.Command("git", "describe", "--always", "--dirty").Output()
	load, _ := os.ReadFile("/proc/loadavg")
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	fmt.Fprintf(&s, "codeoceanfs %s, %s, Linux %s, %d cores, %s; load at the end %s\n",
		strings.TrimSpace(string(commit)), runtime.Version(), strings.TrimSpace(string(kernel)), runtime.NumCPU(),
		t.began.UTC().Format(time.DateOnly), strings.Join(strings.Fields(string(load))[:1], ""))
	fmt.Fprintf(&s, "Medians of %d rounds, in %s. s3: 30 ms to the first byte, 80 MiB/s a connection, 1200 MiB/s in all; loopback: as this machine is.\n",
		t.rounds, time.Since(t.began).Round(time.Second))
	s.WriteString(`floor: curl with the same requests, up to 16 at once, or what the row says; ratio: median of ours/floor of each round.
requests and B/B (bytes fetched for each one read) are counted at the emulator; CPU: seconds of mount and reader for each GiB read;
MiB: the mount's peak; server: the emulator's share of all cores, which it takes from the reader.
`)
	for _, name := range peerNames {
		if _, err := exec.LookPath(peerKinds[name].program); err != nil {
			fmt.Fprintf(&s, "%s: not installed, skipped.\n", name)
		}
	}
	for _, part := range t.parts {
		part.print(&s)
	}
	return s.String()
}

func (p *tablePart) print(s *strings.Builder) {
	var peers []string
	for _, l := range p.lines {
		peers = slices.AppendSeq(peers, maps.Keys(l.peers))
	}
	slices.Sort(peers)
	peers = slices.Compact(peers)
	head := slices.Concat([]string{p.title, "unit", "ours", "floor", "ratio"}, peers,
		[]string{"requests", "B/B", "CPU", "MiB", "server", "goal", "reached"})
	cells := [][]string{head}
	for _, l := range p.lines {
		reached := "yes"
		if missed := l.missed(); len(missed) > 0 {
			reached = "no: " + strings.Join(missed, ", ")
		} else if l.goal == (goal{}) {
			reached = ""
		}
		one := []string{l.name, l.unit, number(l.value()), number(l.floorValue()), number(l.ratio())}
		for _, peer := range peers {
			one = append(one, number(median(l.peers[peer], func(r measured) float64 { return r.in(l.unit) })))
		}
		cells = append(cells, append(one, number(l.requests()), number(l.perByte()), number(l.cpu()),
			fmt.Sprint(l.rss>>20), fmt.Sprintf("%.0f %%", l.server()), l.goalText(), reached))
	}
	s.WriteString("\n")
	widths := make([]int, len(head))
	for _, one := range cells {
		for i, c := range one {
			widths[i] = max(widths[i], len([]rune(c)))
		}
	}
	for i, one := range cells {
		s.WriteString(strings.TrimRight(columns(one, widths), " ") + "\n")
		if i == 0 {
			s.WriteString(strings.Repeat("-", len([]rune(columns(one, widths)))) + "\n")
		}
	}
}

// columns puts words to the left of their column, and numbers to the right.
func columns(cells []string, widths []int) string {
	var padded []string
	for i, c := range cells {
		space := strings.Repeat(" ", widths[i]-len([]rune(c)))
		if i < 2 || i >= len(cells)-2 {
			padded = append(padded, c+space)
		} else {
			padded = append(padded, space+c)
		}
	}
	return strings.Join(padded, "  ")
}

// number writes three digits that count.
func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v == math.Trunc(v):
		return fmt.Sprintf("%.0f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
