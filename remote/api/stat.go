package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"

	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/transport"
)

// Stat finds one file or folder of an internal asset without listing the folder
// that holds it. The platform has no call for that: it takes the file's signed
// URL and its first byte, and the beginning of a listing, all of which the next
// call may use. What is a file and a folder is a folder, as it is named.
//
// fault.ErrNotExist means that neither was found, which the folder's listing
// may contradict; so may a platform that cannot tell. Any other error means
// that it is not known.
func (c *Client) Stat(ctx context.Context, id, path string) (File, error) {
	f := File{Name: path[strings.LastIndexByte(path, '/')+1:], Path: path}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var sizeErr error
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if f.Size, sizeErr = c.size(ctx, fileKey{id, path}); errors.Is(sizeErr, fault.ErrNotExist) {
			return nil
		}
		return sizeErr
	})
	g.Go(func() (err error) {
		if f.Folder, err = c.isFolder(ctx, id, path); f.Folder {
			cancel() // that it is no file is not wanted
		}
		return err
	})
	err := g.Wait()
	switch {
	case f.Folder:
		f.Size = -1
		return f, nil
	case err != nil:
		return File{}, err
	case sizeErr != nil:
		return File{}, sizeErr
	}
	return f, nil
}

// isFolder reports whether anything is listed below path: the first entry is
// enough.
func (c *Client) isFolder(ctx context.Context, id, path string) (bool, error) {
	something := errors.New("something")
	err := c.ListFiles(ctx, id, path, func(f File) error {
		switch {
		case strings.HasPrefix(f.Path, path+"/"):
			return something
		case f.Path == path && !f.Folder:
			return nil // the file itself, in a listing of its own
		}
		return errors.ErrUnsupported
	})
	switch {
	case errors.Is(err, something):
		return true, nil
	case errors.Is(err, fault.ErrNotExist):
		return false, nil
	}
	return false, err
}

// size asks the store for a file's first byte, and so for how many there are:
// HEAD is refused on a URL that was signed for GET.
func (c *Client) size(ctx context.Context, key fileKey) (size int64, err error) {
	err = c.calls.Do(ctx, func(ctx context.Context, _ int) error {
		return c.withURL(ctx, key, func(u *signed) error {
			resp, err := c.ask(ctx, u, key, 0, 1)
			var e *fault.Error
			if errors.As(err, &e) && e.Status == http.StatusRequestedRangeNotSatisfiable {
				size = 0 // not even one
				return nil
			}
			if err != nil {
				return err
			}
			defer transport.Drain(resp.Body)
			if size, err = transport.Total(resp, 0, 1); err != nil {
				return c.readError(key, u, err)
			}
			return nil
		})
	})
	return size, err
}
