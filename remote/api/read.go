package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/transport"
)

// maxRenewals is how many new URLs one attempt asks for, when the store says of
// each that it has expired. One is normal; a platform that hands out dead URLs
// does not get better.
const maxRenewals = 2

// OpenRange returns the n bytes at off of a file of an internal asset, whose
// size is known. The body is exactly these bytes, or fails: what is cut off or
// stalls is asked for again from the last good byte. Nothing is sent before the
// first Read, which also brings the errors: fault.ErrNotExist, ErrRefused,
// ErrStale when the file has another size now, ErrTimeout. The body is for one
// goroutine, lives until it is closed or ctx ends, and must be closed.
func (c *Client) OpenRange(ctx context.Context, id, path string, size, off, n int64) (io.ReadCloser, error) {
	if off < 0 || n < 0 || size < 0 || n > size-off {
		return nil, &fault.Error{
			Op: "read range", Asset: id, Path: path, Kind: fault.ErrInvalid,
			Err: fmt.Errorf("%d bytes at %d of %d", n, off, size),
		}
	}
	key := fileKey{id, path}
	open := func(ctx context.Context, off, n int64) (io.ReadCloser, error) {
		return c.openRange(ctx, key, size, off, n)
	}
	return &download{transport.Resume(ctx, off, n, open, c.reads), c, key}, nil
}

// download counts bytes and tells errors which file they are about.
type download struct {
	io.ReadCloser
	c   *Client
	key fileKey
}

// Read implements io.Reader.
func (d *download) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	d.c.stats.bytes.Add(int64(n))
	if err == nil || err == io.EOF {
		return n, err
	}
	var e *fault.Error
	if errors.As(err, &e) && e.Asset == "" {
		e.Asset, e.Path = d.key.asset, d.key.path
	}
	if errors.Is(err, fault.ErrUnreachable) || errors.Is(err, fault.ErrTimeout) {
		d.c.urls.doubt(d.key)
	}
	return n, err
}

// openRange makes one attempt at a range.
func (c *Client) openRange(ctx context.Context, key fileKey, size, off, n int64) (body io.ReadCloser, err error) {
	err = c.withURL(ctx, key, func(u *signed) error {
		body, err = c.openURL(ctx, u, key, size, off, n)
		return err
	})
	return body, err
}

// withURL gives use the file's URL. One that was kept and is refused is renewed,
// and so is a new one that the store calls expired: its signer's session may
// have ended before the URL did.
func (c *Client) withURL(ctx context.Context, key fileKey, use func(*signed) error) error {
	var dead *signed
	for renewals := 0; ; renewals++ {
		u, fresh, err := c.urls.get(ctx, key, dead)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			return transport.Final(err) // it was repeated already
		}
		err = use(u)
		var e *fault.Error
		if err == nil || renewals == maxRenewals || !errors.As(err, &e) || !mayRenew(e, fresh) {
			return err
		}
		dead = u
	}
}

// mayRenew reports whether another URL may help after e.
func mayRenew(e *fault.Error, fresh bool) bool {
	if isExpired(e) {
		return true
	}
	switch e.Status { // the file may have moved since, or the rights to it
	case http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return !fresh
	}
	return false
}

// openURL asks a store for a range of a file whose size is known.
func (c *Client) openURL(ctx context.Context, u *signed, key fileKey, size, off, n int64) (io.ReadCloser, error) {
	resp, err := c.ask(ctx, u, key, off, n)
	if err != nil {
		return nil, err
	}
	if err := transport.CheckRange(resp, off, n, size); err != nil {
		transport.Drain(resp.Body)
		return nil, c.readError(key, u, err)
	}
	return transport.Body(resp, off, n, size), nil
}

// ask sends the request for a range to a store, by a signed URL and with
// nothing else: no token, no cookie, no referrer. The answer is a good one, but
// what it holds is not checked.
func (c *Client) ask(ctx context.Context, u *signed, key fileKey, off, n int64) (*http.Response, error) {
	req := (&http.Request{
		Method: http.MethodGet, URL: u.url, Host: u.url.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{
			"Range":      {transport.RangeHeader(off, n)},
			"User-Agent": {c.agent},
		},
	}).WithContext(transport.About(ctx, "read range", key.asset, key.path))
	c.stats.downloads.Add(1)
	resp, err := c.data.RoundTrip(req)
	if err != nil {
		return nil, c.readError(key, u, err)
	}
	if resp.StatusCode >= 300 {
		defer transport.Drain(resp.Body)
		e := storeError(resp)
		e.Asset, e.Path, e.Host = key.asset, key.path, u.url.Host
		return nil, e
	}
	return resp, nil
}

func (c *Client) readError(key fileKey, u *signed, err error) error {
	err = fault.Cause(err)
	return &fault.Error{
		Op: "read range", Asset: key.asset, Path: key.path, Host: u.url.Host,
		Kind: transport.Kind(err), Err: err,
	}
}
