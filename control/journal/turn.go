package journal

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const (
	turnsFile = "turns.lock"
	// turnPoll is how often to look whether a turn is free: reading a record and
	// writing it back takes two requests of some 30 ms each.
	turnPoll = 20 * time.Millisecond
)

// Turn lets one at a time read the record of an asset and write it back, of all
// processes that have the journal open: the platform takes whole records, so
// that of two who do both at once the first would be undone. It waits for the
// turn, or for ctx; the turn ends when done is called. Two assets may have one
// turn, which costs a wait.
//
// It is a lock on one byte of a file that stays empty, at the place that the id
// says, so that nothing is left to clear away; the kernel ends it with the
// process that has it.
func (j *Journal) Turn(ctx context.Context, asset string) (done func(), err error) {
	f, err := os.OpenFile(filepath.Join(j.dir, turnsFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("take a turn: %w", err)
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(asset)) // cannot fail
	// A lock of the open file: one of the process would let its other requests in.
	lock := unix.Flock_t{Type: unix.F_WRLCK, Start: int64(hash.Sum32()), Len: 1}
	for {
		err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock)
		switch {
		case err == nil:
			return func() { _ = f.Close() }, nil
		case !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.EINTR):
			return nil, errors.Join(fmt.Errorf("take a turn: %w", err), f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("take a turn: %w", ctx.Err()), f.Close())
		case <-time.After(turnPoll):
		}
	}
}
