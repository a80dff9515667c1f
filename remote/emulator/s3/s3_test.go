package s3_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"codeoceanfs/remote/emulator/files"
	"codeoceanfs/remote/emulator/s3"
)

func TestTheSDKReadsEveryKey(t *testing.T) {
	c, _ := start(t, &fixture{})
	var keys []string
	for p := awss3.NewListObjectsV2Paginator(c, &awss3.ListObjectsV2Input{Bucket: aws.String("private"), Prefix: aws.String("odd/"), MaxKeys: aws.Int32(4), EncodingType: "url"}); p.HasMorePages(); {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			keys = append(keys, decoded(t, aws.ToString(o.Key)))
		}
	}
	want := make([]string, 0, len(oddKeys))
	for _, key := range oddKeys {
		want = append(want, "odd/"+key)
	}
	slices.Sort(want)
	if !slices.Equal(keys, want) {
		t.Fatalf("listed %q\nwant %q", keys, want)
	}
	for _, key := range oddKeys {
		got, _, err := read(t, c, &awss3.GetObjectInput{Bucket: aws.String("private"), Key: aws.String("odd/" + key)})
		if err != nil || got != key {
			t.Errorf("%q: %q, %v", key, got, err)
		}
	}
}

func decoded(t *testing.T, s string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://h/"+s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.URL.Path[1:]
}

func TestListings(t *testing.T) {
	c, _ := start(t, &fixture{})
	v2, err := c.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{
		Bucket: aws.String("private"), Prefix: aws.String("many/"), Delimiter: aws.String("/"),
		MaxKeys: aws.Int32(10), StartAfter: aws.String("many/d02/f"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(v2.CommonPrefixes[0].Prefix); got != "many/d03/" || len(v2.CommonPrefixes) != 10 || !*v2.IsTruncated || *v2.KeyCount != 10 {
		t.Errorf("first page from %q: %+v", got, v2)
	}
	v2, err = c.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{
		Bucket: aws.String("private"), Prefix: aws.String("many/"), Delimiter: aws.String("/"), ContinuationToken: v2.NextContinuationToken,
	})
	if err != nil || len(v2.CommonPrefixes) != 12 || aws.ToString(v2.CommonPrefixes[0].Prefix) != "many/d13/" || *v2.IsTruncated {
		t.Errorf("second page: %+v, %v", v2, err)
	}
	v1, err := c.ListObjects(t.Context(), &awss3.ListObjectsInput{
		Bucket: aws.String("private"), Prefix: aws.String("many/"), Delimiter: aws.String("/"), MaxKeys: aws.Int32(10), Marker: aws.String("many/d02/"),
	})
	if err != nil || aws.ToString(v1.CommonPrefixes[0].Prefix) != "many/d03/" || aws.ToString(v1.NextMarker) != "many/d12/" {
		t.Errorf("version 1: %+v, %v", v1, err)
	}
	one, err := c.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("private"), Prefix: aws.String("digits")})
	if err != nil || len(one.Contents) != 1 || *one.Contents[0].Size != 10 || !one.Contents[0].LastModified.Equal(modified) {
		t.Errorf("one key: %+v, %v", one, err)
	}
	head, err := c.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String("private"), Key: aws.String("digits")})
	if err != nil || aws.ToString(head.ETag) != aws.ToString(one.Contents[0].ETag) || *head.ContentLength != 10 {
		t.Errorf("head: %+v, %v", head, err)
	}
	none, err := c.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("private"), MaxKeys: aws.Int32(0)})
	if err != nil || len(none.Contents) != 0 || *none.IsTruncated {
		t.Errorf("no keys: %+v, %v", none, err)
	}
	most, err := c.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("private"), MaxKeys: aws.Int32(5000)})
	if err != nil || *most.MaxKeys != 1000 {
		t.Errorf("the most keys: %d, %v", *most.MaxKeys, err)
	}
	_, err = c.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("private"), ContinuationToken: aws.String("%%")})
	if answered(err) != "InvalidArgument" {
		t.Errorf("a made-up token: %v", err)
	}
	buckets, err := c.ListBuckets(t.Context(), &awss3.ListBucketsInput{})
	if err != nil || len(buckets.Buckets) != 4 {
		t.Errorf("buckets: %+v, %v", buckets, err)
	}
	where, err := c.GetBucketLocation(t.Context(), &awss3.GetBucketLocationInput{Bucket: aws.String("public")})
	if err != nil || where.LocationConstraint != "us-west-2" {
		t.Errorf("location: %+v, %v", where, err)
	}
}

func TestRangesAndConditions(t *testing.T) {
	c, _ := start(t, &fixture{})
	get := func(edit func(*awss3.GetObjectInput)) (string, string, error) {
		in := &awss3.GetObjectInput{Bucket: aws.String("private"), Key: aws.String("digits")}
		edit(in)
		return read(t, c, in)
	}
	for _, tt := range []struct{ spec, want, contentRange, code string }{
		{"", "0123456789", "", ""},
		{"bytes=2-4", "234", "bytes 2-4/10", ""},
		{"bytes=7-", "789", "bytes 7-9/10", ""},
		{"bytes=7-99", "789", "bytes 7-9/10", ""},
		{"bytes=-3", "789", "bytes 7-9/10", ""},
		{"bytes=-99", "0123456789", "bytes 0-9/10", ""},
		{"bytes=10-", "", "", "InvalidRange"},
		{"bytes=-0", "", "", "InvalidRange"},
		{"bytes=4-2", "0123456789", "", ""},
		{"bytes=1-2,4-5", "0123456789", "", ""},
		{"lines=1-2", "0123456789", "", ""},
	} {
		got, cr, err := get(func(in *awss3.GetObjectInput) {
			if tt.spec != "" {
				in.Range = aws.String(tt.spec)
			}
		})
		if got != tt.want || cr != tt.contentRange || answered(err) != tt.code {
			t.Errorf("%s: %q, %q, %v", tt.spec, got, cr, err)
		}
	}
	_, _, err := read(t, c, &awss3.GetObjectInput{Bucket: aws.String("private"), Key: aws.String("empty"), Range: aws.String("bytes=0-")})
	if answered(err) != "InvalidRange" {
		t.Errorf("a range of nothing: %v", err)
	}
	head, err := c.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String("private"), Key: aws.String("digits")})
	if err != nil {
		t.Fatal(err)
	}
	past, future := modified.Add(-time.Hour), modified.Add(time.Hour)
	for name, tt := range map[string]struct {
		edit func(*awss3.GetObjectInput)
		code string
	}{
		"same":                       {func(in *awss3.GetObjectInput) { in.IfMatch = head.ETag }, ""},
		"another":                    {func(in *awss3.GetObjectInput) { in.IfMatch = aws.String(`"x"`) }, "PreconditionFailed"},
		"none of it":                 {func(in *awss3.GetObjectInput) { in.IfNoneMatch = head.ETag }, "304"},
		"none of another":            {func(in *awss3.GetObjectInput) { in.IfNoneMatch = aws.String(`"x"`) }, ""},
		"changed since":              {func(in *awss3.GetObjectInput) { in.IfModifiedSince = &past }, ""},
		"not changed since":          {func(in *awss3.GetObjectInput) { in.IfModifiedSince = &modified }, "304"},
		"unchanged since":            {func(in *awss3.GetObjectInput) { in.IfUnmodifiedSince = &future }, ""},
		"not unchanged since":        {func(in *awss3.GetObjectInput) { in.IfUnmodifiedSince = &past }, "PreconditionFailed"},
		"a match silences the time":  {func(in *awss3.GetObjectInput) { in.IfMatch, in.IfUnmodifiedSince = head.ETag, &past }, ""},
		"no match silences the time": {func(in *awss3.GetObjectInput) { in.IfNoneMatch, in.IfModifiedSince = aws.String(`"x"`), &modified }, ""},
	} {
		if _, _, err := get(tt.edit); answered(err) != tt.code && !(tt.code == "304" && strings.Contains(answered(err), "NotModified")) {
			t.Errorf("%s: %q, want %q", name, answered(err), tt.code)
		}
	}
}

func TestRefusals(t *testing.T) {
	wrongSecret := func(o *awss3.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider("AKIATEST", "wrong", "")
	}
	unknownKey := func(o *awss3.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider("AKIAWHO", "secret", "")
	}
	anonymous := func(o *awss3.Options) { o.Credentials = aws.AnonymousCredentials{} }
	east := func(o *awss3.Options) { o.Region = "us-east-1" }
	west := func(o *awss3.Options) { o.Region = "us-west-2" }
	same := func(*awss3.Options) {}
	for name, tt := range map[string]struct {
		fixture     fixture
		as          func(*awss3.Options)
		bucket, key string
		get, list   string
		head        string
	}{
		"allowed":                {as: same, bucket: "private", key: "digits"},
		"no such key":            {as: same, bucket: "private", key: "no", get: "NoSuchKey"},
		"no such bucket":         {as: same, bucket: "no", key: "no", get: "NoSuchBucket", list: "NoSuchBucket", head: "NotFound"},
		"wrong secret":           {as: wrongSecret, bucket: "private", key: "digits", get: "SignatureDoesNotMatch", list: "SignatureDoesNotMatch", head: "Forbidden"},
		"unknown key":            {as: unknownKey, bucket: "private", key: "digits", get: "InvalidAccessKeyId", list: "InvalidAccessKeyId", head: "Forbidden"},
		"anonymous, public":      {as: anonymous, bucket: "public", key: "digits"},
		"anonymous, private":     {as: anonymous, bucket: "private", key: "digits", get: "AccessDenied", list: "AccessDenied", head: "Forbidden"},
		"somebody else's":        {as: east, bucket: "theirs", key: "digits", get: "AccessDenied", list: "AccessDenied", head: "Forbidden"},
		"unlisted":               {as: east, bucket: "hidden", key: "digits", list: "AccessDenied", head: "Forbidden"},
		"missing, unlisted":      {as: east, bucket: "hidden", key: "no", get: "NoSuchKey", list: "AccessDenied", head: "Forbidden"},
		"missing, guarded":       {as: east, bucket: "guarded", key: "no", get: "AccessDenied", list: "AccessDenied", head: "Forbidden"},
		"listed, not to be read": {as: east, bucket: "unread", key: "digits", get: "AccessDenied"},
		"missing, unread":        {as: east, bucket: "unread", key: "no", get: "AccessDenied"},
		"read, though not all":   {as: east, bucket: "unread", key: "empty"},
		"wrong region":           {as: west, bucket: "private", key: "digits", get: "AuthorizationHeaderMalformed", list: "AuthorizationHeaderMalformed", head: "BadRequest"},
		"wrong region, redirect": {fixture: fixture{options: s3.Options{RedirectRegion: true}}, as: west, bucket: "private", key: "digits", get: "PermanentRedirect", list: "PermanentRedirect", head: "MovedPermanently"},
		"revoked":                {fixture: fixture{revoked: true}, as: same, bucket: "private", key: "digits", get: "ExpiredToken", list: "ExpiredToken", head: "BadRequest"},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := start(t, &tt.fixture, tt.as)
			_, _, err := read(t, c, &awss3.GetObjectInput{Bucket: &tt.bucket, Key: &tt.key})
			if answered(err) != tt.get {
				t.Errorf("get: %q, want %q", answered(err), tt.get)
			}
			if _, err = c.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: &tt.bucket}); answered(err) != tt.list {
				t.Errorf("list: %q, want %q", answered(err), tt.list)
			}
			if _, err = c.HeadBucket(t.Context(), &awss3.HeadBucketInput{Bucket: &tt.bucket}); answered(err) != tt.head {
				t.Errorf("head: %q, want %q", answered(err), tt.head)
			}
		})
	}
	c, _ := start(t, &fixture{})
	_, err := c.PutObject(context.Background(), &awss3.PutObjectInput{Bucket: aws.String("private"), Key: aws.String("x"), Body: bytes.NewReader(nil)})
	if answered(err) != "MethodNotAllowed" {
		t.Errorf("put: %v", err)
	}
}

func TestTheRegionIsToldToWhomeverAsks(t *testing.T) {
	_, url := start(t, &fixture{})
	for _, path := range []string{"/private", "/private/digits", "/public/digits"} {
		resp, err := http.Head(url + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.Header.Get("X-Amz-Bucket-Region") == "" {
			t.Errorf("%s: no region with status %d", path, resp.StatusCode)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestAnArchivedObjectIsListedAndNotGiven(t *testing.T) {
	generated, err := files.NewGenerated("archive", modified, files.Generated{Path: "f", Text: "ice", Storage: "DEEP_ARCHIVE", NoETag: true})
	if err != nil {
		t.Fatal(err)
	}
	c, _ := start(t, &fixture{more: generated})
	all, err := c.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("more")})
	if err != nil || len(all.Contents) != 1 || all.Contents[0].StorageClass != "DEEP_ARCHIVE" || all.Contents[0].ETag != nil {
		t.Errorf("listed: %+v, %v", all, err)
	}
	head, err := c.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String("more"), Key: aws.String("f")})
	if err != nil || head.StorageClass != "DEEP_ARCHIVE" || head.ETag != nil {
		t.Errorf("head: %+v, %v", head, err)
	}
	if _, _, err := read(t, c, &awss3.GetObjectInput{Bucket: aws.String("more"), Key: aws.String("f")}); answered(err) != "InvalidObjectState" {
		t.Errorf("get: %v", err)
	}
}

func TestBucketsInTheHostName(t *testing.T) {
	_, url := start(t, &fixture{})
	for host, status := range map[string]int{
		"public.localhost:9000": 200, "public.s3.localhost": 200,
		"public.s3.us-west-2.amazonaws.com": 200, "public.s3.eu-west-3.amazonaws.com": 301,
	} {
		r, err := http.NewRequest(http.MethodGet, url+"/digits", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != status || status == 200 && string(got) != "0123456789" || err != nil {
			t.Errorf("%s: %d, %q, %v", host, resp.StatusCode, got, err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}
