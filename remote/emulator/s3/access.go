package s3

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"codeoceanfs/remote/emulator/sigv4"
)

// authenticate finds out who asks; nil is anybody.
func (e *Endpoint) authenticate(r *http.Request) (*sigv4.Claim, error) {
	claim, err := sigv4.Parse(r, time.Now())
	if claim == nil || err != nil {
		return nil, err
	}
	key, ok := e.Store.Key(claim.AccessKey)
	switch {
	case !ok:
		return nil, problem(http.StatusForbidden, "InvalidAccessKeyId",
			"The AWS Access Key Id you provided does not exist in our records.", "AWSAccessKeyId", claim.AccessKey)
	case key.Revoked:
		return nil, problem(http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
	}
	return claim, claim.Verify(r, key.Key)
}

// errDenied is what whoever may not do something is told.
func errDenied() error { return problem(http.StatusForbidden, "AccessDenied", "Access Denied") }

// authorize tells whether who may do this with the bucket.
func (e *Endpoint) authorize(who *sigv4.Claim, b Bucket, t target, route string) error {
	denied := errDenied()
	if who == nil && t.region != "" && t.region != b.Region {
		return elsewhere(b)
	}
	reads := route == "s3.GetObject" || route == "s3.HeadObject"
	if b.Unlisted && !reads {
		return denied
	}
	if reads && slices.ContainsFunc(b.Unread, func(prefix string) bool { return strings.HasPrefix(t.key, prefix) }) {
		return denied
	}
	if who == nil {
		if b.Public {
			return nil
		}
		return denied
	}
	// A bucket's location can be asked for from anywhere: it is how a client
	// finds out where to ask for the rest.
	if who.Region != b.Region && route != "s3.GetBucketLocation" {
		if e.Store.Options().RedirectRegion {
			return elsewhere(b)
		}
		return problem(http.StatusBadRequest, "AuthorizationHeaderMalformed",
			"The authorization header is malformed; the region '"+who.Region+"' is wrong; expecting '"+b.Region+"'",
			"Region", b.Region)
	}
	if b.Public || b.Keys == nil || slices.Contains(b.Keys, who.AccessKey) {
		return nil
	}
	return denied
}

// elsewhere is the answer of a region in which the bucket is not.
func elsewhere(b Bucket) error {
	return problem(http.StatusMovedPermanently, "PermanentRedirect",
		"The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
		"Bucket", b.Name, "Region", b.Region)
}
