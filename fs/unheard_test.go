package fs

import (
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestUnheard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var u unheard
		if got := u.last(0); got != 0 {
			t.Errorf("before any failure: %v", got)
		}
		u.note(4096, syscall.EACCES)
		time.Sleep(unheardFor)
		for off, want := range map[int64]syscall.Errno{4096: syscall.EACCES, 0: 0, 8192: 0} {
			if got := u.last(off); got != want {
				t.Errorf("at %d: %v, not %v", off, got, want)
			}
		}
		time.Sleep(time.Millisecond)
		if got := u.last(4096); got != 0 {
			t.Errorf("later: %v", got)
		}
	})
}
