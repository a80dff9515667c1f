package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"codeoceanfs/remote/fault"
)

// fileSize is the size of the one file of these tests.
const fileSize = 100_000

func byteAt(i int64) byte { return byte(i*7 + i>>8*31) }

func fileBytes(off, n int64) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byteAt(off + int64(i))
	}
	return p
}

// object serves the file as S3 does.
func object(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(fileBytes(0, fileSize)))
}

// xmlError answers as S3 does when it does not.
func xmlError(status int, code, message string) http.HandlerFunc {
	return words(status, "application/xml", fmt.Sprintf(
		`<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message><RequestId>R1</RequestId></Error>`, code, message))
}

var hasExpired = xmlError(403, "AccessDenied", "Request has expired")

// signing makes p sign URLs that live so long, and counts them. Each has its
// number as n.
func (p *platform) signing(life time.Duration) *atomic.Int64 {
	n := new(atomic.Int64)
	p.handle("GET /data_assets/id/files/urls", func(w http.ResponseWriter, r *http.Request) {
		u := p.signedFor(r.URL.Query().Get("path"), time.Now(), life, fmt.Sprint("&n=", n.Add(1)))
		reply(obj{"download_url": u, "view_url": u})(w, r)
	})
	return n
}

// turn is which of the URLs that were signed r is for.
func turn(r *http.Request) string { return r.URL.Query().Get("n") }

func read(t *testing.T, c *Client, off, n int64) ([]byte, error) {
	t.Helper()
	body, err := c.OpenRange(background(t), "id", "a/b c+é%.csv", fileSize, off, n)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(iotest.OneByteReader(body))
}

func readsRight(t *testing.T, c *Client, off, n int64) {
	t.Helper()
	if got, err := read(t, c, off, n); err != nil || !bytes.Equal(got, fileBytes(off, n)) {
		t.Errorf("%d bytes at %d: got %d, %v", n, off, len(got), err)
	}
}

func TestOpenRange(t *testing.T) {
	p := newPlatform(t)
	signed := p.signing(time.Hour)
	p.serve(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/a/b c+é%.csv" {
			t.Errorf("asked for %q", r.URL.Path)
		}
		object(w, r)
	})
	c := p.client()
	readsRight(t, c, 0, 1)
	readsRight(t, c, 500, 1000)
	readsRight(t, c, fileSize-1, 1)
	readsRight(t, c, 0, fileSize)
	readsRight(t, c, fileSize, 0)
	if n := signed.Load(); n != 1 {
		t.Errorf("%d URLs for one file", n)
	}
	if s := c.Stats(); s.URLsFetched != 1 || s.URLsRenewed != 0 || s.Bytes != 1002+fileSize || s.Downloads != 4 {
		t.Errorf("counted %+v", s)
	}
	for _, r := range [][3]int64{{-1, 1, fileSize}, {0, -1, fileSize}, {0, fileSize + 1, fileSize}, {fileSize, 1, fileSize}, {1 << 62, 1 << 62, fileSize}, {0, 1, -1}} {
		if _, err := c.OpenRange(t.Context(), "id", "x", r[2], r[0], r[1]); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("range %v gives %v", r, err)
		}
	}
}

// What stores answer, and what a reader gets.
func TestStoreAnswers(t *testing.T) {
	// once answers the first URL's requests so, and those of others well.
	firstURL := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if turn(r) == "1" {
				h(w, r)
			} else {
				object(w, r)
			}
		}
	}
	denied := xmlError(403, "AccessDenied", "Access Denied")
	for name, c := range map[string]struct {
		store http.HandlerFunc
		want  error
		urls  int64 // asked for
	}{
		"expired":               {firstURL(hasExpired), nil, 2},
		"expired as 400":        {firstURL(xmlError(400, "ExpiredRequest", "x")), nil, 2},
		"signer's session over": {firstURL(xmlError(400, "ExpiredToken", "The provided token has expired.")), nil, 2},
		"all URLs are dead":     {hasExpired, fault.ErrRefused, 3},
		"really refused":        {denied, fault.ErrRefused, 1},
		"refused without XML":   {words(403, "text/html", "<html>no"), fault.ErrRefused, 1},
		"missing":               {xmlError(404, "NoSuchKey", "x"), fault.ErrNotExist, 1},
		"slow down":             {inTurn(xmlError(503, "SlowDown", "x"), xmlError(503, "SlowDown", "x"), object), nil, 1},
		"internal error":        {inTurn(xmlError(500, "InternalError", "x"), object), nil, 1},
		"internal error as 200": {inTurn(xmlError(200, "InternalError", "x"), object), nil, 1},
		"always, as 200":        {xmlError(200, "InternalError", "x"), fault.ErrMalformed, 1},
		"login page":            {words(200, "text/html", "<html>"), fault.ErrMalformed, 1},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.com/", http.StatusTemporaryRedirect)
		}, fault.ErrMalformed, 1},
		"range ignored": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(fileBytes(0, fileSize)) }, nil, 1},
		"another size": {func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(make([]byte, fileSize+1)))
		}, fault.ErrStale, 1},
		"no such range": {words(416, "", ""), fault.ErrStale, 1},
		"clock is off":  {xmlError(403, "RequestTimeTooSkewed", "x"), fault.ErrRefused, 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			signed := p.signing(time.Hour)
			p.serve(c.store)
			got, err := read(t, p.client(), 10, 70_000)
			if !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Errorf("error is %v", err)
			}
			if want := fileBytes(10, 70_000); !bytes.HasPrefix(want, got) || err == nil && len(got) != len(want) {
				t.Errorf("%d bytes, and not the right ones", len(got))
			}
			if n := signed.Load(); n != c.urls {
				t.Errorf("%d URLs asked for, want %d", n, c.urls)
			}
			var e *fault.Error
			if err != nil && (!errors.As(err, &e) || e.Asset != "id" || e.Path == "") {
				t.Errorf("the error does not name the file: %v", err)
			}
		})
	}
}

// A file that moved, or whose right was taken away and given, is found by a new
// URL; one that stays refused costs one more, not one for each read.
func TestKeptURLIsRenewedOnceWhenRefused(t *testing.T) {
	p := newPlatform(t)
	signed := p.signing(time.Hour)
	p.serve(object)
	c := p.client()
	readsRight(t, c, 0, 10)
	p.serve(func(w http.ResponseWriter, r *http.Request) {
		if turn(r) == "1" {
			xmlError(404, "NoSuchKey", "x")(w, r)
			return
		}
		object(w, r)
	})
	readsRight(t, c, 0, 10)
	if n := signed.Load(); n != 2 {
		t.Errorf("%d URLs", n)
	}
	p.serve(xmlError(403, "AccessDenied", "Access Denied"))
	if _, err := read(t, c, 0, 10); !errors.Is(err, fault.ErrRefused) {
		t.Errorf("error is %v", err)
	}
	if n := signed.Load(); n != 3 {
		t.Errorf("%d URLs", n)
	}
}

// A URL whose host is not there any more is good for one read: the next asks for
// another, and takes the old one where the platform is away as well.
func TestKeptURLOfAHostThatIsGone(t *testing.T) {
	p := newPlatform(t)
	p.serve(object)
	host, away, signs := "http://127.0.0.1:1", false, 0
	p.handle("GET /data_assets/id/files/urls", func(w http.ResponseWriter, r *http.Request) {
		signs++
		if away {
			<-r.Context().Done()
			return
		}
		u := strings.Replace(p.signedFor(r.URL.Query().Get("path"), time.Now(), time.Hour, ""), p.store.URL, host, 1)
		reply(obj{"download_url": u, "view_url": u})(w, r)
	})
	c := p.client()
	for want := range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		body, err := c.OpenRange(ctx, "id", "a/b c+é%.csv", fileSize, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := body.Read(make([]byte, 10)); err == nil {
			t.Error("it is read from nowhere")
		}
		body.Close()
		cancel()
		if signs != want+1 {
			t.Errorf("%d URLs, not %d", signs, want+1)
		}
	}
	host = p.store.URL
	readsRight(t, c, 0, 10)
	c.urls.doubt(fileKey{"id", "a/b c+é%.csv"})
	away = true
	readsRight(t, c, 0, 10)
}

// A hundred readers that meet the end of a URL at the same time make one call.
func TestOneRenewalForAllReaders(t *testing.T) {
	p := newPlatform(t)
	signed := p.signing(time.Hour)
	p.serve(object)
	c := p.client()
	readsRight(t, c, 0, 10)
	p.serve(func(w http.ResponseWriter, r *http.Request) {
		if turn(r) == "1" {
			hasExpired(w, r)
			return
		}
		object(w, r)
	})
	var wg sync.WaitGroup
	for i := range int64(100) {
		wg.Go(func() { readsRight(t, c, i*500, 500) })
	}
	wg.Wait()
	if n := signed.Load(); n != 2 {
		t.Errorf("%d URLs for one expiry", n)
	}
	if s := c.Stats(); s.URLsRenewed != 1 {
		t.Errorf("%d renewals counted", s.URLsRenewed)
	}
}

// A URL that ends in the middle of a file is renewed ahead, and the file goes on.
func TestURLsAreRenewedAhead(t *testing.T) {
	p := newPlatform(t)
	signed := p.signing(time.Second) // used for 0.8 s
	p.serve(func(w http.ResponseWriter, r *http.Request) {
		at, _ := time.Parse("20060102T150405Z", r.URL.Query().Get("X-Amz-Date"))
		if time.Since(at) > 3*time.Second { // the date's fraction is cut off
			hasExpired(w, r)
			return
		}
		object(w, r)
	})
	c := p.client()
	for start := time.Now(); time.Since(start) < 1200*time.Millisecond; {
		readsRight(t, c, 100, 100)
	}
	if n := signed.Load(); n < 2 || n > 5 {
		t.Errorf("%d URLs of a second each in 1.2 s", n)
	}
}

// One reader that leaves does not take the URL away from the others.
func TestLeavingReaderCancelsNobody(t *testing.T) {
	p := newPlatform(t)
	asked, answer := make(chan struct{}), make(chan struct{})
	p.handle("GET /data_assets/id/files/urls", func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-answer
		reply(obj{"download_url": p.signedFor("x", time.Now(), time.Hour, "")})(w, r)
	})
	p.serve(object)
	c := p.client()
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		body, err := c.OpenRange(ctx, "id", "x", fileSize, 0, 10)
		if err == nil {
			_, err = io.ReadAll(body)
			body.Close()
		}
		first <- err
	}()
	<-asked
	second := make(chan error)
	go func() {
		body, err := c.OpenRange(background(t), "id", "x", fileSize, 0, 10)
		if err == nil {
			_, err = io.ReadAll(body)
			body.Close()
		}
		second <- err
	}()
	cancel()
	if err := <-first; err == nil || fault.KindOf(err) != nil {
		t.Errorf("the one who left got %v", err)
	}
	close(answer)
	if err := <-second; err != nil {
		t.Errorf("the other got %v", err)
	}
}

// The older call is found where the newer is missing, and remembered.
func TestOldRoute(t *testing.T) {
	p := newPlatform(t)
	newer, older := 0, 0
	p.handle("GET /data_assets/id/files/urls", func(w http.ResponseWriter, _ *http.Request) {
		newer++
		w.WriteHeader(404)
	})
	p.handle("GET /data_assets/id/files/download_url", func(w http.ResponseWriter, r *http.Request) {
		older++
		if r.URL.Query().Get("path") == "missing" {
			w.WriteHeader(404)
			return
		}
		reply(obj{"url": p.signedFor("x", time.Now(), time.Hour, "")})(w, r)
	})
	p.serve(object)
	c := p.client()
	for i, path := range []string{"missing", "a", "b", "c", "missing"} {
		body, err := c.OpenRange(background(t), "id", path, fileSize, 0, 10)
		if err == nil {
			_, err = io.ReadAll(body)
			body.Close()
		}
		if (path == "missing") != errors.Is(err, fault.ErrNotExist) || path != "missing" && err != nil {
			t.Errorf("file %d: %v", i, err)
		}
	}
	if newer != 3 || older != 5 { // newer: twice before it is known, and once more for the last
		t.Errorf("%d newer calls, %d older", newer, older)
	}
}

func TestMissingFileDoesNotMakeTheRouteOld(t *testing.T) {
	p := newPlatform(t)
	p.signing(time.Hour)
	p.serve(object)
	c := p.client()
	readsRight(t, c, 0, 10)
	_, err := c.OpenRange(t.Context(), "other", "x", 10, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	before := p.requests.Load()
	body, _ := c.OpenRange(background(t), "other", "x", 10, 0, 10)
	if _, err := io.ReadAll(body); !errors.Is(err, fault.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
	if n := p.requests.Load() - before; n != 1 {
		t.Errorf("%d requests for a missing file", n)
	}
}

// What the platform hands out as a signed URL is not followed anywhere.
func TestHostileURLs(t *testing.T) {
	for _, u := range []string{
		"", "not a url%%", "http://169.254.169.254/latest/meta-data?X-Amz-Signature=5ecret",
		"file:///etc/passwd", "http://example.com/x?X-Amz-Signature=5ecret", "https://user:5ecret@example.com/x",
		"https://example.com:22/x?Signature=5ecret",
	} {
		p := newPlatform(t)
		p.handle("GET /data_assets/id/files/urls", reply(obj{"download_url": u}))
		_, err := read(t, p.client(), 0, 10)
		if kind := fault.KindOf(err); kind != fault.ErrRefused && kind != fault.ErrMalformed || strings.Contains(err.Error(), "5ecret") {
			t.Errorf("%q gives %v", u, err)
		}
		if p.requests.Load() > 5 {
			t.Errorf("%q: %d requests", u, p.requests.Load())
		}
	}
}

func TestURLsAreBounded(t *testing.T) {
	s := newURLs(time.Minute, nil, func() {})
	target := &url.URL{Host: "x"}
	for i := range maxURLs + 100 {
		s.store(fileKey{"id", fmt.Sprint(i)}, &signed{url: target, expires: time.Now().Add(time.Hour)})
		s.lookup(fileKey{"id", "0"}, nil) // in use: it stays
	}
	if len(s.known) != maxURLs || s.order.Len() != maxURLs {
		t.Errorf("%d and %d kept", len(s.known), s.order.Len())
	}
	for path, want := range map[string]bool{"0": true, "1": false, fmt.Sprint(maxURLs + 99): true} {
		if got := s.lookup(fileKey{"id", path}, nil) != nil; got != want {
			t.Errorf("%s kept: %v", path, got)
		}
	}
}
