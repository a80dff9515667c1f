package fs

import (
	"os"
	"sync"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
)

var _ fusefs.FilePassthroughFder = (*fileHandle)(nil)

// openings are the files that are open now, and how the kernel reads them.
//
// A file that is whole on disk can be read by the kernel itself, without a
// request to us ("passthrough"). The kernel wants all who have a file open at a
// time to read it in the same way, and fails an open(2) with EIO that would mix
// them. So the first one decides for those that come while it is open: go-fuse
// gives them the same file by itself where the first has one, and where it has
// none, none is offered.
//
// A release that the kernel makes is seen here only after it, so what is
// counted here is never less than what the kernel counts.
//
// The kernel may refuse: it takes CAP_SYS_ADMIN, and a file system of the cache
// that can be stacked upon. go-fuse does not say so, and asks no more in this
// mount. Then our Read is called, which reads the same file.
type openings struct {
	mu    sync.Mutex // guards what follows
	files map[*file]*opening
}

// opening is one open file.
type opening struct {
	handles int
	whole   *os.File // what is read; nil when it is read by way of the cache
}

// enter counts h, and decides how it is read.
func (o *openings) enter(h *fileHandle) {
	var whole *os.File
	if o.mayPass(h.f) {
		whole = h.data.Whole()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	at := o.files[h.f]
	if at == nil {
		if o.files == nil {
			o.files = make(map[*file]*opening)
		}
		at = &opening{whole: whole}
		o.files[h.f] = at
		whole = nil
	}
	at.handles++
	h.whole = at.whole
	if whole != nil {
		_ = whole.Close() // another was first; it was only opened
	}
}

// mayPass tells whether a file that is opened may be read by the kernel itself:
// it is not open already, in whichever way.
func (o *openings) mayPass(f *file) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.files[f] == nil
}

// leave ends what enter began.
func (o *openings) leave(h *fileHandle) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := o.files[h.f]
	if at.handles--; at.handles > 0 {
		return
	}
	delete(o.files, h.f)
	if at.whole != nil {
		_ = at.whole.Close() // it was only read
	}
}

// PassthroughFd is asked by go-fuse for each open, under a lock of its own.
func (h *fileHandle) PassthroughFd() (int, bool) {
	if h.whole == nil {
		return 0, false
	}
	return int(h.whole.Fd()), true
}
