package fs

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"codeoceanfs/control/journal"
	"codeoceanfs/control/request"
	"codeoceanfs/control/run"
)

var (
	_ fusefs.NodeLookuper       = (*verbDir)(nil)
	_ fusefs.NodeOpendirHandler = (*verbDir)(nil)
	_ fusefs.NodeCreater        = (*verbDir)(nil)
	_ fusefs.NodeUnlinker       = (*verbDir)(nil)
	_ fusefs.NodeRenamer        = (*verbDir)(nil)
)

// verbDir holds the requests of one verb: KEY.json, which somebody writes, and
// KEY.result.json beside it. Nothing in it is kept by the kernel: other mounts
// of the same user make requests too.
type verbDir struct {
	fixedDir
	verb request.Verb
}

func (d *verbDir) name(name string) deskName { return deskName{d.verb, name} }

func (d *verbDir) id(key string) journal.ID { return journal.ID{Verb: d.verb, Key: key} }

func (d *verbDir) path(name string) string { return controlPath(string(d.verb) + "/" + name) }

// Lookup finds a request, a result, or a file on the desk.
func (d *verbDir) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	kind, key := classify(name)
	if kind != resultFile {
		f := &formFile{node{t: d.t}, d.verb, name, key}
		if errno := f.stat(ctx, &out.Attr); errno != 0 {
			out.SetEntryTimeout(notFinal)
			return nil, errno
		}
		return d.form(ctx, f, out), 0
	}
	if _, _, ok, err := d.t.cfg.Requests.Result(d.id(key)); err != nil {
		return nil, d.t.failLookup(out, "lookup", "", d.path(name), err)
	} else if !ok {
		return miss(out, false)
	}
	return d.textNode(ctx, name, identity(syscall.S_IFREG, "", d.path(name), ""), text{
		path: d.path(name), perm: 0o600,
		read: func(context.Context) (content, error) {
			res, _, _, err := d.t.cfg.Requests.Result(d.id(key))
			if err != nil {
				return content{}, err
			}
			return resultText(res)
		},
	}, out)
}

// form is the node of a file that can be written.
func (d *verbDir) form(ctx context.Context, f *formFile, out *fuse.EntryOut) *fusefs.Inode {
	out.SetEntryTimeout(uncached)
	out.SetAttrTimeout(uncached)
	return d.child(ctx, f.name, identity(syscall.S_IFREG, "", d.path(f.name), ""), func() fusefs.InodeEmbedder { return f })
}

func resultText(res run.Result) (content, error) {
	raw, err := json.MarshalIndent(res, "", "  ")
	when := res.Submitted
	if res.Finished != nil {
		when = *res.Finished
	}
	return content{append(raw, '\n'), when}, err
}

// OpendirHandle lists requests with their results, and what is on the desk.
func (d *verbDir) OpendirHandle(context.Context, uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	keys, err := d.t.cfg.Requests.Keys(d.verb)
	if err != nil {
		return nil, 0, d.t.fail("list", "", d.path(""), err)
	}
	names := map[string]bool{}
	for key := range keys {
		names[key+requestSuffix], names[key+resultSuffix] = true, true
	}
	for _, name := range d.t.desk.names(d.verb) {
		names[name] = true
	}
	var entries []fuse.DirEntry
	for _, name := range slices.Sorted(maps.Keys(names)) {
		entries = append(entries, fuse.DirEntry{Name: name, Mode: syscall.S_IFREG, Ino: inodeNumber("", d.path(name))})
	}
	return openFixed(d, entries), 0, 0
}

// Create opens a file that is not there yet. It is empty, and no request.
func (d *verbDir) Create(ctx context.Context, name string, flags, _ uint32, out *fuse.EntryOut) (*fusefs.Inode, fusefs.FileHandle, uint32, syscall.Errno) {
	kind, key := classify(name)
	switch kind {
	case resultFile:
		return nil, nil, 0, syscall.EPERM
	case noFile:
		return nil, nil, 0, d.t.refused("request", d.path(name), errNoFile)
	}
	if errno := d.t.desk.create(d.name(name)); errno != 0 {
		return nil, nil, 0, errno
	}
	f := &formFile{node{t: d.t}, d.verb, name, key}
	if errno := f.stat(ctx, &out.Attr); errno != 0 {
		return nil, nil, 0, errno
	}
	return d.form(ctx, f, out), f.open(flags), fuse.FOPEN_DIRECT_IO, 0
}

// Unlink forgets a request, and touches no asset.
func (d *verbDir) Unlink(_ context.Context, name string) syscall.Errno {
	_, key := classify(name)
	had := d.t.desk.remove(d.name(name))
	if key == "" {
		if !had {
			return syscall.ENOENT
		}
		return 0
	}
	if err := d.t.cfg.Requests.Forget(d.id(key)); err != nil {
		return d.t.refused("rm", d.path(name), err)
	}
	return 0
}

// Rename submits what an editor has written under another name. The other way
// round, a request is copied: editors put the old version aside.
func (d *verbDir) Rename(ctx context.Context, name string, newParent fusefs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	to, ok := newParent.(*verbDir)
	fromKind, fromKey := classify(name)
	toKind, toKey := classify(newName)
	s, onDesk := d.t.desk.get(d.name(name))
	switch {
	case !ok, flags&unix.RENAME_EXCHANGE != 0, fromKind == resultFile, toKind == resultFile:
		return syscall.EPERM
	case toKind == noFile:
		return ofRename(to.t.refused("request", to.path(newName), errNoFile))
	case fromKind == requestFile && !onDesk:
		if toKind == requestFile {
			return syscall.EPERM // a request has one name for ever
		}
		_, shown, ok, err := d.t.cfg.Requests.Result(d.id(fromKey))
		if err != nil {
			return d.t.fail("rename", "", d.path(name), err)
		}
		if !ok {
			return syscall.ENOENT
		}
		return to.t.desk.put(to.name(newName), indent(shown))
	case !onDesk:
		return syscall.ENOENT
	case flags&unix.RENAME_NOREPLACE != 0 && to.has(newName):
		return syscall.EEXIST
	case toKind == requestFile && len(s.data) > 0:
		if errno := d.t.submitAll(ctx, to.verb, toKey, s.data, to.path(newName)); errno != 0 {
			return ofRename(errno)
		}
		to.t.desk.remove(to.name(newName))
	default:
		if errno := to.t.desk.put(to.name(newName), s.data); errno != 0 {
			return errno
		}
	}
	d.t.desk.remove(d.name(name))
	return 0
}

// has reports whether there is a file of that name.
func (d *verbDir) has(name string) bool {
	if _, ok := d.t.desk.get(d.name(name)); ok {
		return true
	}
	_, key := classify(name)
	_, _, ok, _ := d.t.cfg.Requests.Result(d.id(key))
	return ok
}
