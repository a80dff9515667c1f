package fs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"

	"codeoceanfs/control/request"
	"codeoceanfs/control/run"
)

// intake is the writing half of an open file that takes one JSON object: a
// request, or a record. The object is submitted when it is complete.
type intake struct {
	appends bool // opened to append: the object may begin at any offset
	submit  func(ctx context.Context, body []byte) syscall.Errno
	refuse  func(err *run.Error, body []byte) // remembers what is not submitted; nil: nobody does
	fail    func(err *run.Error) syscall.Errno

	at atomic.Int64 // bytes taken; read without mu, which is held for as long as a request runs

	mu    sync.Mutex // one write after the other: an object has an order
	begun bool       // base is known
	base  int64      // offset of the first write
	scan  request.Scanner
	sent  bool          // the object was submitted
	err   syscall.Errno // it stays
}

// written is how much has been taken so far.
func (n *intake) written() int64 { return n.at.Load() }

// Write takes a piece of the object, and submits it when it is complete: the
// error of this call is one that every program sees. What follows the object is
// left for the next write, to be refused.
func (n *intake) Write(ctx context.Context, p []byte, off int64) (uint32, syscall.Errno) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != 0 {
		return 0, n.err
	}
	if !n.begun {
		n.begun = true
		if n.appends {
			n.base = off
		}
	}
	if off != n.base+n.at.Load() {
		return 0, n.stop(&run.Error{Errno: syscall.EINVAL, Err: errors.New("one JSON object is written, from its beginning to its end")})
	}
	took, err := n.scan.Write(p)
	n.at.Add(int64(took))
	if err != nil {
		if n.sent {
			err = fmt.Errorf("what came before was carried out: %w", err)
		}
		return 0, n.stop(scanError(err))
	}
	if n.scan.Complete() && !n.sent {
		n.sent = true
		if n.err = n.submit(ctx, n.scan.Body()); n.err != 0 {
			return 0, n.err
		}
	}
	return uint32(took), 0
}

// stop ends the intake with an error that stays. mu is held.
func (n *intake) stop(err *run.Error) syscall.Errno {
	if !n.sent && n.refuse != nil {
		n.refuse(err, n.scan.Body())
	}
	n.err = n.fail(err)
	return n.err
}

// Flush is called at each close: it tells again what went wrong. Half an object
// is an error, which is there when close returns, and may go on: programs that
// share the file close it too.
func (n *intake) Flush(context.Context) syscall.Errno {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.scan.Err(); err != nil && n.err == 0 {
		if n.refuse != nil {
			n.refuse(scanError(err), n.scan.Body())
		}
		return syscall.EINVAL
	}
	return n.err
}

// Fsync is Flush: whatever was submitted has been carried out.
func (n *intake) Fsync(ctx context.Context, _ uint32) syscall.Errno { return n.Flush(ctx) }

// Release refuses an object that was never completed.
func (n *intake) Release(context.Context) syscall.Errno {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.scan.Err(); err != nil && n.err == 0 {
		n.stop(scanError(err))
	}
	return 0
}
