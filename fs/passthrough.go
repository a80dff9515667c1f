package fs

import (
	"sync"

	fusefs "github.com/hanwen/go-fuse/v2/fs"

	"codeoceanfs/cache"
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
// mount. Then our Read is called, which reads the same file; so it is where the
// cache is on a file system that may leave the kernel waiting, such as NFS.
type openings struct {
	mu    sync.Mutex // guards what follows
	files map[*file]*opening
}

// opening is one open file.
type opening struct {
	handles int
	whole   *cache.Whole // what is read; nil when it is read by way of the cache
}

// enter counts h, and decides how it is read.
func (o *openings) enter(h *fileHandle) {
	var whole *cache.Whole
	if o.mayPass(h.f) {
		whole = h.data.Whole()
	}
	if h.whole = o.add(h.f, whole); whole != nil && h.whole != whole {
		whole.Close() // another was first
	}
}

// add counts one more that has f open, and returns how f is read: by whole if
// it is the first one.
func (o *openings) add(f *file, whole *cache.Whole) *cache.Whole {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := o.files[f]
	if at == nil {
		if o.files == nil {
			o.files = make(map[*file]*opening)
		}
		at = &opening{whole: whole}
		o.files[f] = at
	}
	at.handles++
	return at.whole
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
	if o.remove(h.f) && h.whole != nil {
		h.whole.Close() // not under the lock: it may take as long as the disk does
	}
}

// remove counts one less, and tells whether it was the last.
func (o *openings) remove(f *file) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := o.files[f]
	at.handles--
	if at.handles == 0 {
		delete(o.files, f)
	}
	return at.handles == 0
}

// PassthroughFd is asked by go-fuse for each open, under a lock of its own.
func (h *fileHandle) PassthroughFd() (int, bool) {
	if h.whole == nil {
		return 0, false
	}
	return h.whole.Fd()
}
