package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/transport"
)

// route remembers which of the two calls for signed URLs the deployment has:
// files/urls, or the older files/download_url.
type route struct{ known atomic.Int32 }

const (
	routeUnknown int32 = iota
	routeURLs
	routeDownloadURL
)

// names are the last parts of the routes' paths.
var names = map[int32]string{routeURLs: "urls", routeDownloadURL: "download_url"}

// fetchURL asks for a file's signed URL, and says for how long it can be used.
func (c *Client) fetchURL(ctx context.Context, key fileKey) (*url.URL, time.Duration, error) {
	c.stats.urlsFetched.Add(1)
	first, second := routeURLs, routeDownloadURL
	known := c.route.known.Load()
	if known == routeDownloadURL {
		first, second = second, first
	}
	u, life, err := c.fetchURLBy(ctx, first, key)
	switch {
	case err == nil:
		c.route.known.Store(first)
		return u, life, nil
	case known == routeURLs || !isNoRoute(err):
		return nil, 0, err
	}
	// No such file, or no such call: the other one tells. When the deployment
	// is upgraded, this also leads back.
	u, life, err2 := c.fetchURLBy(ctx, second, key)
	if err2 != nil {
		return nil, 0, err
	}
	c.route.known.Store(second)
	return u, life, nil
}

// isNoRoute reports whether err may be about a call that the server lacks.
func isNoRoute(err error) bool {
	var e *fault.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented:
		return true
	}
	return false
}

func (c *Client) fetchURLBy(ctx context.Context, which int32, key fileKey) (*url.URL, time.Duration, error) {
	var answer struct {
		DownloadURL text `json:"download_url"`
		URL         text `json:"url"`
	}
	k := &call{
		op: "get file URL", method: http.MethodGet, path: assetPath(key.asset, "files", names[which]),
		query: url.Values{"path": {key.path}}, asset: key.asset, file: key.path, read: true,
	}
	var header http.Header
	err := c.do(ctx, k, func(body io.Reader, h http.Header) error {
		header = h
		return decodeAll(body, &answer)
	})
	if err != nil {
		return nil, 0, err
	}
	raw := answer.DownloadURL
	if raw == "" {
		raw = answer.URL
	}
	u, err := url.Parse(string(raw))
	if err != nil || raw == "" { // the error would show the URL
		err = fmt.Errorf("%w: no signed URL in the answer", fault.ErrMalformed)
	} else {
		err = transport.CheckURL(u, c.loopback)
	}
	if err != nil {
		e := k.fail(err)
		e.Host = c.Host()
		return nil, 0, e
	}
	return u, lifetime(u, header, time.Now()), nil
}
