package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/transport"
)

// checkBudget is for Check: somebody looks at the terminal.
const checkBudget = 15 * time.Second

// Check makes one cheap call, which needs what a mount needs: the right domain,
// a token that is valid, and its right to read data assets. Its errors are one
// line that says what is wrong and what to do.
func (c *Client) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkBudget)
	defer cancel()
	k := &call{
		op: "check", method: http.MethodPost, path: []string{"data_assets", "search"},
		body: Query{Limit: 1},
	}
	payload, err := k.payload()
	if err != nil {
		return err
	}
	var resp *http.Response
	once := func() error {
		if resp, err = c.send(ctx, k, payload); err != nil {
			return err
		}
		defer transport.Drain(resp.Body)
		if _, err := decodePage(&bounded{r: resp.Body, left: maxAnswer}, c.log); err != nil {
			return c.badAnswer(k, resp, err)
		}
		return nil
	}
	// One more try is for a stumble; a mount that cannot start says so at once.
	if err = once(); err != nil && transport.Retryable(err) {
		err = once()
	}
	return c.explain(err)
}

// explain says in a person's words what a failed Check means.
func (c *Client) explain(err error) error {
	var e *fault.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	host := c.Host()
	switch {
	case e.Status == http.StatusUnauthorized:
		return fmt.Errorf("%w: %s refuses the token: make a new one there, with the Datasets scope", fault.ErrRefused, host)
	case e.Status == http.StatusForbidden:
		return fmt.Errorf("%w: the token may not read data assets at %s: it needs the Datasets scope", fault.ErrRefused, host)
	case e.Status == http.StatusProxyAuthRequired:
		return fmt.Errorf("%w: the proxy on the way to %s wants a login: check HTTPS_PROXY", fault.ErrUnreachable, host)
	case e.Status >= 300 && e.Status < 500 && e.Kind != fault.ErrThrottled && e.Kind != fault.ErrTimeout, e.Kind == fault.ErrMalformed:
		return fmt.Errorf("%w: %s answers, but not as a Code Ocean deployment does: check the domain (%w)", fault.ErrMalformed, host, err)
	case e.Kind == fault.ErrUnreachable && c.base.Scheme == "https" && c.loopback:
		return fmt.Errorf("%w: no connection to %s: a deployment on this machine needs http:// before its address, as http://%s (%w)", fault.ErrUnreachable, host, host, e.Err)
	case e.Kind == fault.ErrUnreachable && speaksPlain(e.Err):
		return fmt.Errorf("%w: %s speaks plain http: check its port; http:// before an address is for this machine alone (%w)", fault.ErrUnreachable, host, e.Err)
	case e.Kind == fault.ErrUnreachable:
		return fmt.Errorf("%w: no connection to %s: check the domain, the network and the proxy (%w)", fault.ErrUnreachable, host, e.Err)
	}
	return fmt.Errorf("%s does not work now: %w", host, err)
}

// speaksPlain reports whether a server has answered the first bytes of TLS with
// something else.
func speaksPlain(err error) bool {
	var header tls.RecordHeaderError
	return errors.As(err, &header)
}
