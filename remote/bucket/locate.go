package bucket

import "context"

// Key is the key of the file at path, as [Entry.Path] has it. Only for a prefix
// with slashes in front, which can mean two things, does the first call ask.
func (s *Store) Key(ctx context.Context, loc Location, path string) (string, error) {
	_, base, err := s.locate(ctx, loc)
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

// base is the prefix of an asset's keys. A record's prefix with a slash in
// front nearly always means the one without; as keys may begin with a slash,
// the bucket decides, once.
func (s *Store) base(ctx context.Context, b *bucket, loc Location) (string, error) {
	plain, literal := root(loc.Prefix), folder(loc.Prefix)
	if plain == literal || plain == "" {
		return plain, nil
	}
	b.mu.Lock()
	known, ok := b.roots[loc.Prefix]
	b.mu.Unlock()
	if ok {
		return known, nil
	}
	found := plain
	for _, prefix := range []string{plain, literal} {
		some, err := s.any(ctx, b, prefix)
		if err != nil {
			return "", err
		}
		if some {
			found = prefix
			break
		}
	}
	b.mu.Lock()
	b.roots[loc.Prefix] = found
	b.mu.Unlock()
	return found, nil
}
