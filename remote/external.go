package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/bucket"
	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/transport"
)

// external are files in somebody's bucket. They can change at any time, so a
// listing is good for a while only, and a file is one version of its object.
type external struct {
	d     *Deployment
	asset *api.Asset
}

func (f *external) location() bucket.Location {
	s := f.asset.Source
	return bucket.Location{Origin: s.Origin, Bucket: s.Bucket, Prefix: s.Prefix}
}

// about names the asset in requests that are under way.
func (f *external) about(ctx context.Context) context.Context {
	return transport.About(ctx, "", f.asset.ID, "")
}

// List reads one folder of the bucket, all pages of it.
func (f *external) List(ctx context.Context, dir string, most int) (*Listing, error) {
	var entries []Entry
	err := f.d.Buckets.List(f.about(ctx), f.location(), dir, func(e bucket.Entry) error {
		if most > 0 && len(entries) == most {
			return ErrLong
		}
		entries = append(entries, entryOf(e))
		return nil
	})
	if err != nil {
		return nil, f.explain(err)
	}
	l := newListing(dir, entries)
	if dir == "" && len(entries) == 0 {
		// An empty directory says nothing, and a prefix is easily mistaken.
		where := f.asset.Source
		l.hide("", fmt.Sprintf("nothing is at the asset's place, prefix %q of bucket %q", where.Prefix, where.Bucket))
	}
	return l, nil
}

// Find asks the store for one name.
func (f *external) Find(ctx context.Context, dir, name string) (Entry, error) {
	raw, ok := plain(dir, name)
	switch {
	case strings.Contains(raw, "/"):
		// The key that it would mean is there by its folders, if at all.
		return Entry{}, &fault.Error{Op: "find file", Asset: f.asset.ID, Path: dir + raw, Kind: fault.ErrNotExist}
	case !ok:
		return Entry{}, errors.ErrUnsupported
	}
	found, err := f.d.Buckets.Stat(f.about(ctx), f.location(), dir+raw)
	if err != nil {
		return Entry{}, f.explain(err)
	}
	e := entryOf(found)
	e.Name, e.Raw = name, raw
	return e, nil
}

// explain adds the asset to an error of a bucket, which knows none.
func (f *external) explain(err error) error {
	var e *fault.Error
	if errors.As(err, &e) && e.Asset == "" {
		with := *e
		with.Asset = f.asset.ID
		return &with
	}
	return err
}

// Allowed holds of every asset whose record can be seen: its store decides, each
// time that it is asked.
func (f *external) Allowed(context.Context) error { return nil }

// Object reads the version of the object that was listed, or fails.
func (f *external) Object(path string, e Entry) *Object {
	loc := f.location()
	kept := e
	if kept.ETag == "" {
		kept.ETag = "of " + e.second() // all that there is to tell versions by
	}
	return &Object{
		key:  objectKey(f.Version(), kept, path),
		size: e.Size,
		fetch: func(ctx context.Context, off, n int64) (io.ReadCloser, error) {
			ctx = f.about(ctx)
			key, err := f.d.Buckets.Key(ctx, loc, path)
			if err != nil {
				return nil, f.explain(err)
			}
			o := bucket.Object{Key: key, Size: e.Size, ETag: e.ETag, Modified: e.Modified}
			body, err := f.d.Buckets.OpenRange(ctx, loc, o, off, n)
			if err != nil {
				return nil, f.explain(err)
			}
			return body, nil
		},
	}
}

// Below makes the folders out of the keys. One that may go on after the last of
// them is left out.
func (f *external) Below(ctx context.Context, dir, from string) (map[string]*Listing, error) {
	folders := map[string][]Entry{}
	last := ""
	more, err := f.d.Buckets.Below(ctx, f.location(), dir, from, func(e bucket.Entry) {
		if e.Path < from {
			return
		}
		last = e.Path
		parent := dir
		for rest := e.Name; ; {
			name, deeper, inside := strings.Cut(rest, "/")
			if !inside {
				file := entryOf(e)
				file.Raw = name
				if parent != dir && (name != "" || e.Size > 0) {
					folders[parent] = append(folders[parent], file)
				}
				return
			}
			path := parent + name + "/"
			if _, known := folders[path]; !known {
				folders[path] = nil
				if parent != dir {
					folders[parent] = append(folders[parent], Entry{Raw: name, Dir: true})
				}
			}
			parent, rest = path, deeper
		}
	})
	if err != nil {
		return nil, f.explain(err)
	}
	listings := make(map[string]*Listing, len(folders))
	for path, entries := range folders {
		if !more || !strings.HasPrefix(last, path) {
			listings[path] = newListing(path, entries)
		}
	}
	return listings, nil
}

// Spare is of the requests to buckets.
func (f *external) Spare(ctx context.Context) (release func(), err error) {
	return f.d.Buckets.Spare(ctx)
}

// Immutable is never true of a bucket.
func (f *external) Immutable() bool { return false }

// Version changes when the asset gets another place.
func (f *external) Version() string {
	return f.d.version("external\x00"+f.asset.Source.Bucket+"\x00"+f.asset.Source.Prefix, f.asset)
}

func entryOf(e bucket.Entry) Entry {
	if e.Dir {
		return Entry{Raw: e.Name, Dir: true}
	}
	return Entry{Raw: e.Name, Size: e.Size, Modified: e.Modified, ETag: e.ETag}
}
