package fs

import (
	"context"
	"sync"
	"syscall"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
)

const (
	// unheardFor is how long a failure that was not heard is kept: what asks again
	// does so at once, and a second later the answer may be another.
	unheardFor = time.Second

	// slowFailure is how long a failure takes that is not to be waited for twice.
	// One that comes sooner may be tried again.
	slowFailure = time.Second

	// unheardKept bounds the failures that are kept: those of one second.
	unheardKept = 256
)

// unheard are failures that the program which waited may not have heard of, and
// which the kernel asks for again, once or for ever:
//
//   - What is read ahead fails without a word; then the page that the program
//     wants is asked for by itself.
//   - A name that the kernel knew, and that cannot be looked up, is looked up
//     once more as one that it never knew.
//   - A program that touches a page of a map while it has a signal to handle
//     handles that, forgets the failure, and touches the page again. One that
//     has a signal every 10 ms, as those written in Go may, would do so for ever
//     when the failure takes longer than that to come.
//
// So who asks again gets the same one, at once. The zero value is ready, and safe
// for concurrent use.
type unheard struct {
	mu  sync.Mutex // guards all
	all []failure
}

// failure is one of a name, or of the bytes from off to end.
type failure struct {
	name     string
	off, end int64
	errno    syscall.Errno
	at       time.Time
}

// note keeps a failure of a name, or "", and some bytes. That a program is being
// killed is a failure of nobody else.
func (u *unheard) note(name string, off, n int64, errno syscall.Errno) {
	if errno == syscall.EINTR {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	now := time.Now()
	old := 0
	for old < len(u.all) && (now.Sub(u.all[old].at) > unheardFor || len(u.all)-old >= unheardKept) {
		old++
	}
	u.all = append(u.all[old:], failure{name, off, off + n, errno, now})
}

// last is the failure of name at off, or 0.
func (u *unheard) last(name string, off int64) syscall.Errno {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i := len(u.all) - 1; i >= 0; i-- {
		f := &u.all[i]
		if time.Since(f.at) > unheardFor {
			u.all = nil // so are those before
			break
		}
		if f.name == name && f.off <= off && off < f.end {
			return f.errno
		}
	}
	return 0
}

// none is last where there is no failure at all, for those who have to make the
// name first.
func (u *unheard) none() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.all) == 0
}

// unsaid reports whether the failure of c is to be kept.
func (c *call) unsaid() bool { return c.interrupted() || time.Since(c.began) > slowFailure }

// lookup has find answer a lookup of name in where.
func (t *tree) lookup(ctx context.Context, budget time.Duration, where placed, name string, find func(*call) (*fusefs.Inode, syscall.Errno)) (*fusefs.Inode, syscall.Errno) {
	full := func() string {
		asset, path := where.place()
		return asset + "\x00" + path + "\x00" + name
	}
	if !t.lookups.none() {
		if errno := t.lookups.last(full(), 0); errno != 0 {
			return nil, errno
		}
	}
	call := t.begin(ctx, budget, "lookup", where, name)
	defer call.end()
	node, errno := find(call)
	if errno != 0 && errno != syscall.ENOENT && call.unsaid() {
		t.lookups.note(full(), 0, 1, errno)
	}
	return node, errno
}
