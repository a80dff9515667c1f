// Package sigv4 checks and makes AWS Signature Version 4 signatures of S3
// requests, in headers and in URLs.
//
// It is written from AWS's description and not on top of a client's signer: a
// server has to look at what was sent, not at what a signer would have sent.
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
	dateFormat = "20060102"
	service    = "s3"
	unsigned   = "UNSIGNED-PAYLOAD"
	// emptyHash is the SHA-256 of nothing, the body of every reading request.
	emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// Key is an access key with its secret.
type Key struct {
	Access, Secret string
	// Session, when not empty, is the token that must come with the key.
	Session string
}

// signature signs what the claim says was signed of r.
func (c *Claim) signature(r *http.Request, secret string) string {
	canonical := strings.Join([]string{
		r.Method,
		escape(r.URL.Path, true),
		canonicalQuery(r.URL.RawQuery),
		canonicalHeaders(r, c.signedHeaders),
		strings.Join(c.signedHeaders, ";"),
		c.payload,
	}, "\n")
	sum := sha256.Sum256([]byte(canonical))
	toSign := strings.Join([]string{
		algorithm, c.Time.Format(timeFormat), c.scope(), hex.EncodeToString(sum[:]),
	}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{c.Time.Format(dateFormat), c.Region, service, "aws4_request", toSign} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

func (c *Claim) scope() string {
	return strings.Join([]string{c.Time.Format(dateFormat), c.Region, service, "aws4_request"}, "/")
}

// canonicalQuery sorts the parameters by their escaped form, without the
// signature itself.
func canonicalQuery(raw string) string {
	var pairs []string
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		if pair == "" || name == "X-Amz-Signature" {
			continue
		}
		pairs = append(pairs, escape(name, false)+"="+escape(value, false))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// unescape leaves what is not properly escaped as it is: the signature will
// not match, which is the right answer.
func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

func canonicalHeaders(r *http.Request, names []string) string {
	var b strings.Builder
	for _, name := range names {
		values := r.Header.Values(name)
		if name == "host" {
			values = []string{r.Host}
		}
		trimmed := make([]string, len(values))
		for i, v := range values {
			trimmed[i] = strings.Join(strings.Fields(v), " ")
		}
		b.WriteString(name + ":" + strings.Join(trimmed, ",") + "\n")
	}
	return b.String()
}

// escape is AWS's own percent encoding: everything but the unreserved
// characters, byte by byte, in upper case.
func escape(s string, keepSlash bool) string {
	const upper = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '_', c == '.', c == '~', c == '/' && keepSlash:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', upper[c>>4], upper[c&15]})
		}
	}
	return b.String()
}

// Presign returns the URL of a GET of host and path that is good for lifetime,
// in whole seconds, from now on. The query is signed with it.
func Presign(key Key, region, base, path string, query url.Values, now time.Time, lifetime time.Duration) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	c := &Claim{
		AccessKey: key.Access, Region: region, Time: now.UTC(),
		signedHeaders: []string{"host"}, payload: unsigned,
	}
	q := url.Values{}
	for name, values := range query {
		q[name] = values
	}
	q.Set("X-Amz-Algorithm", algorithm)
	q.Set("X-Amz-Credential", key.Access+"/"+c.scope())
	q.Set("X-Amz-Date", c.Time.Format(timeFormat))
	q.Set("X-Amz-Expires", seconds(lifetime))
	q.Set("X-Amz-SignedHeaders", "host")
	if key.Session != "" {
		q.Set("X-Amz-Security-Token", key.Session)
	}
	u.Path, u.RawPath = path, escape(path, true)
	u.RawQuery = canonicalQuery(q.Encode())
	signature := c.signature(&http.Request{Method: http.MethodGet, Host: u.Host, URL: u}, key.Secret)
	u.RawQuery += "&X-Amz-Signature=" + signature
	return u.String(), nil
}

// EscapePath escapes as AWS does where slashes stay: in paths, and in the keys
// of a listing that was asked for in URL encoding.
func EscapePath(s string) string { return escape(s, true) }
