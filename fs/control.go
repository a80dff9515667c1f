package fs

import (
	"context"
	"syscall"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/control"
)

var (
	_ fusefs.NodeLookuper       = (*controlDir)(nil)
	_ fusefs.NodeOpendirHandler = (*controlDir)(nil)
)

// controlDir is the control directory: what this mount is, how it does, and
// what failed. Its mode is 0700 whatever the umask, which the kernel enforces
// (default_permissions): it is for the owner of the mount alone, whoever else
// may read the data.
type controlDir struct{ fixedDir }

// The files of the control directory.
var controlFiles = []struct {
	name string
	read func(*tree, context.Context) (content, error)
}{
	{"README", func(t *tree, _ context.Context) (content, error) {
		return content{control.README(), t.started}, nil
	}},
	{"errors.jsonl", func(t *tree, _ context.Context) (content, error) {
		lines, last := t.faults.JSONL()
		if last.IsZero() {
			last = t.started
		}
		return content{lines, last}, nil
	}},
	{"status.json", func(t *tree, _ context.Context) (content, error) {
		b, err := t.status().JSON()
		return content{b, time.Now()}, err
	}},
}

func controlPath(name string) string { return controlName + "/" + name }

// Lookup finds a file.
func (d *controlDir) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	for _, f := range controlFiles {
		if f.name == name {
			return d.textNode(ctx, name, identity(syscall.S_IFREG, "", controlPath(name), ""), text{
				path: controlPath(name), perm: 0o600,
				read: func(ctx context.Context) (content, error) { return f.read(d.t, ctx) },
			}, out)
		}
	}
	return miss(out, false)
}

// OpendirHandle lists the files.
func (d *controlDir) OpendirHandle(context.Context, uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	entries := make([]fuse.DirEntry, 0, len(controlFiles))
	for _, f := range controlFiles {
		entries = append(entries, fuse.DirEntry{
			Name: f.name, Mode: syscall.S_IFREG, Ino: inodeNumber("", controlPath(f.name)),
		})
	}
	return openFixed(d, entries), 0, 0
}
