// Package transport is the HTTP underneath the platform's API and its stores:
// the one place that knows how a network fails, so that everything above it
// gets exactly the bytes it asked for, or an error, within a time.
//
// The parts are layers of [http.RoundTripper] and two functions above them:
//
//	Retry.Do    one call, repeated while that can help
//	Resume      one body of exactly n bytes, however many answers it takes
//	  Limit     so many requests at once, fewer while the server is struggling
//	    Watch   no first byte, no further byte, or too few of them: an error
//	      Break   a host that is down: an error at once, and one look each 5 s
//	        New   connections: dialled within seconds, only where policy allows
//
// Deadlines are everywhere, but none is over a whole body: a slow transfer that
// keeps flowing is allowed to finish.
package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"codeoceanfs/remote/fault"
)

const (
	// DefaultMaxConns is enough connections of 80 MB/s to fill a fast network
	// card, and few enough not to be taken for an attack.
	DefaultMaxConns = 32

	// idleTimeout is below the 60 s and more after which load balancers close
	// idle connections, so that a request rarely meets one that is just closing.
	idleTimeout = 30 * time.Second

	// ackTimeout is how long sent bytes may stay unacknowledged: a connection
	// that died in silence (suspend, a changed network) is noticed here although
	// a server may take longer than this to think about an answer.
	ackTimeout = 10 * time.Second

	// keepAlive finds dead connections that wait for an answer.
	keepAlive = 15 * time.Second

	// maxHeader bounds the header of an answer. Real ones are below 4 KiB.
	maxHeader = 64 << 10
)

// Options configures New. The zero value is a data transport to public hosts.
type Options struct {
	// MaxConns is the number of connections to a host, busy and idle; 0 means
	// DefaultMaxConns. A Limit in front of the transport must not be above it:
	// waiting for a connection has no deadline of its own.
	MaxConns int
	// AllowLoopback permits connections to this machine. It is for deployments
	// that are on it themselves: otherwise a server's answer could send us there.
	AllowLoopback bool
	// HTTP2 permits HTTP/2, with pings that find dead connections. It suits many
	// small calls; for bulk data parallel HTTP/1.1 connections are faster.
	HTTP2 bool
	// Compression asks for gzip and undoes it. It is for JSON: data is read as
	// it is stored.
	Compression bool
	// Timeouts bounds connecting: the others are for Watch and Retry.
	Timeouts Timeouts
	// RootCAs replaces the system's certificate authorities when not nil.
	RootCAs *x509.CertPool
}

// New returns a transport that keeps idle connections for reuse, honours the
// proxy variables, verifies certificates, and refuses to connect to addresses
// that Options does not allow, whatever name led there. Use it by RoundTrip: an
// http.Client around it would follow redirects, and tell others of the URL.
func New(o Options) *http.Transport {
	if o.MaxConns <= 0 {
		o.MaxConns = DefaultMaxConns
	}
	o.Timeouts = o.Timeouts.WithDefaults()
	d := &dialer{loopback: o.AllowLoopback, timeout: o.Timeouts.Dial, proxies: map[string]bool{}}
	t := &http.Transport{
		Proxy:                  d.proxy,
		OnProxyConnectResponse: proxyAnswer,
		DialContext:            d.dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		TLSHandshakeTimeout:    o.Timeouts.TLS,
		DisableCompression:     !o.Compression,
		MaxConnsPerHost:        o.MaxConns,
		MaxIdleConnsPerHost:    o.MaxConns,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeader,
		Protocols:              new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	if o.HTTP2 {
		t.Protocols.SetHTTP2(true)
		t.HTTP2 = &http.HTTP2Config{SendPingTimeout: keepAlive, PingTimeout: ackTimeout}
	}
	return t
}

// dialer opens connections under the address policy.
type dialer struct {
	loopback bool
	timeout  time.Duration

	mu      sync.Mutex
	proxies map[string]bool // host:port of every proxy met; mu guards it
}

// proxy is http.ProxyFromEnvironment, remembering the answers: a proxy is the
// user's own configuration, and may well be on this machine.
func (d *dialer) proxy(req *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(req)
	if u != nil {
		d.mu.Lock()
		d.proxies[hostPort(u)] = true
		d.mu.Unlock()
	}
	return u, err
}

// proxyAnswer makes the error of a proxy that gives no way to the host.
func proxyAnswer(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &fault.Error{
		Op: "connect through the proxy", Host: proxy.Host, Status: resp.StatusCode,
		Kind: fault.ErrUnreachable, RetryAfter: RetryAfter(resp.Header),
	}
}

func (d *dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d.mu.Lock()
	trusted := d.proxies[addr]
	d.mu.Unlock()
	nd := net.Dialer{
		Timeout:   d.timeout,
		KeepAlive: keepAlive,
		// Control sees the address after resolving, so a name that points to a
		// forbidden address, now or after a change of DNS, is caught here.
		Control: func(_, address string, c syscall.RawConn) error {
			if !trusted {
				if err := allowed(address, d.loopback); err != nil {
					return err
				}
			}
			var set error
			if err := c.Control(func(fd uintptr) {
				set = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(ackTimeout.Milliseconds()))
			}); err != nil {
				return err
			}
			return set
		},
	}
	return nd.DialContext(ctx, network, addr)
}

// hostPort is the address that net/http dials for u.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}
