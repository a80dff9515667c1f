package emulator

import (
	"io/fs"
	"strings"

	"codeoceanfs/remote/emulator/files"
	"codeoceanfs/remote/emulator/s3"
)

// store is the S3 endpoint's view of a server: the users' buckets, and the
// platform's own.
type store struct{ *Server }

// Bucket finds a bucket.
func (s store) Bucket(name string) (s3.Bucket, bool) {
	if name == ownBucket {
		return s3.Bucket{
			Name: ownBucket, Region: defaultRegion, Created: s.began,
			Keys: s.access.platformKeys(), Unlisted: true, Objects: internalFiles(s),
		}, true
	}
	b, ok := s.buckets.get(name)
	if !ok {
		return s3.Bucket{}, false
	}
	return b.forS3(), true
}

func (b *bucket) forS3() s3.Bucket {
	return s3.Bucket{
		Name: b.Name, Region: b.Region, Created: b.created, Public: b.Public, Keys: b.AccessKeys,
		Unlisted: b.Unlisted, Guarded: b.Unlisted, Unread: b.Unread, Objects: b.objects,
	}
}

// Buckets lists the users' buckets.
func (s store) Buckets() []s3.Bucket {
	var all []s3.Bucket
	for _, b := range s.buckets.all() {
		all = append(all, b.forS3())
	}
	return all
}

// Key finds an access key.
func (s store) Key(access string) (s3.Key, bool) { return s.access.key(access) }

// Options are the quirks that concern S3.
func (s store) Options() s3.Options {
	q := s.quirksNow()
	return s3.Options{RedirectRegion: q.RedirectRegion, NoRanges: q.NoRanges}
}

// internalFiles is the platform's own bucket: every internal asset's files
// below its id.
type internalFiles store

// Stat finds a file of an internal asset.
func (s internalFiles) Stat(key string) (files.File, error) {
	id, path, _ := strings.Cut(key, "/")
	tree, err := s.fileTree(id)
	if err != nil {
		return files.File{}, &fs.PathError{Op: "stat", Path: key, Err: fs.ErrNotExist}
	}
	f, err := tree.Stat(path)
	f.Key = key
	return f, err
}

// Walk lists nothing: the platform shows this bucket to nobody.
func (internalFiles) Walk(_, _, _ string, _ func(files.Item) bool) error { return nil }
