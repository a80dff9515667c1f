package fs

import (
	"context"
	"syscall"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/control"
	"codeoceanfs/control/request"
)

var (
	_ fusefs.NodeLookuper       = (*controlDir)(nil)
	_ fusefs.NodeOpendirHandler = (*controlDir)(nil)
)

// controlDir is the control directory: what this mount is, how it does, what
// failed, and a directory for each thing it can do. Its mode is 0700 whatever
// the umask, which the kernel enforces (default_permissions): it is for the owner
// of the mount alone, whoever else may read the data.
type controlDir struct{ fixedDir }

// The files of the control directory that are read.
var controlFiles = []struct {
	name string
	read func(*tree, context.Context) (content, error)
}{
	{"README", func(t *tree, _ context.Context) (content, error) {
		return content{control.README(t.cfg.Requests != nil), t.started}, nil
	}},
	{"errors.jsonl", func(t *tree, _ context.Context) (content, error) {
		lines, last := t.faults.JSONL()
		if last.IsZero() {
			last = t.started
		}
		return content{lines, last}, nil
	}},
	{"stats", func(t *tree, _ context.Context) (content, error) {
		b, err := t.cfg.Metrics.Text()
		return content{b, time.Now()}, err
	}},
	{"status.json", func(t *tree, _ context.Context) (content, error) {
		b, err := t.status().JSON()
		return content{b, time.Now()}, err
	}},
}

const (
	waitName    = "wait"
	refreshName = "refresh"
	ownerOnly   = 0o700
)

func controlPath(name string) string { return controlName + "/" + name }

// Lookup finds a file or a verb.
func (d *controlDir) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	for _, f := range controlFiles {
		if f.name == name {
			return d.textNode(ctx, name, identity(syscall.S_IFREG, "", controlPath(name), ""), text{
				path: controlPath(name), perm: 0o600,
				read: func(ctx context.Context) (content, error) { return f.read(d.t, ctx) },
			}, out)
		}
	}
	switch {
	case d.t.cfg.Requests == nil:
	case name == refreshName:
		return d.refreshNode(ctx, out), 0
	case name == waitName:
		return d.fixedNode(ctx, name, controlPath(name), &waitDir{fixedDir{node{t: d.t}, ownerOnly}}, out), 0
	case request.Known(name):
		return d.fixedNode(ctx, name, controlPath(name), &verbDir{fixedDir{node{t: d.t}, ownerOnly}, request.Verb(name)}, out), 0
	}
	return miss(out, false)
}

// OpendirHandle lists the files and the verbs.
func (d *controlDir) OpendirHandle(context.Context, uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	var entries []fuse.DirEntry
	file := func(name string) {
		entries = append(entries, fuse.DirEntry{Name: name, Mode: syscall.S_IFREG, Ino: inodeNumber("", controlPath(name))})
	}
	for _, f := range controlFiles {
		file(f.name)
	}
	if d.t.cfg.Requests != nil {
		file(refreshName)
		for _, verb := range request.Verbs {
			entries = append(entries, dirEntry(string(verb), controlPath(string(verb))))
		}
		entries = append(entries, dirEntry(waitName, controlPath(waitName)))
	}
	return openFixed(d, entries), 0, 0
}
