package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/transport"
)

// What is wrong at the start is said in one line, with what to do.
func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		h    http.HandlerFunc
		kind error
		says string
	}{
		"well":          {reply(obj{"has_more": false, "results": []any{}}), nil, ""},
		"stumbles":      {inTurn(words(503, "", ""), reply(obj{"has_more": false, "results": []any{}})), nil, ""},
		"token refused": {words(401, "application/json", `{"message":"bad"}`), fault.ErrRefused, "refuses the token"},
		"no scope":      {words(403, "", ""), fault.ErrRefused, "Datasets scope"},
		"wrong host":    {words(404, "text/html", "<html>"), fault.ErrMalformed, "check the domain"},
		"a web site":    {words(200, "text/html", "<html>"), fault.ErrMalformed, "a web page"},
		"a login":       {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, fault.ErrMalformed, "check the domain"},
		"is down":       {words(503, "", ""), fault.ErrThrottled, "does not work now"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.handle("POST /data_assets/search", c.h)
			err := p.client().Check(background(t))
			if !errors.Is(err, c.kind) || c.kind == nil && err != nil {
				t.Fatalf("error is %v", err)
			}
			if err != nil && (!strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "\n")) {
				t.Errorf("it says %v", err)
			}
			if n := p.requests.Load(); n > 2 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestCheckOfNoHost(t *testing.T) {
	for domain, says := range map[string]string{
		"no-such-host.invalid": "check the domain",
		"http://127.0.0.1:1":   "check the domain",
		"127.0.0.1:1":          "http://127.0.0.1:1",
	} {
		c, err := New(Config{Domain: domain, Token: StaticToken(canary)})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Check(background(t)); !errors.Is(err, fault.ErrUnreachable) || !strings.Contains(err.Error(), c.Host()) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s gives %v", domain, err)
		}
	}
}

// A token that was replaced on disk is used for the call that meets its end.
func TestTokenIsReadAgainWhenRefused(t *testing.T) {
	p := newPlatform(t)
	p.handle("GET /data_assets/id", reply(rec("id")))
	var reads atomic.Int64
	c := p.client(func(cfg *Config) {
		cfg.Token = func(ctx context.Context) (string, error) {
			if reads.Add(1) == 1 {
				return "cop_old", nil
			}
			return canary, nil
		}
	})
	if _, err := c.Get(background(t), "id"); err != nil || p.requests.Load() != 2 {
		t.Errorf("%v after %d requests", err, p.requests.Load())
	}
	dead := p.client(func(cfg *Config) { cfg.Token = StaticToken("cop_revoked") })
	before := p.requests.Load()
	if _, err := dead.Get(background(t), "id"); !errors.Is(err, fault.ErrRefused) || p.requests.Load()-before != 1 {
		t.Errorf("%v after %d requests", err, p.requests.Load()-before)
	}
}

// The token goes to the deployment's host alone: not where it redirects to, not
// to the host of a signed URL.
func TestTokenStaysAtHome(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s with %v", r.Method, r.URL, r.Header)
	}))
	t.Cleanup(other.Close)
	p := newPlatform(t)
	p.handle("GET /data_assets/id", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusFound)
	})
	if _, err := p.client().Get(background(t), "id"); !errors.Is(err, fault.ErrMalformed) {
		t.Errorf("error is %v", err)
	}
}

// Whatever fails, no error and no log line holds the token or a signed URL.
func TestNoSecretGetsOut(t *testing.T) {
	echo := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			words(status, "text/plain", r.Header.Get("Authorization")+" "+canary+" "+r.URL.String())(w, r)
		}
	}
	var log bytes.Buffer
	var said []string
	for _, h := range []http.HandlerFunc{echo(400), echo(500), echo(200), lost, echo(302)} {
		p := newPlatform(t)
		p.handle("GET /data_assets/id", h)
		p.handle("POST /data_assets/search", h)
		p.handle("POST /data_assets/id/files", h)
		p.handle("POST /data_assets", h)
		p.signing(time.Hour)
		p.serve(func(w http.ResponseWriter, r *http.Request) {
			xmlError(403, "AccessDenied", "denied "+r.URL.RawQuery)(w, r)
		})
		c := p.client(logged(&log))
		_, err1 := c.Get(background(t), "id")
		_, err2 := ids(t, c, Query{})
		_, err3 := files(t, c, "")
		_, err4 := c.Create(background(t), CreateRequest{Source: &Source{GCP: &GCPSource{ClientSecret: "5ecret"}}})
		_, err5 := read(t, c, 0, 10)
		p.serve(lost)
		_, err6 := read(t, c, 0, 10)
		err7 := c.Check(background(t))
		p.store.Close()
		c.reads.Budget = 50 * time.Millisecond
		_, err8 := read(t, c, 0, 10)
		for i, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8} {
			if err == nil {
				t.Errorf("call %d did not fail", i+1)
				continue
			}
			said = append(said, err.Error())
		}
	}
	all := strings.Join(said, "\n") + log.String()
	for _, secret := range []string{canary, "5ecret", "X-Amz-Signature=5", "Y29wX"} {
		if i := strings.Index(all, secret); i >= 0 {
			t.Errorf("%q is in %q", secret, all[max(0, i-200):i+50])
		}
	}
}

// A slow server is waited for, within bounds, and a silent one is left.
func TestSilentServer(t *testing.T) {
	p := newPlatform(t)
	p.handle("GET /data_assets/id", inTurn(silent, reply(rec("id"))))
	c := p.client(func(c *Config) { c.Timeouts = transport.Timeouts{FirstByte: 50 * time.Millisecond} })
	if _, err := c.Get(background(t), "id"); err != nil {
		t.Error(err)
	}
	p = newPlatform(t)
	p.handle("GET /data_assets/id", silent)
	c = p.client(func(c *Config) { c.Timeouts = transport.Timeouts{FirstByte: 50 * time.Millisecond} })
	if _, err := c.Get(background(t), "id"); !errors.Is(err, fault.ErrTimeout) {
		t.Errorf("error is %v", err)
	}
}

// A public deployment cannot send us to this machine by a signed URL, by name
// or by address.
func TestPublicDeploymentCannotPointHere(t *testing.T) {
	u, _ := url.Parse("https://localhost/x")
	for _, target := range []*url.URL{u, {Scheme: "https", Host: "127.0.0.1", Path: "/x"}} {
		c, err := New(Config{Domain: "codeocean.example.com", Token: StaticToken(canary)})
		if err != nil {
			t.Fatal(err)
		}
		s := &signed{url: target, expires: time.Now().Add(time.Hour)}
		if _, err := c.openURL(background(t), s, fileKey{}, 10, 0, 10); !errors.Is(err, fault.ErrRefused) {
			t.Errorf("%s gives %v", target, err)
		}
	}
}

// A server that speaks plain http where https was asked for is told as that.
func TestCheckOfPlainHTTP(t *testing.T) {
	refuses := refusing{fmt.Errorf("connect: %w", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"})}
	c, err := New(Config{Domain: "codeocean.example.com", Token: StaticToken(canary), Transport: refuses})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(background(t)); !errors.Is(err, fault.ErrUnreachable) || !strings.Contains(err.Error(), "speaks plain http") {
		t.Errorf("%v", err)
	}
}

// refusing is a connection that none can be made of.
type refusing struct{ err error }

func (r refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, r.err }
