// Package s3 is the reading half of an S3 endpoint: buckets, listings and
// objects, with signatures, regions, ranges and conditions checked as S3
// checks them. The AWS clients work against it.
//
// Buckets are addressed in the path (host/bucket/key), or by a host name that
// begins with the bucket's and ends in ".localhost", or as AWS's own do: then
// the name of the region in it counts too. There is no writing.
package s3

import (
	"crypto/rand"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"codeoceanfs/remote/emulator/files"
	"codeoceanfs/remote/emulator/sigv4"
)

// Bucket is a bucket as it is at the time of a request.
type Bucket struct {
	Name    string
	Region  string
	Created time.Time
	// Public lets anybody list and read.
	Public bool
	// Keys are the access keys that may read; nil means all of the endpoint.
	Keys []string
	// Unlisted buckets give their objects, and neither a listing nor themselves.
	Unlisted bool
	// Guarded buckets do not tell those who may not list them which keys there
	// are: what is missing is refused.
	Guarded bool
	// Unread are the prefixes of keys that nobody may read.
	Unread  []string
	Objects files.Tree
}

// Key is an access key; a revoked one answers ExpiredToken.
type Key struct {
	sigv4.Key
	Revoked bool
}

// Store is what an endpoint serves. Its methods are called concurrently.
type Store interface {
	Bucket(name string) (Bucket, bool)
	Buckets() []Bucket
	Key(access string) (Key, bool)
	Options() Options
}

// Options are choices that differ between S3 and what imitates it.
type Options struct {
	RedirectRegion bool // a wrong region is answered 301, where otherwise 400
	NoRanges       bool // Range is ignored
}

// Endpoint serves a store.
type Endpoint struct{ Store Store }

// target is what a request is about. Region is the one that the host's name
// has, or "".
type target struct{ bucket, key, region string }

// awsHost is the name of a bucket, or of none, in a region of AWS.
var awsHost = regexp.MustCompile(`^(?:(.+)\.)?s3\.([a-z0-9-]+)\.amazonaws\.com$`)

func targetOf(r *http.Request) target {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	path := strings.TrimPrefix(r.URL.Path, "/")
	if name, ok := strings.CutSuffix(host, ".localhost"); ok && name != "s3" {
		return target{bucket: strings.TrimSuffix(name, ".s3"), key: path}
	}
	region := ""
	if m := awsHost.FindStringSubmatch(host); m != nil {
		if region = m[2]; m[1] != "" {
			return target{m[1], path, region}
		}
	}
	bucket, key, _ := strings.Cut(path, "/")
	return target{bucket, key, region}
}

// subresources select operations on buckets and objects that are not here.
var subresources = []string{
	"accelerate", "acl", "analytics", "attributes", "cors", "encryption", "intelligent-tiering", "inventory",
	"legal-hold", "lifecycle", "logging", "metrics", "notification", "object-lock", "ownershipControls", "policy",
	"policyStatus", "publicAccessBlock", "replication", "requestPayment", "restore", "retention", "select", "tagging",
	"torrent", "uploadId", "uploads", "versioning", "versions", "website",
}

// Route names the operation that a request asks for, as "s3.GetObject".
func Route(r *http.Request) string {
	t, q := targetOf(r), r.URL.Query()
	reads := r.Method == http.MethodGet
	switch {
	case !reads && r.Method != http.MethodHead,
		slices.ContainsFunc(subresources, q.Has):
		return "s3.other"
	case t.key != "" && reads:
		return "s3.GetObject"
	case t.key != "":
		return "s3.HeadObject"
	case t.bucket != "" && !reads:
		return "s3.HeadBucket"
	case !reads:
		return "s3.other"
	case t.bucket == "":
		return "s3.ListBuckets"
	case q.Has("location"):
		return "s3.GetBucketLocation"
	case q.Get("list-type") == "2":
		return "s3.ListObjectsV2"
	}
	return "s3.ListObjects"
}

// ServeHTTP answers one request.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Server", "AmazonS3")
	h.Set("X-Amz-Request-Id", rand.Text()[:16])
	h.Set("X-Amz-Id-2", rand.Text())
	if err := e.serve(w, r); err != nil {
		writeError(w, r, err)
	}
}

func (e *Endpoint) serve(w http.ResponseWriter, r *http.Request) error {
	route := Route(r)
	if route == "s3.other" {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			return problem(http.StatusNotImplemented, "NotImplemented", "A header or query you provided implies functionality that is not implemented.")
		}
		return problem(http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
	}
	who, err := e.authenticate(r)
	if err != nil {
		return err
	}
	if route == "s3.ListBuckets" {
		return e.listBuckets(w, who)
	}
	t := targetOf(r)
	bucket, ok := e.Store.Bucket(t.bucket)
	if !ok {
		return problem(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist", "BucketName", t.bucket)
	}
	w.Header().Set("X-Amz-Bucket-Region", bucket.Region)
	if err := e.authorize(who, bucket, t, route); err != nil {
		return err
	}
	switch route {
	case "s3.HeadBucket":
		return nil
	case "s3.GetBucketLocation":
		return writeLocation(w, bucket)
	case "s3.ListObjects", "s3.ListObjectsV2":
		return listObjects(w, r, bucket)
	}
	return e.object(w, r, bucket, t.key, who != nil)
}
