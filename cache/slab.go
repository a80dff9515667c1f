//go:build !race

package cache

import (
	"errors"

	"golang.org/x/sys/unix"
)

// newSlab allocates outside the garbage collector's heap: a heap of hundreds
// of megabytes that never change hands would let it double before each
// collection, and the memory of the process would be twice the budget.
func newSlab(size int) []byte {
	slab, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		// Out of address space or mappings: the heap may still have some.
		return make([]byte, size)
	}
	return slab
}

func freeSlabs(slabs [][]byte) error {
	var errs []error
	for _, s := range slabs {
		// A slab that came from the heap is not a mapping: the library says
		// EINVAL, and the collector takes it.
		if err := unix.Munmap(s); err != nil && !errors.Is(err, unix.EINVAL) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
