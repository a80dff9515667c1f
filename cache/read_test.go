package cache

import (
	"errors"
	"io/fs"
	"testing"
)

func TestReadAtReturnsExactlyWhatIsThere(t *testing.T) {
	const b = BlockSize
	for _, size := range []int64{0, 1, b - 1, b, b + 1, 3*b + 17, 40 * b} {
		c := newCache(t, Config{})
		a := newArith("a", size)
		h := open(t, c, a)
		for _, off := range []int64{0, 1, b - 1, b, b + 1, size - 1, size, size + 1, size + b} {
			for _, n := range []int64{0, 1, 2, b, b + 1, 3 * b, size + 1} {
				if off >= 0 {
					check(t, h, a, off, n)
				}
			}
		}
	}
}

func TestEmptyFileAsksNothing(t *testing.T) {
	c := newCache(t, Config{})
	a := newArith("empty", 0)
	check(t, open(t, c, a), a, 0, 4096)
	if n := a.asked.Load(); n != 0 {
		t.Errorf("%d ranges of an empty file", n)
	}
}

func TestNegativeOffsetIsInvalid(t *testing.T) {
	c := newCache(t, Config{})
	h := open(t, c, newArith("a", 10))
	if _, err := h.ReadAt(t.Context(), make([]byte, 1), -1); !errors.Is(err, fs.ErrInvalid) {
		t.Error(err)
	}
}
