package bucket

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"codeoceanfs/remote/fault"
)

// Stat finds what is at a path: a folder if any key is below it, else a file,
// else [fault.ErrNotExist]. It takes two requests at the same time, one for a
// path that ends in a slash, which is a folder's, and none for the root; a
// folder's size does not matter. Where a key is both, the folder is found;
// [Store.StatFile] finds the file. What may be listed and not read takes one
// more, and so does a miss of the name that the asset's own prefix ends with:
// it may be that one object.
func (s *Store) Stat(ctx context.Context, loc Location, path string) (Entry, error) {
	b, base, err := s.locate(ctx, loc)
	if err != nil {
		return Entry{}, err
	}
	if path == "" {
		return Entry{Dir: true, Object: Object{Key: base}}, nil
	}
	type answer struct {
		file Object
		err  error
	}
	head := make(chan answer, 1)
	file, dir := path, folder(path)
	if file == dir {
		head <- answer{err: missing(b, base+file)}
	} else {
		// When a folder is found first, the HEAD is let run: to cut it off would
		// cost its connection, which is dearer than the answer.
		headCtx, cancel := context.WithCancel(s.life)
		defer context.AfterFunc(ctx, cancel)()
		s.strays.Go(func() {
			defer cancel()
			o, err := s.head(headCtx, b, base+file)
			head <- answer{o, err}
		})
	}

	var isDir bool
	if len(base+dir) <= maxKey {
		isDir, err = s.any(ctx, b, base+dir)
	}
	if isDir {
		return Entry{Name: lastName(dir), Path: dir, Dir: true, Object: Object{Key: base + dir}}, nil
	}
	if err != nil && !errors.Is(err, fault.ErrRefused) {
		return Entry{}, err // there may be a folder, which goes first
	}
	found := <-head
	if found.err == nil {
		b.setSingle(loc.Prefix, "")
		return Entry{Name: lastName(file), Path: file, Object: found.file}, nil
	}
	if err == nil && errors.Is(found.err, fault.ErrRefused) {
		// It may be there all the same: a listing shows what nobody may read.
		o, ok, err := s.exact(ctx, b, base+file)
		switch {
		case err != nil:
			return Entry{}, found.err
		case ok:
			return Entry{Name: lastName(file), Path: file, Object: o}, nil
		}
		found.err = missing(b, base+file)
	}
	err = cmp.Or(err, found.err)
	if file == lastName(loc.Prefix) && (errors.Is(err, fault.ErrNotExist) || errors.Is(err, fault.ErrRefused)) {
		return s.statOnly(ctx, b, base, loc, err)
	}
	return Entry{}, err
}

// statOnly finds the file of an asset that is one object. Otherwise is the error
// of an asset that is none.
func (s *Store) statOnly(ctx context.Context, b *bucket, base string, loc Location, otherwise error) (Entry, error) {
	some, err := s.any(ctx, b, base)
	if some || err != nil && !errors.Is(err, fault.ErrRefused) {
		return Entry{}, cmp.Or(err, otherwise)
	}
	e, found, err := s.only(ctx, b, loc)
	if err == nil && !found {
		err = otherwise
	}
	return e, err
}

// StatFile finds the file at a path, also where there is a folder of that name.
// It takes one request.
func (s *Store) StatFile(ctx context.Context, loc Location, path string) (Entry, error) {
	b, base, err := s.locate(ctx, loc)
	if err != nil {
		return Entry{}, err
	}
	o, err := s.head(ctx, b, base+path)
	if err != nil {
		return Entry{}, err
	}
	return Entry{Name: path[strings.LastIndexByte(path, '/')+1:], Path: path, Object: o}, nil
}

// head asks for one object.
func (s *Store) head(ctx context.Context, b *bucket, key string) (o Object, err error) {
	if key == "" || len(key) > maxKey {
		return o, missing(b, key)
	}
	err = s.meta.Do(ctx, func(ctx context.Context, _ int) error {
		return b.call(ctx, opStat, key, func(ctx context.Context, c *s3.Client) error {
			out, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
			if err != nil {
				return err
			}
			if out.ContentLength == nil || *out.ContentLength < 0 {
				return &fault.Error{Kind: fault.ErrMalformed, Err: errors.New("no size")}
			}
			o = Object{Key: key, Size: *out.ContentLength, ETag: aws.ToString(out.ETag), Modified: aws.ToTime(out.LastModified)}
			return nil
		})
	})
	return o, err
}

// missing is the answer that needs no question.
func missing(b *bucket, key string) error {
	return &fault.Error{Op: opStat, Path: b.name + "/" + key, Kind: fault.ErrNotExist}
}
