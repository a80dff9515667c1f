package fs

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/fault"
)

var (
	_ fusefs.NodeLookuper       = (*memberDir)(nil)
	_ fusefs.NodeGetattrer      = (*memberDir)(nil)
	_ fusefs.NodeOpendirHandler = (*memberDir)(nil)
)

// memberDir is the directory of an asset inside a combined asset.
//
// It is there because the combined asset says so, and asks about itself only
// when somebody looks into it. If it cannot be read then (it is gone, refused,
// a draft), it does not open: beside an asset's own directory, which shows its
// record alone, it would be a hole in a copy that nobody hears of.
type memberDir struct {
	assetDir
	combined string    // the id of the asset that holds it
	placed   time.Time // when that one was created
}

// memberNode is a member as a child of the combined asset's directory.
func (a *assetDir) memberNode(ctx context.Context, combined catalog.Entry, c member, out *fuse.EntryOut) *fusefs.Inode {
	m := &memberDir{
		assetDir: assetDir{folder{node: node{t: a.t}, id: c.id, view: a.inside(c.name)}},
		combined: a.id, placed: combined.Created,
	}
	m.attributes(&out.Attr)
	out.SetEntryTimeout(a.t.cfg.Refresh)
	out.SetAttrTimeout(a.t.cfg.Refresh)
	return a.child(ctx, c.name, assetIdentity(c.id, m.view), func() fusefs.InodeEmbedder { return m })
}

// attributes are those of the asset if it is at hand. One that no listing shows
// has the time of the combined asset, for good: it is not worth a request.
func (m *memberDir) attributes(out *fuse.Attr) {
	created := m.placed
	if asset, ok := m.t.dep.Catalog.Known(m.id); ok {
		created = asset.Created
	}
	m.t.fill(out, syscall.S_IFDIR, 0, created)
}

// Getattr asks nobody.
func (m *memberDir) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	m.attributes(&out.Attr)
	out.SetTimeout(m.t.cfg.Refresh)
	return 0
}

// Lookup finds a name in the member.
func (m *memberDir) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	call := m.t.begin(ctx, m.t.cfg.Lookup, "lookup", m, name)
	defer call.end()
	if err := m.arrive(call); err != nil {
		out.SetEntryTimeout(notFinal)
		return nil, m.fail("lookup", err)
	}
	return m.assetDir.Lookup(ctx, name, out)
}

// OpendirHandle lists the member, or says why it cannot.
func (m *memberDir) OpendirHandle(ctx context.Context, _ uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	call := m.t.begin(ctx, listBudget, "list", m, "")
	defer call.end()
	err := m.arrive(call)
	if err == nil {
		var h fusefs.FileHandle
		var flags uint32
		if h, flags, err = m.list(call); err == nil {
			return h, flags, 0
		}
	}
	return nil, 0, m.fail("list", err)
}

// arrive gets the record of a member that no listing has shown. Who looks into
// one such member looks into the others next, so they are asked for as well.
func (m *memberDir) arrive(ctx context.Context) error {
	if _, ok := m.t.dep.Catalog.Known(m.id); ok {
		return nil
	}
	if combined, err := m.t.dep.Catalog.ByID(ctx, m.combined); err == nil {
		ids := make([]string, 0, len(combined.Contained))
		for _, c := range combined.Contained {
			ids = append(ids, c.ID)
		}
		m.t.dep.Catalog.Expect(ids)
	}
	_, err := m.t.dep.Catalog.ByID(ctx, m.id)
	return err
}

// fail reports also that the member does not exist: its folder was there.
func (m *memberDir) fail(op string, err error) syscall.Errno {
	err = fmt.Errorf("a member of the combined asset %s: %w", m.combined, err)
	errno := m.t.fail(op, m.id, "", err)
	if errors.Is(err, fault.ErrNotExist) {
		m.t.faults.Add(m.t.cfg.Logger, op, m.id, "", errno, err)
	}
	return errno
}
