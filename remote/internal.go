package remote

import (
	"context"
	"errors"
	"io"
	"strings"

	"codeoceanfs/remote/api"
)

// internal are the files that the platform keeps itself. Once the asset is
// ready they never change, so nothing of them is ever asked twice.
type internal struct {
	d     *Deployment
	asset *api.Asset
}

// List reads one folder through the list-files call.
func (f *internal) List(ctx context.Context, dir string) (*Listing, error) {
	var entries []Entry
	err := f.d.API.ListFiles(ctx, f.asset.ID, strings.TrimSuffix(dir, "/"), func(file api.File) error {
		e := Entry{Raw: file.Name, Dir: file.Folder}
		if !file.Folder {
			e.Size = file.Size
		}
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return newListing(dir, entries), nil
}

// Find asks for one file's URL and first byte, and whether there is a folder:
// more than a listing, which answers for every name, unless that is very long.
func (f *internal) Find(ctx context.Context, dir, name string) (Entry, error) {
	raw, ok := plain(dir, name)
	if !ok {
		return Entry{}, errors.ErrUnsupported
	}
	found, err := f.d.API.Stat(ctx, f.asset.ID, dir+raw)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Name: name, Raw: raw, Dir: found.Folder}
	if !e.Dir {
		e.Size = found.Size
	}
	return e, nil
}

// Object reads through signed URLs.
func (f *internal) Object(path string, e Entry) *Object {
	return &Object{
		key:  objectKey(f.Version(), e, path),
		size: e.Size,
		fetch: func(ctx context.Context, off, n int64) (io.ReadCloser, error) {
			return f.d.API.OpenRange(ctx, f.asset.ID, path, e.Size, off, n)
		},
	}
}

// Immutable holds for every asset whose data can be read.
func (f *internal) Immutable() bool { return f.asset.State == api.Ready }

// Version changes when the platform moves the files.
func (f *internal) Version() string { return f.d.version("internal", f.asset) }
