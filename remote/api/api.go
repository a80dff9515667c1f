// Package api is a client of the Code Ocean data-asset API.
//
// It decodes leniently and sends strictly: nothing that the platform adds,
// leaves out or spells otherwise in a record breaks a listing, and nothing is
// sent that was not asked for. Listings are decoded as streams. Every call is
// bounded in time, retried while that is safe and can help, and fails with a
// [fault.Error] whose kind says what to do.
//
// Files are read through signed URLs ([Client.OpenRange]), which are kept until
// shortly before they expire and renewed once for all readers. They and the
// token stay inside this package: no error or log line holds either.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"codeoceanfs/remote/transport"
)

const (
	// DefaultMaxRequests is how many API calls run at once: enough to hide a
	// round trip behind others, and few for a service that many people share.
	DefaultMaxRequests = 16
	// sparePart of the calls at once is kept for those that somebody waits for:
	// a sixteenth, so that these find a place in milliseconds.
	sparePart = 16
	// DefaultMaxDownloads is how many ranges are read at once.
	DefaultMaxDownloads = transport.DefaultMaxConns

	// listBudget is for a folder's listing while it flows: five million files
	// at the speed of a slow link.
	listBudget = 10 * time.Minute
	// thinking is how many times as long as a store the platform may take to
	// begin its answer: above what a page of 1000 records, or a large folder,
	// takes it.
	thinking = 2
)

// Token gives the access token of a call. It is called for each, so that a
// token file that changed is noticed; it must be safe for concurrent use. With
// an error it may still give a token: the last good one, while its file is not
// as it should be.
type Token func(ctx context.Context) (string, error)

// StaticToken is a Token that never changes.
func StaticToken(token string) Token {
	return func(context.Context) (string, error) { return token, nil }
}

// Config configures New. Domain and Token are required.
type Config struct {
	Domain       string // with or without https:// and a slash; http:// only for this machine
	Token        Token
	MaxRequests  int                // API calls at once, 0 means DefaultMaxRequests
	MaxDownloads int                // ranges at once, 0 means DefaultMaxDownloads
	Logger       *slog.Logger       // nil: discarded
	Agent        string             // User-Agent, "codeoceanfs" when empty
	Transport    http.RoundTripper  // of the API, nil: transport.New
	Data         http.RoundTripper  // of signed URLs, nil: transport.New
	Timeouts     transport.Timeouts // of data; a call may take twice its FirstByte to be answered
}

// Client talks to one deployment. It is safe for concurrent use.
type Client struct {
	base     url.URL // scheme and host
	loopback bool    // the deployment is on this machine
	token    Token
	agent    string
	log      *slog.Logger

	meta  http.RoundTripper  // carries the token, to base only
	data  http.RoundTripper  // carries nothing of ours
	limit *transport.Limiter // of data
	calls *transport.Retry
	lists *transport.Retry
	reads *transport.Retry
	signs *transport.Retry // of calls that a read waits for
	close func()           // drops idle connections

	pending  func() []transport.Pending
	outages  func() []transport.Outage
	spare    chan struct{} // a place for each call that may be made ahead of need
	urls     *urls
	route    route // to signed URLs
	standing standing
	stats    counters
}

// New returns a client. It sends nothing: see [Client.Check].
func New(cfg Config) (*Client, error) {
	base, err := parseDomain(cfg.Domain)
	if err != nil {
		return nil, err
	}
	if cfg.Token == nil {
		return nil, errors.New("no token")
	}
	cfg.Timeouts = cfg.Timeouts.WithDefaults()
	forCalls, forReads := cfg.Timeouts.Metadata, cfg.Timeouts.Operation
	c := &Client{
		base: *base, loopback: isLoopback(base.Hostname()),
		token: cfg.Token, agent: cfg.Agent, log: cfg.Logger,
		calls: &transport.Retry{Budget: forCalls, Patience: transport.DownAfter},
		lists: &transport.Retry{Budget: listBudget},
		reads: &transport.Retry{Budget: forReads},
		signs: &transport.Retry{Budget: forReads},
		close: func() {},
	}
	if c.agent == "" {
		c.agent = "codeoceanfs"
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxRequests <= 0 {
		cfg.MaxRequests = DefaultMaxRequests
	}
	if cfg.MaxDownloads <= 0 {
		cfg.MaxDownloads = DefaultMaxDownloads
	}
	var own []*http.Transport
	if cfg.Transport == nil {
		t := transport.New(transport.Options{MaxConns: cfg.MaxRequests, AllowLoopback: true, HTTP2: true, Compression: true, Timeouts: cfg.Timeouts})
		own, cfg.Transport = append(own, t), t
	}
	if cfg.Data == nil {
		t := transport.New(transport.Options{MaxConns: cfg.MaxDownloads, AllowLoopback: c.loopback, Timeouts: cfg.Timeouts})
		own, cfg.Data = append(own, t), t
	}
	patient := cfg.Timeouts
	patient.FirstByte *= thinking
	forMeta, forData := transport.Break(cfg.Transport), transport.Break(cfg.Data)
	c.outages = func() []transport.Outage { return append(forMeta.Outages(), forData.Outages()...) }
	meta := transport.Track(transport.Limit(transport.Watch(forMeta, patient), cfg.MaxRequests))
	c.limit = transport.Limit(transport.Watch(forData, cfg.Timeouts), cfg.MaxDownloads)
	data := transport.Track(c.limit)
	c.meta, c.data = meta, data
	c.pending = func() []transport.Pending { return append(meta.Pending(), data.Pending()...) }
	c.spare = make(chan struct{}, max(1, cfg.MaxRequests-max(1, cfg.MaxRequests/sparePart)))
	c.urls = newURLs(forReads, c.fetchURL, func() { c.stats.urlsRenewed.Add(1) })
	c.close = func() {
		c.urls.end()
		for _, t := range own {
			t.CloseIdleConnections()
		}
	}
	return c, nil
}

// Throttled reports whether a store of files has asked for fewer requests lately.
func (c *Client) Throttled() bool { return c.limit.Throttled() }

// Close drops idle connections, and ends requests for signed URLs. Other calls,
// and bodies in progress, are not touched.
func (c *Client) Close() { c.close() }

// Host is the deployment's host, with its port if that is not the usual one.
func (c *Client) Host() string { return c.base.Host }

// Pending gives the requests that are under way.
func (c *Client) Pending() []transport.Pending { return c.pending() }

// Outages are the hosts that cannot be reached.
func (c *Client) Outages() []transport.Outage { return c.outages() }

// AssetURL is the page of an asset on the platform, for people to open.
func (c *Client) AssetURL(id string) string {
	u := c.base
	return u.JoinPath("data-assets", url.PathEscape(id)).String()
}

// Stats counts what a client did since it was made.
type Stats struct {
	Calls       int64 `json:"calls"`        // API requests, repeated ones included
	Repeated    int64 `json:"repeated"`     // of these, repeated after a failure
	Downloads   int64 `json:"downloads"`    // range requests to signed URLs
	Bytes       int64 `json:"bytes"`        // read by them
	URLsFetched int64 `json:"urls_fetched"` // signed URLs asked for, renewals included
	URLsRenewed int64 `json:"urls_renewed"` // of these, for a file that had one
}

// counters are the Stats in the making.
type counters struct {
	calls, repeated, downloads, bytes, urlsFetched, urlsRenewed atomic.Int64
}

// Stats gives the counts until now.
func (c *Client) Stats() Stats {
	return Stats{
		Calls: c.stats.calls.Load(), Repeated: c.stats.repeated.Load(),
		Downloads: c.stats.downloads.Load(), Bytes: c.stats.bytes.Load(),
		URLsFetched: c.stats.urlsFetched.Load(), URLsRenewed: c.stats.urlsRenewed.Load(),
	}
}

// parseDomain reads a domain as people give it.
func parseDomain(domain string) (*url.URL, error) {
	s := strings.TrimSpace(domain)
	if s == "" {
		return nil, errors.New("no domain: name the deployment, like codeocean.example.org")
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	// The text is not repeated where it may hold a password.
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("domain is not a host name: it should be like codeocean.example.org")
	}
	switch path := strings.Trim(u.Path, "/"); path {
	case "", "api", "api/v1":
	default:
		return nil, fmt.Errorf("domain has a path %q: only the host name is needed", path)
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && isLoopback(u.Hostname()):
	case u.Scheme == "http":
		return nil, fmt.Errorf("domain %s: plain http would show the token to the network, use https", u.Host)
	default:
		return nil, fmt.Errorf("domain %s: unknown scheme %q, use https", u.Host, u.Scheme)
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
}

// isLoopback reports whether host names this machine.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}
