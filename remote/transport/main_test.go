package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"codeoceanfs/remote/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server on this machine for one test.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// local is a transport that may reach such a server.
func local(t *testing.T) *http.Transport {
	t.Helper()
	rt := New(Options{AllowLoopback: true})
	t.Cleanup(rt.CloseIdleConnections)
	return rt
}

func request(t *testing.T, ctx context.Context, target string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestLoopbackIsRefusedWhateverItsName(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the server was reached") })
	u, _ := url.Parse(s.URL)
	rt := New(Options{})
	for _, host := range []string{"127.0.0.1", "localhost"} {
		_, err := rt.RoundTrip(request(t, t.Context(), "http://"+net.JoinHostPort(host, u.Port())))
		if !errors.Is(err, fault.ErrRefused) {
			t.Errorf("%s: error is %v", host, err)
		}
		if Retryable(err) {
			t.Errorf("%s: would be tried again", host)
		}
	}
}

func TestAllowedAddresses(t *testing.T) {
	for addr, want := range map[string]bool{
		"52.216.1.1:443":              true,
		"10.1.2.3:443":                true, // deployments live in private networks
		"[fd12:3456::1]:443":          true,
		"127.0.0.1:80":                false,
		"[::1]:80":                    false,
		"[::ffff:127.0.0.1]:80":       false,
		"169.254.169.254:80":          false,
		"[::ffff:169.254.169.254]:80": false,
		"[fe80::1%eth0]:80":           false,
		"[fd00:ec2::254]:80":          false,
		"100.100.100.200:80":          false,
		"[::ffff:100.100.100.200]:80": false,
		"0.0.0.0:80":                  false,
		"[::]:80":                     false,
		"224.0.0.1:80":                false,
		"name:80":                     false,
	} {
		if err := allowed(addr, false); (err == nil) != want {
			t.Errorf("allowed(%s) = %v", addr, err)
		}
	}
	for _, addr := range []string{"127.0.0.1:1", "[::1]:1"} {
		if err := allowed(addr, true); err != nil {
			t.Errorf("a deployment on this machine: %v", err)
		}
	}
	if allowedIP(netip.MustParseAddr("169.254.169.254"), true) == nil {
		t.Error("loopback opens the metadata service")
	}
}

func TestCheckURL(t *testing.T) {
	for raw, want := range map[string]struct{ public, onLoopback bool }{
		"https://bucket.s3.amazonaws.com/k?s=1":    {true, true},
		"https://bucket.s3.amazonaws.com:443/k":    {true, true},
		"https://bucket.s3.amazonaws.com:8443/k":   {false, false},
		"http://bucket.s3.amazonaws.com/k":         {false, false},
		"https://user@bucket.s3.amazonaws.com/k":   {false, false},
		"https://169.254.169.254/latest/meta-data": {false, false},
		"https://[fd00:ec2::254]/latest":           {false, false},
		"https://10.0.0.1/k":                       {true, true},
		"https://127.0.0.1/k":                      {false, true},
		"http://127.0.0.1:9000/k":                  {false, true},
		"http://localhost:9000/k":                  {false, true},
		"http://[::1]:9000/k":                      {false, true},
		"http://10.0.0.1:9000/k":                   {false, false},
		"file:///etc/passwd":                       {false, false},
		"/relative":                                {false, false},
		"https:opaque":                             {false, false},
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckURL(u, false); (err == nil) != want.public {
			t.Errorf("CheckURL(%s) = %v", raw, err)
		}
		if err := CheckURL(u, true); (err == nil) != want.onLoopback {
			t.Errorf("CheckURL(%s) for a deployment on this machine = %v", raw, err)
		}
	}
}

func TestProxyOnThisMachineIsTrusted(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Host) })
	proxy, _ := url.Parse(s.URL)
	d := &dialer{proxies: map[string]bool{}}
	// http.ProxyFromEnvironment reads the environment once per process, so what
	// it remembers is set here.
	d.proxies[hostPort(proxy)] = true
	rt := &http.Transport{DialContext: d.dial, Proxy: http.ProxyURL(proxy)}
	defer rt.CloseIdleConnections()
	resp, err := rt.RoundTrip(request(t, t.Context(), "http://far.example.com/"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, _ := io.ReadAll(resp.Body); string(got) != "far.example.com" {
		t.Errorf("the proxy was asked for %q", got)
	}
}

func TestProxyThatWantsALogin(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) })
	proxy, _ := url.Parse(s.URL)
	rt := local(t)
	rt.Proxy = http.ProxyURL(proxy)
	_, err := rt.RoundTrip(request(t, t.Context(), "https://far.example.com/"))
	if Kind(err) != fault.ErrUnreachable || Retryable(err) || !strings.Contains(err.Error(), "proxy") {
		t.Errorf("kind %v, retryable %v: %v", Kind(err), Retryable(err), err)
	}
}

// A server that is not who it says is an error at once.
func TestCertificates(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that are to fail
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	port := s.Listener.Addr().(*net.TCPAddr).Port
	for name, c := range map[string]struct {
		roots *x509.CertPool
		url   string
		good  bool
	}{
		"right":          {roots, s.URL, true},
		"unknown issuer": {x509.NewCertPool(), s.URL, false},
		"other host":     {roots, fmt.Sprintf("https://localhost:%d", port), false},
	} {
		t.Run(name, func(t *testing.T) {
			rt := New(Options{AllowLoopback: true, RootCAs: c.roots})
			defer rt.CloseIdleConnections()
			resp, err := rt.RoundTrip(request(t, t.Context(), c.url))
			if (err == nil) != c.good {
				t.Fatalf("error is %v", err)
			}
			if err == nil {
				Drain(resp.Body)
				return
			}
			if Retryable(err) || Unsent(err) || Kind(err) != fault.ErrUnreachable {
				t.Errorf("retryable %v, kind %v: %v", Retryable(err), Kind(err), err)
			}
		})
	}
	if v := New(Options{}).TLSClientConfig.MinVersion; v < tls.VersionTLS12 {
		t.Errorf("TLS from version %#x", v)
	}
}

// Bytes are passed on as they are stored, and connections are used again.
func TestBytesAsStored(t *testing.T) {
	conns := map[string]bool{}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if ae := r.Header.Get("Accept-Encoding"); ae != "" {
			t.Errorf("asked for encoding %q", ae)
		}
		conns[r.RemoteAddr] = true
		w.Header().Set("Content-Encoding", "gzip")
		fmt.Fprint(w, "not gzip at all")
	})
	rt := local(t)
	for range 3 {
		resp, err := rt.RoundTrip(request(t, t.Context(), s.URL))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(got) != "not gzip at all" {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if len(conns) != 1 {
		t.Errorf("%d connections for 3 requests", len(conns))
	}
}

// A header of any length is not taken.
func TestHeadersAreBounded(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := 16 << 10
		if r.URL.Path == "/long" {
			n = 2 * maxHeader
		}
		w.Header().Set("X-Junk", strings.Repeat("x", n))
	})
	for path, good := range map[string]bool{"/short": true, "/long": false} {
		resp, err := local(t).RoundTrip(request(t, t.Context(), s.URL+path))
		if (err == nil) != good {
			t.Errorf("%s: %v", path, err)
		}
		if err == nil {
			Drain(resp.Body)
		}
	}
}
