package bucket

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"codeoceanfs/remote/fault"
)

// Key is the key of the file at path, as [Entry.Path] has it. Only for a prefix
// with slashes where none are needed, which can mean several things, does it ask.
func (s *Store) Key(ctx context.Context, loc Location, path string) (string, error) {
	b, err := s.bucket(loc)
	if err != nil {
		return "", err
	}
	if key, ok := b.single(loc.Prefix); ok && path == lastName(key) {
		return key, nil
	}
	base, err := s.base(ctx, b, loc)
	return base + path, err
}

// locate gives the bucket of an asset and the prefix of its keys.
func (s *Store) locate(ctx context.Context, loc Location) (*bucket, string, error) {
	b, err := s.bucket(loc)
	if err != nil {
		return nil, "", err
	}
	base, err := s.base(ctx, b, loc)
	return b, base, err
}

// slashes are several of them, which a record nearly always means as one.
var slashes = regexp.MustCompile("//+")

// readings are what a record's prefix can mean, the likeliest first. A slash in
// front is a way of writing, and so are several anywhere; but keys may have
// them. Each is as an object's key would be.
func readings(prefix string) []string {
	plain := strings.TrimLeft(prefix, "/")
	all := []string{plain}
	for _, other := range []string{prefix, slashes.ReplaceAllString(plain, "/")} {
		if !slices.Contains(all, other) {
			all = append(all, other)
		}
	}
	return all
}

// base is the prefix of an asset's keys. Where the record's can mean several,
// the bucket decides, once.
func (s *Store) base(ctx context.Context, b *bucket, loc Location) (string, error) {
	all := readings(loc.Prefix)
	plain := folder(all[0])
	if len(all) == 1 || plain == "" {
		return plain, nil
	}
	b.mu.Lock()
	known, ok := b.roots[loc.Prefix]
	b.mu.Unlock()
	if ok {
		return known, nil
	}
	for _, reading := range all {
		some, err := s.any(ctx, b, folder(reading))
		if err != nil {
			return "", err
		}
		if some {
			b.mu.Lock()
			b.roots[loc.Prefix] = folder(reading)
			b.mu.Unlock()
			return folder(reading), nil
		}
	}
	return plain, nil // until something is there
}

// only finds the object that a prefix names, for an asset of one file: there is
// nothing below the prefix, and the prefix itself is a key.
func (s *Store) only(ctx context.Context, b *bucket, loc Location) (e Entry, found bool, err error) {
	for _, key := range readings(loc.Prefix) {
		if key == "" || folder(key) == key || len(key) > maxKey {
			continue
		}
		o, found, err := s.exact(ctx, b, key)
		if errors.Is(err, fault.ErrRefused) { // whoever may not list may still read
			if o, err = s.head(ctx, b, key); errors.Is(err, fault.ErrNotExist) {
				continue
			}
			found = err == nil
		}
		if err != nil {
			return Entry{}, false, err
		}
		if found {
			b.setSingle(loc.Prefix, key)
			name := lastName(key)
			return Entry{Name: name, Path: name, Object: o}, true, nil
		}
	}
	return Entry{}, false, nil
}

// single is the key of the one object that is an asset, if it was found to be
// one when it was last looked at.
func (b *bucket) single(prefix string) (key string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key, ok = b.singles[prefix]
	return key, ok
}

// setSingle notes that a prefix names one object, or with "" that it does not.
func (b *bucket) setSingle(prefix, key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if key == "" {
		delete(b.singles, prefix)
	} else {
		b.singles[prefix] = key
	}
}
