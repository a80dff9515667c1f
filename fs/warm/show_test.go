package warm

import (
	"bytes"
	"testing"
	"time"
)

func TestLine(t *testing.T) {
	for want, s := range map[string]State{
		"[                        ]   0 %  0B of 0B in 0 files so far":        {Listing: true},
		"[########################] 100 %  0B of 0B in 3 files":               {Files: 3},
		"[############            ]  50 %  1KiB of 2KiB in 3 files, 1 failed": {Files: 3, Bytes: 2048, Done: 1024, Failed: 1},
		"[########################] 100 %  2KiB of 1KiB in 1 files so far":    {Listing: true, Files: 1, Bytes: 1024, Done: 2048},
	} {
		if got := bar(s) + " " + line(s); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// TestLinesAreFew shows no bar to what is no terminal.
func TestLinesAreFew(t *testing.T) {
	var out bytes.Buffer
	tell := Show(&out)
	for sec := range 25 {
		tell(State{Took: time.Duration(sec) * time.Second})
	}
	if n := bytes.Count(out.Bytes(), []byte("\n")); n != 2 || bytes.ContainsAny(out.Bytes(), "\r\x1b") {
		t.Errorf("%d lines: %q", n, out.String())
	}
}
