package api

import "context"

// Spare waits for a place among the calls that may be made before anybody needs
// them. There are a few less of them than calls at once. The caller gives it
// back with release.
func (c *Client) Spare(ctx context.Context) (release func(), err error) {
	select {
	case c.spare <- struct{}{}:
		return func() { <-c.spare }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Sign gets the signed URL of a file that nobody reads yet, if it is not kept,
// so that [Client.OpenRange] need not wait for it.
func (c *Client) Sign(ctx context.Context, id, path string) error {
	key := fileKey{id, path}
	if c.urls.lookup(key, nil) != nil {
		return nil
	}
	release, err := c.Spare(ctx)
	if err != nil {
		return err
	}
	defer release()
	_, _, err = c.urls.get(ctx, key, nil)
	return err
}
