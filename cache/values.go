package cache

// Value gives what was kept on disk under key, by this process or another, for
// whoever can do without: it may be gone at any time. It may wait for the disk
// for a few seconds, and returns the plain bytes that were kept.
func (c *Cache) Value(key string) ([]byte, bool) {
	if c.disk == nil {
		return nil, false
	}
	return c.disk.Value(key)
}

// KeepValue has what make gives kept on disk under key, for this process and
// others, and does not wait for it. Keys never become paths. make is called
// once, by another goroutine, or not at all.
func (c *Cache) KeepValue(key string, make func() []byte) {
	if c.disk != nil {
		c.disk.KeepValue(key, make)
	}
}

// DropValue forgets what is kept under key, and does not wait for it.
func (c *Cache) DropValue(key string) {
	if c.disk != nil {
		c.disk.DropValue(key)
	}
}
