package fs

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// How long the kernel may wait for us. Every handler has one of these bounds,
// because a cached read is never interrupted: without one of our own its
// program would hang for as long as the network does.
const (
	// readBudget is the longest a read may take, unless Config says otherwise:
	// room for the retries of one stalled request (10 s to notice, 5 times).
	readBudget = 60 * time.Second
	// lookupBudget is the longest for an attribute, and for a name that takes no
	// listing, likewise.
	lookupBudget = 30 * time.Second
	// listBudget is the longest for a whole directory. A folder of a million
	// keys is a thousand requests in a row, each of them bounded by itself.
	listBudget = 10 * time.Minute
	// requestBudget is the longest that a write waits for the request that it
	// completes.
	requestBudget = 60 * time.Second
)

// unknownCallerGrace is how long an interrupted caller waits whose state
// cannot be read (another PID namespace, hidepid) before it gets EINTR.
const unknownCallerGrace = 2 * time.Second

// killPoll is how often an interrupted caller is looked at again. The kernel
// reports the first signal only, and the one that kills may come later.
const killPoll = 100 * time.Millisecond

// call is the context of one request of the kernel: it ends at its deadline, or
// when the program that made the request is being killed.
//
// The kernel interrupts a request for any signal at all. To give up at each
// would show EINTR, which read(2) of a regular file never gives, to every
// program with a timer, and to ignore them all would keep a killed program
// waiting. So an interrupt only makes us look whether the caller is dying.
//
// A call watches for either only once somebody waits for it (Done), so a
// request answered from memory costs no goroutine and no timer.
type call struct {
	deadline time.Time
	cancel   <-chan struct{} // closed by go-fuse at the interrupt
	pid      uint32
	ended    chan struct{}

	// What it is, if it is shown while it is under way: see tree.begin.
	in       *tree
	op, name string
	where    placed
	began    time.Time
	budget   time.Duration

	watching sync.Once
	done     chan struct{}
	mu       sync.Mutex // guards err
	err      error
}

// newCall makes the context of a request that may take until budget from now.
// The caller ends it with end.
func newCall(ctx context.Context, budget time.Duration) *call {
	c := &call{
		deadline: time.Now().Add(budget),
		ended:    make(chan struct{}),
		done:     make(chan struct{}),
	}
	if fc, ok := ctx.(*fuse.Context); ok {
		c.cancel, c.pid = fc.Cancel, fc.Pid
	} else {
		c.cancel = ctx.Done()
	}
	return c
}

func (c *call) end() {
	close(c.ended)
	if c.in != nil {
		c.in.landed(c)
	}
}

// Deadline is when the request must be answered.
func (c *call) Deadline() (time.Time, bool) { return c.deadline, true }

// Value is always nil.
func (c *call) Value(any) any { return nil }

// Err is why the context ended: context.Canceled or context.DeadlineExceeded.
func (c *call) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil && !time.Now().Before(c.deadline) {
		return context.DeadlineExceeded
	}
	return c.err
}

// Done is closed at the deadline or when the caller is being killed.
func (c *call) Done() <-chan struct{} {
	c.watching.Do(func() { go c.watch() })
	return c.done
}

// interrupted reports whether the caller has a signal to handle.
func (c *call) interrupted() bool {
	select {
	case <-c.cancel:
		return true
	default:
		return false
	}
}

func (c *call) watch() {
	timer := time.NewTimer(time.Until(c.deadline))
	defer timer.Stop()
	select {
	case <-c.ended:
	case <-timer.C:
		c.stop(context.DeadlineExceeded)
	case <-c.cancel:
		c.watchInterrupted(timer.C)
	}
}

func (c *call) watchInterrupted(deadline <-chan time.Time) {
	interrupted := time.Now()
	poll := time.NewTicker(killPoll)
	defer poll.Stop()
	for {
		dying, known := dying(c.pid)
		if dying || !known && time.Since(interrupted) >= unknownCallerGrace {
			c.stop(context.Canceled)
			return
		}
		select {
		case <-c.ended:
			return
		case <-deadline:
			c.stop(context.DeadlineExceeded)
			return
		case <-poll.C:
		}
	}
}

func (c *call) stop(err error) {
	c.mu.Lock()
	c.err = err
	c.mu.Unlock()
	close(c.done)
}

// sigkillPending is SIGKILL's bit in the kernel's signal masks. The kernel sets
// it in every thread of a process that a signal is about to end, whichever
// signal that is.
const sigkillPending = 1 << (9 - 1)

// dying tells whether the process or thread pid is being killed, and whether
// that could be found out.
func dying(pid uint32) (dying, known bool) {
	if pid == 0 {
		return false, false // in another PID namespace
	}
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		mask, ok := strings.CutPrefix(lines.Text(), "SigPnd:")
		if !ok {
			continue
		}
		pending, err := strconv.ParseUint(strings.TrimSpace(mask), 16, 64)
		return pending&sigkillPending != 0, err == nil
	}
	return false, false
}
