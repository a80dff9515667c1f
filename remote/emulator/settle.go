package emulator

import (
	"errors"

	"codeoceanfs/remote/emulator/files"
)

// errFound ends a walk.
var errFound = errors.New("found")

// lookInBucket says where the files of an external asset are missing. That is no
// error: buckets come and go without their assets.
func (s *Server) lookInBucket(path string, from *SourceBucket) {
	b, ok := s.buckets.get(from.Bucket)
	if !ok {
		s.log.Warn("the bucket of an external asset does not exist", "file", path, "bucket", from.Bucket, "missing", s.buckets.path(from.Bucket))
		return
	}
	err := files.Below(b.objects, from.Prefix, func(string, files.File) error { return errFound })
	if !errors.Is(err, errFound) {
		s.log.Warn("the bucket of an external asset holds nothing below its prefix", "file", path, "bucket", from.Bucket, "prefix", from.Prefix)
	}
}
