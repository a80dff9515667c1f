package fs

import (
	"context"
	"errors"
	"sync"
	"syscall"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/control/journal"
	"codeoceanfs/control/request"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/fault"
)

var (
	_ fusefs.NodeLookuper       = (*waitDir)(nil)
	_ fusefs.NodeOpendirHandler = (*waitDir)(nil)
	_ fusefs.NodeGetattrer      = (*waitFile)(nil)
	_ fusefs.NodeOpener         = (*waitFile)(nil)
	_ fusefs.FileReader         = (*waitHandle)(nil)
)

const (
	// waitBeat is how often a program that waits gets a line, which is empty: no
	// system call takes longer, and JSON may begin with any number of them.
	waitBeat = 20 * time.Second
	// waitPoll is how often the catalog is looked at; it asks the platform for
	// its drafts by itself.
	waitPoll = 200 * time.Millisecond
)

// waitDir is control/wait: to read KEY, or an asset's id, waits until the asset
// is ready.
type waitDir struct{ fixedDir }

// Lookup finds the asset that a request has made, or one by its id.
func (d *waitDir) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	id, ok, err := d.asset(name)
	if err != nil {
		return nil, d.t.failLookup(out, "lookup", "", controlPath(waitName+"/"+name), err)
	}
	if !ok {
		return miss(out, false)
	}
	f := &waitFile{node{t: d.t}, id}
	out.SetEntryTimeout(uncached)
	out.SetAttrTimeout(uncached)
	f.fill(&out.Attr)
	return d.child(ctx, name, identity(syscall.S_IFREG, id, controlPath(waitName), ""), func() fusefs.InodeEmbedder { return f }), 0
}

// asset is the id that a name in wait stands for.
func (d *waitDir) asset(name string) (id string, ok bool, err error) {
	for _, verb := range request.Verbs {
		res, _, known, err := d.t.cfg.Requests.Result(journal.ID{Verb: verb, Key: name})
		if err != nil {
			return "", false, err
		}
		switch {
		case known && res.Asset != nil:
			return res.Asset.ID, true, nil
		case known && verb == request.Create:
			return "", false, nil // what it makes: no other request's asset
		}
	}
	return name, uuid.MatchString(name), nil
}

// OpendirHandle lists the creations.
func (d *waitDir) OpendirHandle(context.Context, uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	keys, err := d.t.cfg.Requests.Keys(request.Create)
	if err != nil {
		return nil, 0, d.t.fail("list", "", controlPath(waitName), err)
	}
	var entries []fuse.DirEntry
	for key, res := range keys {
		if res.Asset != nil {
			entries = append(entries, fuse.DirEntry{Name: key, Mode: syscall.S_IFREG, Ino: inodeNumber(res.Asset.ID, controlPath(waitName))})
		}
	}
	return openFixed(d, entries), 0, 0
}

// waitFile is what reading waits.
type waitFile struct {
	node
	id string
}

func (f *waitFile) fill(out *fuse.Attr) {
	f.t.fill(out, syscall.S_IFREG, 0, f.t.started)
	out.Mode = syscall.S_IFREG | 0o600
}

// Getattr says that it is empty, as the kernel's own files of that kind do.
func (f *waitFile) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	f.fill(&out.Attr)
	out.SetTimeout(uncached)
	return 0
}

// Open opens it for reading.
func (f *waitFile) Open(_ context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	if writing(flags) {
		return nil, 0, syscall.EPERM
	}
	return &waitHandle{f: f}, fuse.FOPEN_DIRECT_IO | fuse.FOPEN_NOFLUSH, 0
}

type waitHandle struct {
	f *waitFile

	mu   sync.Mutex // guards what follows
	text []byte     // given so far
	done bool       // the record is in it
}

// Read waits for the asset, and gives its record when it is ready. An asset
// whose creation failed is EIO.
func (h *waitHandle) Read(ctx context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if off >= int64(len(h.text)) && !h.done {
		if errno := h.more(ctx); errno != 0 {
			return nil, errno
		}
	}
	rest := h.text[min(off, int64(len(h.text))):]
	return fuse.ReadResultData(rest[:min(len(dest), len(rest))]), 0
}

// more waits for the record, or for a beat. mu is held: readers of one handle
// wait for the same.
func (h *waitHandle) more(ctx context.Context) syscall.Errno {
	call := h.f.t.begin(ctx, h.f.t.cfg.Read, "wait", at{h.f.id, ""}, "")
	defer call.end()
	beat := time.NewTimer(waitBeat)
	defer beat.Stop()
	poll := time.NewTicker(waitPoll)
	defer poll.Stop()
	for {
		e, err := h.f.t.dep.Catalog.ByID(call, h.f.id)
		if err == nil {
			var ready bool
			if ready, err = settledState(e); ready {
				h.text, err = record(h.text, e)
				h.done = err == nil
			}
		}
		switch {
		case err != nil:
			return h.f.t.fail("wait", h.f.id, controlPath(waitName+"/"+h.f.id), err)
		case h.done:
			return 0
		}
		select {
		case <-poll.C:
		case <-beat.C:
			h.text = append(h.text, '\n')
			return 0
		case <-call.Done():
			return h.f.t.fail("wait", h.f.id, controlPath(waitName+"/"+h.f.id), call.Err())
		}
	}
}

// settledState reports whether an asset is ready; one that never will be is an
// error.
func settledState(e catalog.Entry) (bool, error) {
	switch e.State {
	case api.Draft:
		return false, nil
	case api.Failed:
		return false, &fault.Error{Op: "wait", Asset: e.ID, Err: errors.New("the asset's creation failed: " + e.FailureReason)}
	}
	return true, nil
}

func record(text []byte, e catalog.Entry) ([]byte, error) {
	a, err := e.Record()
	if err != nil {
		return text, err
	}
	return append(text, indent(a.Raw)...), nil
}
