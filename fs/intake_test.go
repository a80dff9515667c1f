package fs

import (
	"context"
	"strings"
	"syscall"
	"testing"

	"codeoceanfs/control/run"
)

// taken is what became of the bytes of an intake.
type taken struct {
	submitted, refused, failed []string
	answer                     syscall.Errno // of what is submitted
}

func (x *taken) intake(appends bool) *intake {
	return &intake{
		appends: appends,
		submit: func(_ context.Context, body []byte) syscall.Errno {
			x.submitted = append(x.submitted, string(body))
			return x.answer
		},
		refuse: func(_ *run.Error, body []byte) { x.refused = append(x.refused, string(body)) },
		fail: func(err *run.Error) syscall.Errno {
			x.failed = append(x.failed, err.Error())
			return err.Errno
		},
	}
}

func TestIntake(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		what      string
		pieces    string // separated by |
		appends   bool
		from      int64
		answer    syscall.Errno
		last      syscall.Errno // of the last write
		close     syscall.Errno
		submitted int
		refused   int
		failed    int
	}{
		{what: "nothing"},
		{what: "spaces", pieces: " \n"},
		{what: "whole", pieces: "{}\n", submitted: 1},
		{what: "in pieces", pieces: `{"a"|: 1}|`, submitted: 1},
		{what: "behind what is there", pieces: "{|}", appends: true, from: 7, submitted: 1},
		{what: "in the middle", pieces: "{}", from: 7, last: syscall.EINVAL, close: syscall.EINVAL, refused: 1, failed: 1},
		{what: "half", pieces: `{"a"`, close: syscall.EINVAL, refused: 2, failed: 1},
		{what: "no object", pieces: `x|{}`, last: syscall.EINVAL, close: syscall.EINVAL, refused: 1, failed: 1},
		{what: "two", pieces: `{}|{}`, last: syscall.EINVAL, close: syscall.EINVAL, submitted: 1, failed: 1},
		{what: "refused by the platform", pieces: `{}`, answer: syscall.EACCES, last: syscall.EACCES, close: syscall.EACCES, submitted: 1},
	} {
		x := &taken{answer: c.answer}
		n := x.intake(c.appends)
		off, last := c.from, syscall.Errno(0)
		for piece := range strings.SplitSeq(c.pieces, "|") {
			var took uint32
			took, last = n.Write(ctx, []byte(piece), off)
			off += int64(took)
		}
		closed := n.Flush(ctx)
		n.Release(ctx)
		if last != c.last || closed != c.close || len(x.submitted) != c.submitted || len(x.refused) != c.refused || len(x.failed) != c.failed {
			t.Errorf("%s: %v, closed with %v, %+v", c.what, last, closed, x)
		}
		if last == 0 && n.written() != off-c.from {
			t.Errorf("%s: %d bytes were taken", c.what, n.written())
		}
	}
}

// A program that closes a file that it shares does not end what another writes.
func TestIntakeIsShared(t *testing.T) {
	ctx := context.Background()
	x := &taken{}
	n := x.intake(false)
	n.Write(ctx, []byte("{"), 0)
	if errno := n.Flush(ctx); errno != syscall.EINVAL {
		t.Errorf("half: %v", errno)
	}
	if _, errno := n.Write(ctx, []byte("}"), 1); errno != 0 || len(x.submitted) != 1 {
		t.Errorf("%v, %q", errno, x.submitted)
	}
}

// How much has been written can be asked while a request runs.
func TestIntakeTellsWhileItRuns(t *testing.T) {
	n := (&taken{}).intake(false)
	n.submit = func(context.Context, []byte) syscall.Errno {
		if got := n.written(); got != 2 {
			t.Errorf("%d", got)
		}
		return 0
	}
	n.Write(context.Background(), []byte("{}"), 0)
}
