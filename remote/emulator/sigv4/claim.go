package sigv4

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxSkew is how far a client's clock may be off; AWS's own figure.
const maxSkew = 15 * time.Minute

// maxLifetime of a signed URL is a week, AWS's own figure.
const maxLifetime = 7 * 24 * time.Hour

// Claim is what a request says about who signed it.
type Claim struct {
	AccessKey string
	Region    string
	Session   string // token that came with the key
	Time      time.Time

	inURL         bool
	expires       time.Duration // of a signed URL
	signedHeaders []string      // lower case, as given
	payload       string        // what the request says of its body's hash
	given         string        // the signature
}

// Error is a refusal in S3's words.
type Error struct {
	Status        int
	Code, Message string
	Details       [][2]string // further elements of the XML
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func malformed(inURL bool, format string, args ...any) error {
	code := "AuthorizationHeaderMalformed"
	if inURL {
		code = "AuthorizationQueryParametersError"
	}
	return &Error{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Parse reads the claim of a request, nil if it makes none. It checks all that
// needs no secret.
func Parse(r *http.Request, now time.Time) (*Claim, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &Error{Status: http.StatusBadRequest, Code: "InvalidURI", Message: "Couldn't parse the specified URI."}
	}
	header := r.Header.Get("Authorization")
	var c *Claim
	switch {
	case query.Has("X-Amz-Algorithm"):
		if header != "" {
			return nil, &Error{
				Status: http.StatusBadRequest, Code: "InvalidArgument",
				Message: "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
			}
		}
		c, err = fromURL(query)
	case strings.HasPrefix(header, algorithm+" "):
		c, err = fromHeader(r, strings.TrimPrefix(header, algorithm+" "))
	case header != "", query.Has("Signature"):
		return nil, &Error{
			Status: http.StatusBadRequest, Code: "InvalidRequest",
			Message: "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
		}
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := c.checkTime(now); err != nil {
		return nil, err
	}
	return c, c.checkHeaders(r)
}

func fromURL(q url.Values) (*Claim, error) {
	for _, name := range []string{"Credential", "Date", "Expires", "SignedHeaders", "Signature"} {
		if q.Get("X-Amz-"+name) == "" {
			return nil, malformed(true, "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
		}
	}
	if q.Get("X-Amz-Algorithm") != algorithm {
		return nil, malformed(true, "X-Amz-Algorithm only supports %q", algorithm)
	}
	c := &Claim{
		inURL: true, payload: unsigned,
		Session:       q.Get("X-Amz-Security-Token"),
		given:         q.Get("X-Amz-Signature"),
		signedHeaders: strings.Split(q.Get("X-Amz-SignedHeaders"), ";"),
	}
	n, err := strconv.Atoi(q.Get("X-Amz-Expires"))
	if err != nil || n < 0 || time.Duration(n)*time.Second > maxLifetime {
		return nil, malformed(true, "X-Amz-Expires must be a number of seconds from 0 to %d", int(maxLifetime/time.Second))
	}
	c.expires = time.Duration(n) * time.Second
	return c, c.setScope(q.Get("X-Amz-Credential"), q.Get("X-Amz-Date"))
}

func fromHeader(r *http.Request, header string) (*Claim, error) {
	parts := make(map[string]string)
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		parts[name] = value
	}
	for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
		if parts[name] == "" {
			return nil, malformed(false, "The authorization header is malformed; %s is missing.", name)
		}
	}
	c := &Claim{
		Session:       r.Header.Get("X-Amz-Security-Token"),
		given:         parts["Signature"],
		payload:       r.Header.Get("X-Amz-Content-Sha256"),
		signedHeaders: strings.Split(parts["SignedHeaders"], ";"),
	}
	switch {
	case c.payload == "":
		return nil, &Error{
			Status: http.StatusBadRequest, Code: "InvalidRequest",
			Message: "Missing required header for this request: x-amz-content-sha256",
		}
	case c.payload != emptyHash && c.payload != unsigned && r.ContentLength == 0:
		return nil, &Error{
			Status: http.StatusBadRequest, Code: "XAmzContentSHA256Mismatch",
			Message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
		}
	}
	return c, c.setScope(parts["Credential"], r.Header.Get("X-Amz-Date"))
}

// setScope reads "key/date/region/service/aws4_request" and the time.
func (c *Claim) setScope(credential, when string) (err error) {
	f := strings.Split(credential, "/")
	if len(f) < 5 {
		return malformed(c.inURL, "The credential %q is malformed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".", credential)
	}
	scope := f[len(f)-4:]
	c.AccessKey = strings.Join(f[:len(f)-4], "/")
	c.Region = scope[1]
	if c.Time, err = time.Parse(timeFormat, when); err != nil {
		return &Error{
			Status: http.StatusForbidden, Code: "AccessDenied",
			Message: "AWS authentication requires a valid Date or x-amz-date header",
		}
	}
	switch {
	case scope[0] != c.Time.Format(dateFormat):
		return malformed(c.inURL, "Invalid credential date %q. This date is not the same as X-Amz-Date: %q.", scope[0], when)
	case scope[2] != service:
		return malformed(c.inURL, "The credential has the service %q; expecting \"s3\".", scope[2])
	case scope[3] != "aws4_request":
		return malformed(c.inURL, "The credential ends with %q; expecting \"aws4_request\".", scope[3])
	}
	return nil
}

func (c *Claim) checkTime(now time.Time) error {
	if c.inURL {
		if end := c.Time.Add(c.expires); now.After(end) {
			return &Error{
				Status: http.StatusForbidden, Code: "AccessDenied", Message: "Request has expired",
				Details: [][2]string{
					{"X-Amz-Expires", seconds(c.expires)},
					{"Expires", end.Format(time.RFC3339)},
					{"ServerTime", now.UTC().Format(time.RFC3339)},
				},
			}
		}
		if c.Time.After(now.Add(maxSkew)) {
			return &Error{Status: http.StatusForbidden, Code: "AccessDenied", Message: "Request is not yet valid"}
		}
		return nil
	}
	if d := now.Sub(c.Time); d > maxSkew || d < -maxSkew {
		return &Error{
			Status: http.StatusForbidden, Code: "RequestTimeTooSkewed",
			Message: "The difference between the request time and the current time is too large.",
			Details: [][2]string{
				{"RequestTime", c.Time.Format(timeFormat)},
				{"ServerTime", now.UTC().Format(time.RFC3339)},
				{"MaxAllowedSkewMilliseconds", strconv.FormatInt(maxSkew.Milliseconds(), 10)},
			},
		}
	}
	return nil
}

// checkHeaders finds what had to be signed and is not: the host, and each of
// AWS's own headers, which could change what the request means.
func (c *Claim) checkHeaders(r *http.Request) error {
	needed := []string{"host"}
	for name := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") {
			needed = append(needed, name)
		}
	}
	for _, name := range needed {
		if !slices.Contains(c.signedHeaders, name) {
			return &Error{
				Status: http.StatusForbidden, Code: "AccessDenied",
				Message: "There were headers present in the request which were not signed",
				Details: [][2]string{{"HeadersNotSigned", name}},
			}
		}
	}
	return nil
}

// Verify checks the claim against the key it names.
func (c *Claim) Verify(r *http.Request, key Key) error {
	if c.Session != key.Session {
		return &Error{
			Status: http.StatusBadRequest, Code: "InvalidToken",
			Message: "The provided token is malformed or otherwise invalid.",
		}
	}
	if subtle.ConstantTimeCompare([]byte(c.signature(r, key.Secret)), []byte(c.given)) != 1 {
		return &Error{
			Status: http.StatusForbidden, Code: "SignatureDoesNotMatch",
			Message: "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
			Details: [][2]string{{"AWSAccessKeyId", c.AccessKey}, {"SignatureProvided", c.given}},
		}
	}
	return nil
}

// seconds of a lifetime, whole and at least one: a URL cannot say less.
func seconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64(d/time.Second)), 10)
}
