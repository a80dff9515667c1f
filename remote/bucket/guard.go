package bucket

import (
	"fmt"
	"io"
	"net/http"

	"codeoceanfs/remote/fault"
)

const (
	// maxError bounds an error document; real ones are below 2 KiB.
	maxError = 64 << 10
	// maxPage bounds a page of a listing: 1,000 keys of 1,024 bytes, each byte
	// written as %XX, and as much again around them.
	maxPage = 8 << 20
)

// errTooLong is about a page that is longer than any can be.
var errTooLong = fmt.Errorf("%w: a listing's page of more than %d bytes", fault.ErrMalformed, maxPage)

// guard is the last look at a request before it leaves, and the first at its
// answer: signatures go only where they belong, and no answer is endless.
type guard struct {
	place place
}

// client returns the HTTP client for a place. It follows no redirect: where a
// bucket lives is for us to decide, and a signature is for one host.
func (p place) client() *http.Client {
	return &http.Client{
		Transport:     guard{p},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// RoundTrip implements http.RoundTripper.
func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if !g.place.allowed(req.URL) {
		return nil, &fault.Error{
			Op: "ask store", Host: req.URL.Host, Kind: fault.ErrRefused,
			Err: fmt.Errorf("not a host for this bucket"),
		}
	}
	if g.place.gcp {
		// Google's store unpacks objects stored with gzip for clients that do not
		// say that they can, and then knows neither their size nor ranges. It
		// rewrites this header on its way in, so no signature may cover it.
		req = req.Clone(req.Context())
		req.Header.Set("Accept-Encoding", "gzip")
	}
	resp, err := g.place.via.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	switch {
	case resp.StatusCode >= 300:
		resp.Body = &bounded{resp.Body, maxError, true}
	case !req.URL.Query().Has("list-type"):
	case resp.ContentLength > maxPage:
		_ = resp.Body.Close()
		return nil, errTooLong
	default:
		resp.Body = &bounded{resp.Body, maxPage, false}
	}
	return resp, nil
}

// bounded is a body that ends, or fails, after so many bytes.
type bounded struct {
	io.ReadCloser
	left int64
	ends bool // in silence: what was read may do
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		if b.ends {
			return 0, io.EOF
		}
		return 0, errTooLong
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}
