package bucket

import "context"

// Key is the key of the file at path, as [Entry.Path] has it. Only for a prefix
// with slashes in front, which can mean two things, does the first call ask.
func (s *Store) Key(ctx context.Context, loc Location, path string) (string, error) {
	b, err := s.bucket(loc)
	if err != nil {
		return "", err
	}
	base, err := s.base(ctx, b, loc)
	if err != nil {
		return "", err
	}
	return base + path, nil
}
