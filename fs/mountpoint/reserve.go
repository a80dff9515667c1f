package mountpoint

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// spares are the descriptors that it takes to unmount: the table of mounts,
	// and the pipes to a helper.
	spares = 8
	// scarceTime is how long others may hold on to those just given up: an
	// attempt to connect that found one lasts no longer in most cases.
	scarceTime = 2 * time.Second
)

// Reserve holds descriptors for the end of a mount: a process that has run out
// of them could not unmount, and would leave a dead mount behind.
type Reserve struct {
	mu    sync.Mutex
	files []*os.File // guarded by mu
}

// NewReserve takes what it can get.
func NewReserve() *Reserve {
	r := new(Reserve)
	for range spares {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		r.files = append(r.files, f)
	}
	return r
}

// Spend gives the descriptors up, and calls do with them free, again while
// others are quicker to take them.
func (r *Reserve) Spend(do func() error) error {
	r.mu.Lock()
	files := r.files
	r.files = nil
	r.mu.Unlock()
	for _, f := range files {
		f.Close()
	}
	for end := time.Now().Add(scarceTime); ; time.Sleep(50 * time.Millisecond) {
		err := do()
		if !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE) || time.Now().After(end) {
			return err
		}
	}
}
