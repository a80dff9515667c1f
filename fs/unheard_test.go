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
		if got := u.last("", 0); got != 0 || !u.none() {
			t.Errorf("before any failure: %v", got)
		}
		u.note("", 0, 4096, syscall.EINTR)
		u.note("", 4096, 8192, syscall.EACCES)
		u.note("name", 0, 1, syscall.ETIMEDOUT)
		time.Sleep(unheardFor)
		for off, want := range map[int64]syscall.Errno{0: 0, 4095: 0, 4096: syscall.EACCES, 12287: syscall.EACCES, 12288: 0} {
			if got := u.last("", off); got != want {
				t.Errorf("at %d: %v, not %v", off, got, want)
			}
		}
		if got := u.last("name", 0); got != syscall.ETIMEDOUT {
			t.Errorf("of a name: %v", got)
		}
		time.Sleep(time.Millisecond)
		if got := u.last("", 4096); got != 0 || !u.none() {
			t.Errorf("later: %v", got)
		}
	})
}

// TestUnheardIsBounded keeps the newest of very many failures.
func TestUnheardIsBounded(t *testing.T) {
	var u unheard
	for i := range int64(3 * unheardKept) {
		u.note("", i, 1, syscall.EIO)
	}
	if n := len(u.all); n != unheardKept {
		t.Errorf("%d are kept", n)
	}
	if u.last("", 3*unheardKept-1) != syscall.EIO || u.last("", 0) != 0 {
		t.Error("not the newest")
	}
}
