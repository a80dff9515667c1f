// Package doctor looks for what keeps a mount from working, or from working
// well, and says in plain words how to mend it. It changes nothing, here or on
// the platform, and says no secret.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"codeoceanfs/fs/service"
	"codeoceanfs/remote/fault"
)

// checkTime bounds all that is asked of others.
const checkTime = 90 * time.Second

// mark is how a line begins.
type mark string

const (
	ok   mark = "ok"   // as it should be
	note mark = "note" // works, and could be better
	mend mark = "fix"  // does not work
)

// Report is what was found.
type Report struct {
	out  io.Writer
	fix  int
	note int
}

// line writes one finding; remedy is what to do, or "".
func (r *Report) line(m mark, topic, text, remedy string) {
	switch m {
	case mend:
		r.fix++
	case note:
		r.note++
	}
	// What servers say may be anything.
	clean := func(s string) string { return fault.Quote(fault.Redact(strings.Join(strings.Fields(s), " "))) }
	fmt.Fprintf(r.out, "%-5s%-14s%s\n", m, topic, clean(text))
	if remedy != "" {
		fmt.Fprintf(r.out, "%19s-> %s\n", "", clean(remedy))
	}
}

// failed is a finding that an error tells, in a form like "what: remedy".
func (r *Report) failed(m mark, topic string, err error) {
	what, remedy, _ := strings.Cut(err.Error(), ": ")
	if strings.Contains(remedy, ": ") { // not of our own making
		what, remedy = err.Error(), ""
	}
	r.line(m, topic, what, remedy)
}

// ErrFindings is about things to be mended, which the report names.
var ErrFindings = errors.New("there is something to mend")

// Run examines this machine, and with the settings of a mount the platform and
// its stores. Of the mounts that there are it looks at that at the mount point,
// or, without one, at all. It writes one line for each finding,
// and returns ErrFindings if a mount would not work.
func Run(ctx context.Context, s *service.Settings, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	r := &Report{out: out}
	r.machine(s)
	r.storage(s)
	mounts, err := look(s.Point)
	r.platform(ctx, s, mounts)
	r.mounts(mounts, err)
	switch {
	case r.fix > 0:
		return fmt.Errorf("%w: %d of the lines above", ErrFindings, r.fix)
	case r.note > 0:
		fmt.Fprintln(out, "a mount works; the notes say what could be better")
	default:
		fmt.Fprintln(out, "all is well")
	}
	return nil
}
