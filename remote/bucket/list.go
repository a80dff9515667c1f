package bucket

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"codeoceanfs/remote/fault"
)

const delimiter = "/"

// List emits what is in one folder of an asset, in no particular order. Dir is
// the folder's path, "" for the root; a slash at its end may be left out unless
// its name is empty. After an error, what was emitted is not the whole folder.
// An error of emit ends the listing and is returned as it is.
//
// A key that is a file and a folder is emitted as both. The empty object that
// marks a folder ("dir/") is that folder, and no entry of it; one that is not
// empty is also a file without a name in it. A folder that is not there is
// empty: the store knows no folders.
//
// Where nothing is below an asset's prefix, and the prefix is an object's key,
// that object is what is in the asset.
func (s *Store) List(ctx context.Context, loc Location, dir string, emit func(Entry) error) error {
	b, base, err := s.locate(ctx, loc)
	if err != nil {
		return err
	}
	dir = folder(dir)
	some := false
	err = s.pages(ctx, b, base+dir, delimiter, "", 0, func(p page) (bool, error) {
		some = some || len(p.objects)+len(p.folders) > 0
		for _, o := range p.objects {
			name := o.Key[len(base)+len(dir):]
			if name == "" && o.Size == 0 {
				continue
			}
			if err := emit(Entry{Name: name, Path: dir + name, Object: o}); err != nil {
				return false, err
			}
		}
		for _, key := range p.folders {
			name := strings.TrimSuffix(key[len(base)+len(dir):], delimiter)
			if err := emit(Entry{Name: name, Path: dir + name + delimiter, Dir: true, Object: Object{Key: key}}); err != nil {
				return false, err
			}
		}
		return true, nil
	})
	if err != nil || dir != "" {
		return err
	}
	if some {
		b.setSingle(loc.Prefix, "")
		return nil
	}
	e, found, err := s.only(ctx, b, loc)
	if err != nil || !found {
		return err
	}
	return emit(e)
}

// exact finds one object by its key in a listing: the first of those that begin
// with it. It is for whoever may list and not read.
func (s *Store) exact(ctx context.Context, b *bucket, key string) (o Object, found bool, err error) {
	err = s.pages(ctx, b, key, "", "", 1, func(p page) (bool, error) {
		if len(p.objects) == 0 {
			return true, nil
		}
		o, found = p.objects[0], p.objects[0].Key == key
		return false, nil
	})
	return o, found, err
}

// any reports whether any key begins with prefix. It asks for one.
func (s *Store) any(ctx context.Context, b *bucket, prefix string) (some bool, err error) {
	err = s.pages(ctx, b, prefix, "", "", 1, func(p page) (bool, error) {
		some = some || len(p.objects) > 0
		return !some, nil
	})
	return some, err
}

// page is a part of a listing, decoded.
type page struct {
	objects []Object
	folders []string // keys, with the slash at the end
	next    string   // token of the next page; "" after the last
}

// maxEmpty pages in a row end a listing. Some stores answer with a few of them
// where there are many deleted versions; a loop has no end.
const maxEmpty = 1000

// Below emits the files below the folder dir, of all levels and in order of key,
// from its folder from on, as far as one request goes: some 1000. It may begin
// with files that come before. More says that it was not the end of them. The
// markers of folders are emitted as files without a name. The Name of a file is
// what follows dir.
func (s *Store) Below(ctx context.Context, loc Location, dir, from string, emit func(Entry)) (more bool, err error) {
	b, base, err := s.locate(ctx, loc)
	if err != nil {
		return false, err
	}
	// All that begins with "x." comes before what begins with "x/".
	after := base + strings.TrimSuffix(from, delimiter) + "."
	err = s.pages(ctx, b, base+dir, "", after, 0, func(p page) (bool, error) {
		last := after
		for _, o := range p.objects {
			if o.Key <= last {
				return false, malformed("a listing that is not in order")
			}
			last = o.Key
			path := o.Key[len(base):]
			emit(Entry{Name: path[len(dir):], Path: path, Object: o})
		}
		more = p.next != ""
		return false, nil
	})
	return more, err
}

// pages gives the pages of a listing, from behind the key after on, to use until there are no more, or it has
// enough. Each has its own budget: a listing of a million keys takes its time.
func (s *Store) pages(ctx context.Context, b *bucket, prefix, delim, after string, size int32, use func(page) (more bool, err error)) error {
	in := &s3.ListObjectsV2Input{
		Bucket: &b.name, Prefix: &prefix,
		// XML cannot say every key; a URL's encoding can.
		EncodingType: types.EncodingTypeUrl,
	}
	if delim != "" {
		in.Delimiter = &delim
	}
	if after != "" {
		in.StartAfter = &after
	}
	if size > 0 {
		in.MaxKeys = &size
	}
	seen := map[string]bool{}
	empty := 0
	for {
		var p page
		err := s.meta.Do(ctx, func(ctx context.Context, _ int) error {
			return b.call(ctx, opList, prefix, func(ctx context.Context, c *s3.Client) error {
				out, err := c.ListObjectsV2(ctx, in)
				if err != nil {
					return err
				}
				p, err = readPage(out, prefix, delim)
				return err
			})
		})
		if err != nil {
			return err
		}
		if more, err := use(p); !more || err != nil || p.next == "" {
			return err
		}
		if empty++; len(p.objects)+len(p.folders) > 0 {
			empty = 0
		}
		if seen[p.next] || empty > maxEmpty {
			return &fault.Error{Op: opList, Path: b.name + "/" + prefix, Kind: fault.ErrMalformed, Err: fmt.Errorf("the listing has no end")}
		}
		seen[p.next] = true
		in.ContinuationToken = &p.next
	}
}

// readPage decodes an answer, and refuses what is no answer to the question:
// an error document with status 200 reads as an empty page.
func readPage(out *s3.ListObjectsV2Output, prefix, delim string) (page, error) {
	if out.Name == nil {
		return page{}, malformed("a document that is no listing")
	}
	plain := func(s *string) (string, error) { return aws.ToString(s), nil }
	if out.EncodingType == types.EncodingTypeUrl {
		plain = func(s *string) (string, error) { return url.QueryUnescape(aws.ToString(s)) }
	}
	// below checks that a key is where it was asked for.
	below := func(raw *string, slash bool) (string, error) {
		key, err := plain(raw)
		if err != nil {
			return "", malformed("key %q", aws.ToString(raw))
		}
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok || delim != "" && strings.Contains(strings.TrimSuffix(rest, delim), delim) ||
			delim != "" && strings.HasSuffix(rest, delim) != slash {
			return "", malformed("key %q in the listing of %q", key, prefix)
		}
		return key, nil
	}
	p := page{objects: make([]Object, 0, len(out.Contents)), folders: make([]string, 0, len(out.CommonPrefixes))}
	for _, c := range out.Contents {
		key, err := below(c.Key, false)
		if err != nil {
			return page{}, err
		}
		if c.Size == nil || *c.Size < 0 {
			return page{}, malformed("key %q without a size", key)
		}
		p.objects = append(p.objects, Object{
			Key: key, Size: *c.Size, ETag: aws.ToString(c.ETag), Modified: aws.ToTime(c.LastModified),
		})
	}
	for _, c := range out.CommonPrefixes {
		key, err := below(c.Prefix, true)
		if err != nil {
			return page{}, err
		}
		p.folders = append(p.folders, key)
	}
	if aws.ToBool(out.IsTruncated) {
		if p.next = aws.ToString(out.NextContinuationToken); p.next == "" {
			return page{}, malformed("a listing that is cut off")
		}
	}
	return p, nil
}

func malformed(format string, args ...any) error {
	return &fault.Error{Op: opList, Kind: fault.ErrMalformed, Err: fmt.Errorf(format, args...)}
}
