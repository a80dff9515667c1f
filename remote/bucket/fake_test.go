package bucket_test

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake is an S3 of a few hundred lines: what a store answers, and every way in
// which it can answer wrongly. It knows the hosts of AWS and the path style.
type fake struct {
	*httptest.Server
	t       testing.TB
	buckets map[string]*fakeBucket
	keys    map[string]bool // access keys that exist

	mu    sync.Mutex // guards what follows
	count map[string]int
	seen  []*http.Request
	// fault, when it returns true, has answered; n counts requests of the kind.
	fault func(kind string, n int, w http.ResponseWriter, r *http.Request) bool
}

type fakeBucket struct {
	region  string
	public  bool
	unlist  bool // public for reading only
	objects map[string]fakeObject
	pages   int // entries to a page, 0 is 1000
	noETag  bool
}

type fakeObject struct {
	data []byte
	etag string
}

var modified = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

func object(data string) fakeObject {
	sum := md5.Sum([]byte(data))
	return fakeObject{[]byte(data), `"` + hex.EncodeToString(sum[:]) + `"`}
}

func objects(keys ...string) map[string]fakeObject {
	m := map[string]fakeObject{}
	for _, k := range keys {
		data := "content of " + k
		if strings.HasSuffix(k, "/") {
			data = ""
		}
		m[k] = object(data)
	}
	return m
}

func newFake(t testing.TB, buckets map[string]*fakeBucket) *fake {
	f := &fake{t: t, buckets: buckets, keys: map[string]bool{"AKIAGOOD": true}, count: map[string]int{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// set changes the fake while requests may run.
func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fake) requests(kind string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if kind != "" {
		return f.count[kind]
	}
	n := 0
	for _, c := range f.count {
		n += c
	}
	return n
}

func (f *fake) reset() { f.set(func() { clear(f.count); f.seen = nil }) }

// hosted sends requests for AWS's and Google's hosts to the fake.
type hosted struct{ f *fake }

func (h hosted) RoundTrip(r *http.Request) (*http.Response, error) {
	to, _ := url.Parse(h.f.URL)
	out := r.Clone(r.Context())
	out.Host, out.URL.Scheme, out.URL.Host = r.URL.Host, "http", to.Host
	resp, err := h.f.Client().Transport.RoundTrip(out)
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name, key, asked := f.address(r)
	kind := map[bool]string{true: "head", false: "get"}[r.Method == http.MethodHead]
	switch {
	case key == "" && r.Method == http.MethodHead:
		kind = "bucket"
	case r.URL.Query().Get("list-type") == "2":
		kind = "list"
	}
	f.count[kind]++
	f.seen = append(f.seen, r)
	w.Header().Set("X-Amz-Request-Id", fmt.Sprint("REQ", len(f.seen)))
	if f.fault != nil && f.fault(kind, f.count[kind], w, r) {
		return
	}
	b := f.buckets[name]
	if b == nil {
		fail(w, 404, "NoSuchBucket", "The specified bucket does not exist")
		return
	}
	if kind != "get" && kind != "head" && b.region != "" {
		w.Header().Set("X-Amz-Bucket-Region", b.region)
	}
	if asked != "" && asked != b.region {
		w.Header().Set("X-Amz-Bucket-Region", b.region)
		fail(w, 301, "PermanentRedirect", "use another endpoint")
		return
	}
	if !f.authorized(w, r, b, kind) {
		return
	}
	switch kind {
	case "bucket":
	case "list":
		f.list(w, r, name, b)
	default:
		f.serve(w, r, b, key)
	}
}

// address finds bucket, key, and the region of an AWS host.
func (f *fake) address(r *http.Request) (bucket, key, region string) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	if before, after, ok := strings.Cut(r.Host, "s3."); ok && strings.Contains(after, ".amazonaws.com") {
		region, _, _ = strings.Cut(after, ".")
		if before != "" {
			return strings.TrimSuffix(before, "."), path, region
		}
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key, region
}

func (f *fake) authorized(w http.ResponseWriter, r *http.Request, b *fakeBucket, kind string) bool {
	auth := r.Header.Get("Authorization")
	if auth == "" {
		if !b.public || b.unlist && kind != "get" && kind != "head" {
			fail(w, 403, "AccessDenied", "Access Denied")
			return false
		}
		return true
	}
	_, scope, _ := strings.Cut(auth, "Credential=")
	parts := strings.Split(scope, "/")
	if !f.keys[parts[0]] {
		fail(w, 403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
		return false
	}
	if b.region != "" && parts[2] != b.region {
		fail(w, 400, "AuthorizationHeaderMalformed", fmt.Sprintf("the region '%s' is wrong; expecting '%s'", parts[2], b.region))
		return false
	}
	return true
}

func fail(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request, b *fakeBucket, key string) {
	o, ok := b.objects[key]
	switch {
	case !ok && r.Method == http.MethodHead:
		w.WriteHeader(404)
		return
	case !ok:
		fail(w, 404, "NoSuchKey", "The specified key does not exist.")
		return
	case r.Header.Get("If-Match") != "" && strings.Trim(r.Header.Get("If-Match"), `"`) != strings.Trim(o.etag, `"`):
		fail(w, 412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
		return
	}
	if !b.noETag {
		w.Header().Set("ETag", o.etag)
	}
	w.Header().Set("Last-Modified", modified.Format(http.TimeFormat))
	w.Header().Set("Accept-Ranges", "bytes")
	span := r.Header.Get("Range")
	if span == "" {
		w.Header().Set("Content-Length", strconv.Itoa(len(o.data)))
		w.Write(o.data)
		return
	}
	var start, end int
	fmt.Sscanf(span, "bytes=%d-%d", &start, &end)
	if start >= len(o.data) {
		fail(w, 416, "InvalidRange", "The requested range is not satisfiable")
		return
	}
	end = min(end, len(o.data)-1)
	w.Header().Set("Content-Length", strconv.Itoa(end-start+1))
	w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, end, len(o.data)))
	w.WriteHeader(206)
	w.Write(o.data[start : end+1])
}

type listing struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Name, Prefix          string
	EncodingType          string `xml:",omitempty"`
	KeyCount, MaxKeys     int
	IsTruncated           bool
	NextContinuationToken string `xml:",omitempty"`
	Contents              []content
	CommonPrefixes        []prefix
}

type content struct {
	Key, LastModified, ETag string
	Size                    int
}

type prefix struct{ Prefix string }

func (f *fake) list(w http.ResponseWriter, r *http.Request, name string, b *fakeBucket) {
	q := r.URL.Query()
	size := b.pages
	if size == 0 {
		size = 1000
	}
	if n, err := strconv.Atoi(q.Get("max-keys")); err == nil {
		size = min(size, n)
	}
	after := ""
	if token := q.Get("continuation-token"); token != "" {
		raw, err := base64.StdEncoding.DecodeString(token)
		if err != nil {
			fail(w, 400, "InvalidArgument", "The continuation token provided is incorrect")
			return
		}
		after = string(raw)
	}
	encode := func(s string) string { return s }
	out := listing{Name: name, Prefix: q.Get("prefix"), MaxKeys: size}
	if q.Get("encoding-type") == "url" {
		encode = func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }
		out.EncodingType = "url"
	}
	keys := make([]string, 0, len(b.objects))
	for k := range b.objects {
		if strings.HasPrefix(k, out.Prefix) {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	folder := ""
	for _, k := range keys {
		if k <= after || folder != "" && strings.HasPrefix(k, folder) || strings.HasSuffix(after, "/") && after != out.Prefix && strings.HasPrefix(k, after) {
			continue
		}
		if out.KeyCount == size {
			out.IsTruncated = true
			out.NextContinuationToken = base64.StdEncoding.EncodeToString([]byte(after))
			break
		}
		out.KeyCount++
		if d := q.Get("delimiter"); d != "" {
			if i := strings.Index(k[len(out.Prefix):], d); i >= 0 {
				folder = k[:len(out.Prefix)+i+len(d)]
				after = folder
				out.CommonPrefixes = append(out.CommonPrefixes, prefix{encode(folder)})
				continue
			}
		}
		after = k
		o := b.objects[k]
		out.Contents = append(out.Contents, content{
			Key: encode(k), Size: len(o.data), ETag: o.etag, LastModified: modified.Format("2006-01-02T15:04:05.000Z"),
		})
	}
	w.Header().Set("Content-Type", "application/xml")
	body, err := xml.Marshal(out)
	if err != nil {
		f.t.Error(err)
	}
	w.Write([]byte(xml.Header))
	w.Write(body)
}
