package warm

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/docker/go-units"
	"golang.org/x/sys/unix"
)

// lineEvery is how often there is a line where no terminal shows a bar: logs
// are to tell that it goes on, and not to be full of it.
const lineEvery = 10 * time.Second

// Show returns what shows the state on w: a bar where w is a terminal, else a
// line now and then.
func Show(w io.Writer) func(State) {
	if isTerminal(w) {
		return func(s State) { fmt.Fprintf(w, "\r\x1b[K%s %s", bar(s), line(s)) }
	}
	last := time.Duration(0)
	return func(s State) {
		if s.Took-last >= lineEvery {
			last = s.Took
			fmt.Fprintln(w, line(s))
		}
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

const barWidth = 24

func bar(s State) string {
	full := int(float64(barWidth) * part(s))
	return "[" + strings.Repeat("#", full) + strings.Repeat(" ", barWidth-full) + "]"
}

// part is how much is done. While more is being found it is a guess, and never
// all.
func part(s State) float64 {
	switch {
	case s.Bytes > 0:
		return min(float64(s.Done)/float64(s.Bytes), 1)
	case s.Listing:
		return 0
	}
	return 1
}

func line(s State) string {
	text := fmt.Sprintf("%3.0f %%  %s of %s in %d files", 100*part(s), size(s.Done), size(s.Bytes), s.Files)
	if s.Listing {
		text += " so far"
	}
	if s.Failed > 0 {
		text += fmt.Sprintf(", %d failed", s.Failed)
	}
	return text
}

func size(n int64) string { return units.BytesSize(float64(n)) }

// Report writes the summary to w, with the names of what failed.
func (s Summary) Report(w io.Writer) {
	if isTerminal(w) {
		fmt.Fprintln(w) // after the bar
	}
	for _, f := range s.Failures {
		fmt.Fprintf(w, "failed: %q: %v\n", f.Path, f.Err)
	}
	rate := ""
	if sec := s.Took.Seconds(); s.Bytes > 0 && sec > 0 {
		rate = ", " + size(int64(float64(s.Bytes)/sec)) + "/s"
	}
	fmt.Fprintf(w, "%d files, %d of them there before; %s read in %s%s; %d failed\n",
		s.Files, s.Stored, size(s.Bytes), s.Took.Round(time.Millisecond), rate, len(s.Failures))
}
