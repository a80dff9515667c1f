package api

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"time"

	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/transport"
)

// knownServer is the version of the platform whose API this client was written
// against. An older one may do as well.
const knownServer = "4.8.0"

// nobody is the id of no asset: what is sent about it changes nothing.
const nobody = "00000000-0000-4000-8000-000000000000"

// Probe is what Check finds out beside that a deployment works.
type Probe struct {
	TLS     string        // version; "" over plain http
	Expires time.Time     // of the certificate; zero over plain http
	Skew    time.Duration // how far this machine's clock is ahead of the server's
	Clock   bool          // the server has told its time
	Old     string        // the server's words, if it says that it is too old for us; else ""
	// Write is nil if the token may change assets, ErrRefused if it may only
	// read, and another error if that was not to be found out.
	Write error
}

// Probe is Check for somebody who looks for what is wrong. It changes nothing.
func (c *Client) Probe(ctx context.Context) (*Probe, error) {
	if err := c.Check(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, checkBudget)
	defer cancel()
	p := new(Probe)
	search := &call{
		op: "check", method: http.MethodPost, path: []string{"data_assets", "search"}, body: Query{Limit: 1},
	}
	payload, err := search.payload()
	if err != nil {
		return nil, err
	}
	asked := time.Now()
	resp, err := c.send(ctx, search, payload)
	if err != nil {
		return nil, c.explain(err)
	}
	transport.Drain(resp.Body)
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		// It was told between asking and now, and in whole seconds.
		middle := asked.Add(time.Since(asked) / 2)
		p.Skew, p.Clock = middle.Sub(date.Add(time.Second/2)), true
	}
	if resp.TLS != nil {
		p.TLS = tls.VersionName(resp.TLS.Version)
		if len(resp.TLS.PeerCertificates) > 0 {
			p.Expires = resp.TLS.PeerCertificates[0].NotAfter
		}
	}
	search.minServer = knownServer
	var e *fault.Error
	if resp, err := c.send(ctx, search, payload); err == nil {
		transport.Drain(resp.Body)
	} else if errors.As(err, &e) && strings.Contains(e.Message, "version") {
		p.Old = e.Message
	}
	p.Write = c.mayWrite(ctx)
	return p, nil
}

// mayWrite asks for a change of an asset that does not exist.
func (c *Client) mayWrite(ctx context.Context) error {
	k := &call{op: "check", method: http.MethodPut, path: assetPath(nobody), body: struct{}{}}
	payload, err := k.payload()
	if err != nil {
		return err
	}
	resp, err := c.send(ctx, k, payload)
	if err == nil {
		transport.Drain(resp.Body)
		return nil
	}
	switch fault.KindOf(err) {
	case fault.ErrNotExist, fault.ErrInvalid: // it has looked
		return nil
	}
	return err
}
