package sigv4_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/encoding/httpbinding"

	"codeoceanfs/remote/emulator/sigv4"
)

var (
	key   = sigv4.Key{Access: "AKIATEST", Secret: "a/secret+key"}
	creds = aws.Credentials{AccessKeyID: key.Access, SecretAccessKey: key.Secret}
	noon  = time.Date(2024, 5, 6, 12, 0, 0, 0, time.UTC)
)

const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Paths and queries where encoders differ.
var targets = []string{
	"/bucket/plain",
	"/bucket/a b+c%d&e=f?g#h;i",
	"/bucket/ü/日本/e\u0301",
	"/bucket//a//b/",
	"/bucket/~(1)!*'$,:@",
	"/bucket/a/../b/./c",
}

var queries = []url.Values{
	nil,
	{"list-type": {"2"}, "prefix": {"a b+c/ü&"}, "delimiter": {"/"}, "empty": {""}},
	{"location": {""}},
	{"response-content-disposition": {`attachment; filename="a b.txt"`}},
}

// check does to the request what the server does.
func check(r *http.Request, now time.Time) error {
	c, err := sigv4.Parse(r, now)
	switch {
	case err != nil:
		return err
	case c == nil:
		return errors.New("anonymous")
	}
	return c.Verify(r, key)
}

func code(err error) string {
	var e *sigv4.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// received is the request as it comes out of the socket.
func received(t *testing.T, method, target string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = r.URL.Host
	return r
}

func request(t *testing.T, path string, query url.Values) *http.Request {
	t.Helper()
	u := url.URL{Scheme: "http", Host: "127.0.0.1:9000", Path: path, RawQuery: query.Encode()}
	return received(t, http.MethodGet, u.String())
}

func TestHeaderSignaturesOfTheSDKAreGood(t *testing.T) {
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	for _, path := range targets {
		for _, query := range queries {
			r := request(t, path, query)
			r.URL.RawPath = httpbinding.EscapePath(path, false)
			r.Header.Set("X-Amz-Content-Sha256", emptyHash)
			if err := signer.SignHTTP(t.Context(), creds, r, emptyHash, "s3", "us-west-2", noon); err != nil {
				t.Fatal(err)
			}
			if err := check(r, noon.Add(time.Minute)); err != nil {
				t.Errorf("%q %v: %v", path, query, err)
			}
			r.Header.Set("Authorization", r.Header.Get("Authorization")[:len(r.Header.Get("Authorization"))-1]+"x")
			if err := check(r, noon); code(err) != "SignatureDoesNotMatch" {
				t.Errorf("a changed signature: %v", err)
			}
		}
	}
}

func TestSignedURLsOfTheSDKAreGood(t *testing.T) {
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	for _, query := range queries {
		r := request(t, "/bucket/a b/c", query)
		q := r.URL.Query()
		q.Set("X-Amz-Expires", "60")
		r.URL.RawQuery = q.Encode()
		signed, _, err := signer.PresignHTTP(t.Context(), creds, r, "UNSIGNED-PAYLOAD", "s3", "us-west-2", noon)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(received(t, http.MethodGet, signed), noon.Add(59*time.Second)); err != nil {
			t.Errorf("%v: %v", query, err)
		}
	}
}

func TestOurSignedURLsHoldUntilTheyExpire(t *testing.T) {
	for _, path := range targets {
		for _, query := range queries {
			signed, err := sigv4.Presign(key, "us-east-1", "http://127.0.0.1:9000", path, query, noon, 5*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			r := received(t, http.MethodGet, signed)
			if r.URL.Path != path {
				t.Fatalf("signed %q, asks for %q", path, r.URL.Path)
			}
			if err := check(r, noon.Add(5*time.Second)); err != nil {
				t.Errorf("%q %v: %v", path, query, err)
			}
			if err := check(r, noon.Add(5*time.Second+1)); code(err) != "AccessDenied" || !strings.Contains(err.Error(), "expired") {
				t.Errorf("after its time: %v", err)
			}
		}
	}
}

func TestEveryTamperingIsNoticed(t *testing.T) {
	signed, err := sigv4.Presign(key, "us-east-1", "http://127.0.0.1:9000", "/bucket/file", url.Values{"versionId": {"1"}}, noon, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	change := func(edit func(r *http.Request, q url.Values)) *http.Request {
		r := received(t, http.MethodGet, signed)
		q := r.URL.Query()
		edit(r, q)
		r.URL.RawQuery = q.Encode()
		return r
	}
	set := func(name, value string) *http.Request {
		return change(func(_ *http.Request, q url.Values) { q.Set(name, value) })
	}
	cases := map[string]struct {
		r    *http.Request
		want string
	}{
		"nothing":        {change(func(*http.Request, url.Values) {}), ""},
		"range is free":  {change(func(r *http.Request, _ url.Values) { r.Header.Set("Range", "bytes=0-1") }), ""},
		"method":         {change(func(r *http.Request, _ url.Values) { r.Method = http.MethodHead }), "SignatureDoesNotMatch"},
		"path":           {change(func(r *http.Request, _ url.Values) { r.URL.Path = "/bucket/other" }), "SignatureDoesNotMatch"},
		"host":           {change(func(r *http.Request, _ url.Values) { r.Host = "127.0.0.1:9001" }), "SignatureDoesNotMatch"},
		"parameter":      {set("versionId", "2"), "SignatureDoesNotMatch"},
		"new parameter":  {set("x", "y"), "SignatureDoesNotMatch"},
		"longer life":    {set("X-Amz-Expires", "600"), "SignatureDoesNotMatch"},
		"endless life":   {set("X-Amz-Expires", "604801"), "AuthorizationQueryParametersError"},
		"no life":        {set("X-Amz-Expires", ""), "AuthorizationQueryParametersError"},
		"other time":     {set("X-Amz-Date", "20240506T120001Z"), "SignatureDoesNotMatch"},
		"other day":      {set("X-Amz-Date", "20240507T120000Z"), "AuthorizationQueryParametersError"},
		"signature":      {set("X-Amz-Signature", strings.Repeat("0", 64)), "SignatureDoesNotMatch"},
		"session":        {set("X-Amz-Security-Token", "x"), "InvalidToken"},
		"amz header":     {change(func(r *http.Request, _ url.Values) { r.Header.Set("X-Amz-Meta", "x") }), "AccessDenied"},
		"both kinds":     {change(func(r *http.Request, _ url.Values) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 x") }), "InvalidArgument"},
		"version 2":      {received(t, http.MethodGet, "http://h/b/k?AWSAccessKeyId=a&Signature=b&Expires=1"), "InvalidRequest"},
		"basic":          {change(func(r *http.Request, q url.Values) { clear(q); r.SetBasicAuth("a", "b") }), "InvalidRequest"},
		"unsigned query": {received(t, http.MethodGet, "http://h/b/k?%zz"), "InvalidURI"},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			if got := code(check(tt.r, noon)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestClocksMayDifferByAQuarterOfAnHour(t *testing.T) {
	signer := v4.NewSigner()
	for _, tt := range []struct {
		off  time.Duration
		want string
	}{{14 * time.Minute, ""}, {-14 * time.Minute, ""}, {16 * time.Minute, "RequestTimeTooSkewed"}, {-16 * time.Minute, "RequestTimeTooSkewed"}} {
		r := request(t, "/bucket/file", nil)
		r.Header.Set("X-Amz-Content-Sha256", emptyHash)
		if err := signer.SignHTTP(t.Context(), creds, r, emptyHash, "s3", "us-east-1", noon); err != nil {
			t.Fatal(err)
		}
		if got := code(check(r, noon.Add(tt.off))); got != tt.want {
			t.Errorf("off by %v: %q, want %q", tt.off, got, tt.want)
		}
	}
}
