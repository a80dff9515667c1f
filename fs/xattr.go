package fs

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"syscall"

	"codeoceanfs/cache"
)

// xattr is an extended attribute.
type xattr struct{ name, value string }

// ours reports whether an attribute can be one of ours. All others are answered
// without a look at anything.
func ours(name string) bool { return strings.HasPrefix(name, "user.codeocean.") }

// none answers for an attribute that nothing here has. That there are no labels
// and no access lists at all is another answer than that a file has none: ls
// asks for two of every file, and after this one for no more of the whole mount,
// which is half of its time.
func none(name string) syscall.Errno {
	if strings.HasPrefix(name, "security.") || strings.HasPrefix(name, "system.") {
		return syscall.EOPNOTSUPP
	}
	return syscall.ENODATA
}

// Getxattr answers for everything without attributes of its own.
func (readOnly) Getxattr(_ context.Context, name string, _ []byte) (uint32, syscall.Errno) {
	return 0, none(name)
}

func joinTags(tags []string) string { return strings.Join(tags, ",") }

func getxattr(all []xattr, name string, dest []byte) (uint32, syscall.Errno) {
	for _, x := range all {
		if x.name == name {
			return put(x.value, dest)
		}
	}
	return 0, none(name)
}

func listxattr(all []xattr, dest []byte) (uint32, syscall.Errno) {
	var list strings.Builder
	for _, x := range all {
		list.WriteString(x.name)
		list.WriteByte(0)
	}
	return put(list.String(), dest)
}

// put answers as the system calls do: a caller with too small a buffer, an
// empty one above all, learns the size it needs.
func put(value string, dest []byte) (uint32, syscall.Errno) {
	if len(dest) < len(value) {
		return uint32(len(value)), syscall.ERANGE
	}
	return uint32(copy(dest, value)), 0
}

// place is what files and folders have: where they are on the platform, by its
// own names.
func place(id, path string) []xattr {
	return []xattr{{"user.codeocean.id", id}, {"user.codeocean.path", strings.TrimSuffix(path, "/")}}
}

// Getxattr gives one attribute.
func (f *folder) Getxattr(_ context.Context, name string, dest []byte) (uint32, syscall.Errno) {
	return getxattr(place(f.id, f.path), name, dest)
}

// Listxattr names the attributes.
func (f *folder) Listxattr(_ context.Context, dest []byte) (uint32, syscall.Errno) {
	return listxattr(place(f.id, f.path), dest)
}

// Getxattr gives one attribute.
func (f *file) Getxattr(ctx context.Context, name string, dest []byte) (uint32, syscall.Errno) {
	if !ours(name) {
		return 0, none(name)
	}
	if name == StoredXattr {
		return f.stored(ctx, dest)
	}
	return getxattr(place(f.id, f.path()), name, dest)
}

// StoredXattr is how many bytes of a file are on disk; empty where nothing is
// kept. It is ENOSPC while nothing is kept because the disk is full, ENOMEDIUM
// while it fails otherwise, and EIO when it does not say now. It is answered to
// those who know of it, and not listed: it changes.
const StoredXattr = "user.codeocean.stored"

func (f *file) stored(ctx context.Context, dest []byte) (uint32, syscall.Errno) {
	call := f.t.begin(ctx, f.t.cfg.Lookup, "getxattr", f, "")
	defer call.end()
	s, err := f.t.source(call, f.id)
	if err != nil {
		return 0, f.t.fail("getxattr", f.id, f.path(), err)
	}
	n, err := f.t.cache.Stored(s.Object(f.path(), f.entry))
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return put("", dest)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return 0, syscall.ENOSPC
	case errors.Is(err, cache.ErrLeftAlone):
		return 0, syscall.ENOMEDIUM
	case err != nil:
		return 0, syscall.EIO // the cache has told of it; no reader sees it
	}
	return put(strconv.FormatInt(n, 10), dest)
}

// Listxattr names the attributes.
func (f *file) Listxattr(_ context.Context, dest []byte) (uint32, syscall.Errno) {
	return listxattr(place(f.id, f.path()), dest)
}
