package emulator

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"

	"codeoceanfs/remote/emulator/files"
)

// named finds an asset by its id, or else by its folder, among those that were
// just read and those that are there.
func (s *Server) named(name string, fresh []*entry) *entry {
	all := append(s.shelf.all(), fresh...)
	for _, e := range slices.Backward(all) {
		if e.ID == name {
			return e
		}
	}
	for _, e := range slices.Backward(all) {
		if e.folder != "" && filepath.Base(e.folder) == name {
			return e
		}
	}
	return nil
}

// uuid is how the platform's ids look.
var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// settle brings an asset that was just read together with what it names: members
// and a bucket. It changes e, which nobody else has yet.
func (s *Server) settle(e *entry, fresh []*entry) error {
	path := filepath.Join(e.folder, "asset.json")
	for i := range e.Contained {
		c := &e.Contained[i]
		m := s.named(c.ID, fresh)
		switch {
		case m == nil && uuid.MatchString(c.ID): // it may have been deleted through the API
			s.log.Warn("a combined asset names a data asset that does not exist", "file", path, "member", c.ID)
			c.Mount = cmp.Or(c.Mount, c.ID)
		case m == nil:
			return fmt.Errorf("%s: contained_data_assets: %q is neither the id nor the folder in assets/ of a data asset", path, c.ID)
		case m == e:
			return fmt.Errorf("%s: contained_data_assets: %q is this data asset itself", path, c.ID)
		default:
			c.ID, c.Mount = m.ID, cmp.Or(c.Mount, m.Mount, m.Name)
		}
	}
	if e.external() && !e.Copying {
		s.lookInBucket(path, e.SourceBucket)
	}
	return nil
}

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
