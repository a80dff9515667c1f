package remote

import (
	"cmp"
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
func (f *internal) List(ctx context.Context, dir string, most int) (*Listing, error) {
	var entries []Entry
	var nameless []api.File
	err := f.d.API.ListFiles(ctx, f.asset.ID, strings.TrimSuffix(dir, "/"), func(file api.File) error {
		if most > 0 && len(entries) == most {
			return ErrLong
		}
		switch raw := below(dir, file); {
		case raw != "":
			entries = append(entries, entryOfFile(raw, file))
		case file.Folder, file.Path == "":
			nameless = append(nameless, file)
		case file.Size != 0:
			// An object "dir/" in the platform's store: a file without a name.
			entries = append(entries, entryOfFile(raw, file))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	l := newListing(dir, entries)
	for _, file := range nameless {
		if file.Folder {
			l.hide(cmp.Or(file.Path, dir), "a folder without a name, which the platform cannot be asked for")
		} else {
			l.hide(dir, "the platform gives neither a name nor a path for it")
		}
	}
	return l, nil
}

// below is what is left of a file's path in the folder dir. The path counts
// and not the name, because it is what the file is asked for by; a path that
// leads elsewhere is none.
func below(dir string, file api.File) string {
	if rest, ok := strings.CutPrefix(file.Path, dir); ok {
		return rest
	}
	return file.Name
}

func entryOfFile(raw string, file api.File) Entry {
	if file.Folder {
		return Entry{Raw: raw, Dir: true}
	}
	return Entry{Raw: raw, Size: file.Size}
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

// errSeen ends a listing whose beginning was enough.
var errSeen = errors.New("seen")

// Allowed begins to list the asset: whoever may do that may read.
func (f *internal) Allowed(ctx context.Context) error {
	err := f.d.API.ListFiles(ctx, f.asset.ID, "", func(api.File) error { return errSeen })
	if errors.Is(err, errSeen) {
		return nil
	}
	return err
}

// Object reads through signed URLs.
func (f *internal) Object(path string, e Entry) *Object {
	return &Object{
		key:  objectKey(f.Version(), e, path),
		size: e.Size,
		fetch: func(ctx context.Context, off, n int64) (io.ReadCloser, error) {
			return f.d.API.OpenRange(ctx, f.asset.ID, path, e.Size, off, n)
		},
		ready: func(ctx context.Context) error { return f.d.API.Sign(ctx, f.asset.ID, path) },
	}
}

// Below is not for the API: it lists one folder at a time.
func (f *internal) Below(context.Context, string, string) (map[string]*Listing, error) {
	return nil, errors.ErrUnsupported
}

// Spare is of the API's calls.
func (f *internal) Spare(ctx context.Context) (release func(), err error) {
	return f.d.API.Spare(ctx)
}

// Immutable holds for every asset whose data can be read.
func (f *internal) Immutable() bool { return f.asset.State == api.Ready }

// Version changes when the platform moves the files.
func (f *internal) Version() string { return f.d.version("internal", f.asset) }
