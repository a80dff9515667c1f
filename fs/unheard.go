package fs

import (
	"sync"
	"syscall"
	"time"
)

// unheardFor is how long a failure that was not heard is kept: what asks again
// does so at once, and a second later the answer may be another.
const unheardFor = time.Second

// unheard is the last failure of a handle that came while its program had a
// signal to handle. A program that touches a page of a map then handles the
// signal, forgets the failure, and touches the page again; one that has a signal
// every 10 ms, as those written in Go may, would do so for ever when the failure
// takes longer than that to come. So it gets the same one again, at once.
type unheard struct {
	mu    sync.Mutex // guards what follows
	off   int64
	errno syscall.Errno
	at    time.Time
}

// note keeps a failure to read at off.
func (u *unheard) note(off int64, errno syscall.Errno) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.off, u.errno, u.at = off, errno, time.Now()
}

// last is the failure to read at off that was not heard, or 0.
func (u *unheard) last(off int64) syscall.Errno {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.errno == 0 || u.off != off || time.Since(u.at) > unheardFor {
		return 0
	}
	return u.errno
}
