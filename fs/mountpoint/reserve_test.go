package mountpoint

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
)

func TestReserve(t *testing.T) {
	free := func() int {
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return -len(open)
	}
	before := free()
	r := NewReserve()
	if n := before - free(); n != spares {
		t.Errorf("%d descriptors are held", n)
	}
	calls := 0
	err := r.Spend(func() error {
		if calls++; calls < 3 {
			return fmt.Errorf("read the table: %w", syscall.EMFILE)
		}
		if n := before - free(); n != 0 {
			t.Errorf("%d descriptors are still held", n)
		}
		return os.ErrPermission
	})
	if !errors.Is(err, os.ErrPermission) || calls != 3 {
		t.Errorf("%v after %d calls", err, calls)
	}
	if err := r.Spend(func() error { return nil }); err != nil {
		t.Error(err)
	}
}
