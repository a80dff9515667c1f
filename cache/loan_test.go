package cache

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"slices"
	"testing"
)

func lend(t *testing.T, h *Handle, off, n int64) *Loan {
	t.Helper()
	l, err := h.Lend(t.Context(), make([]byte, n), off)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (a *arith) compareLoan(l *Loan, off, n int64) error {
	return a.compare(bytes.Join(l.Slices(), nil), off, n)
}

// TestLoanOutlivesItsBlocks reads so much beside a loan that every other block
// is evicted, and its memory used again: what is lent must not change.
func TestLoanOutlivesItsBlocks(t *testing.T) {
	c := newCache(t, Config{Memory: 8 << 20})
	a := newArith("a", 16<<20)
	h := open(t, c, a)
	const off, n = 1000, 5 * BlockSize
	check(t, h, a, off, n)
	l := lend(t, h, off, n)
	if copied := len(l.Slices()) - len(l.blocks); copied != 0 {
		t.Errorf("%d of %d pieces were copied", copied, len(l.Slices()))
	}
	for off := int64(1 << 20); off < a.size; off += 1 << 20 {
		check(t, h, a, off, 1<<20)
	}
	if !l.blocks[0].gone {
		t.Error("nothing was evicted")
	}
	if err := a.compareLoan(l, off, n); err != nil {
		t.Error(err)
	}
	l.Release()
	if c.lent != 0 {
		t.Errorf("%d blocks are still out", c.lent)
	}
}

func TestLoansLeaveMemoryToOthers(t *testing.T) {
	c := newCache(t, Config{Memory: leastMemory})
	a := newArith("a", 12<<20)
	h := open(t, c, a)
	var loans []*Loan
	for off := int64(0); off < a.size; off += 3 * BlockSize {
		l := lend(t, h, off, 3*BlockSize)
		if most := c.mem.limit / lentPart; c.lent > most {
			t.Fatalf("%d blocks out, of %d", c.lent, most)
		}
		loans = append(loans, l)
	}
	for i, l := range slices.Backward(loans) {
		if err := a.compareLoan(l, int64(i)*3*BlockSize, 3*BlockSize); err != nil {
			t.Fatal(err)
		}
		l.Release()
	}
}

func TestLoanOfNothing(t *testing.T) {
	c := newCache(t, Config{})
	a := newArith("a", 100)
	h := open(t, c, a)
	for _, off := range []int64{100, 200} {
		if l := lend(t, h, off, 10); l.Len() != 0 || len(l.Slices()) != 0 {
			t.Errorf("%d bytes at %d", l.Len(), off)
		} else {
			l.Release()
		}
	}
	h.Close()
	if _, err := h.Lend(t.Context(), make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
}

func TestFailedReadHoldsNothing(t *testing.T) {
	c := newCache(t, Config{})
	a := newArith("a", 64<<20)
	h := open(t, c, a)
	check(t, h, a, 32<<20, 4*BlockSize)
	a.before = func(context.Context, int64, int64, int64) error { return errServer }
	if err := verify(t.Context(), h, a, 32<<20, 32*BlockSize); !errors.Is(err, errServer) {
		t.Fatal(err)
	}
	if c.lent != 0 {
		t.Errorf("%d blocks are still out", c.lent)
	}
}
