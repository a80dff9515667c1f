package emulator_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"codeoceanfs/remote/emulator"
)

func TestWhoIsLetIn(t *testing.T) {
	s := start(t, emulator.Config{})
	id := s.add(named("a"))
	path := "data_assets/" + id
	for _, tt := range []struct {
		token, password string
		get, archive    int
	}{
		{"", "", 401, 401},
		{"cop_who", "", 401, 401},
		{"cop_demo", "password", 401, 401},
		{"cop_demo_readonly", "", 200, 403},
		{"cop_demo", "", 200, 200},
		{"cop_demo_admin", "", 200, 200},
	} {
		for method, want := range map[string]int{"GET " + path: tt.get, "PATCH " + path + "/archive?archive=false": tt.archive} {
			verb, target, _ := strings.Cut(method, " ")
			r, err := http.NewRequest(verb, s.APIURL()+"/api/v1/"+target, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.token != "" {
				r.SetBasicAuth(tt.token, tt.password)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%q %q %s: %d, want %d", tt.token, tt.password, method, resp.StatusCode, want)
			}
		}
	}
	s.SetTokens(emulator.Token{Token: "new", Access: "read-only"})
	s.refused("cop_demo", http.MethodGet, path, nil, http.StatusUnauthorized, "not known")
	s.refused("new", http.MethodGet, "nothing", nil, http.StatusNotFound, "not found")
	s.refused("new", http.MethodPost, "custom_metadata", nil, http.StatusNotFound, "not found")
}

func TestRecordShapes(t *testing.T) {
	s := start(t, emulator.Config{})
	size := int64(1 << 40)
	id := s.add(emulator.Asset{Record: emulator.Record{
		Name: "a", Created: 1700000000.5, Size: &size, Tags: []string{"t"}, Provenance: &emulator.Provenance{Capsule: "c", DataAssets: []string{"d"}},
	}})
	for name, tt := range map[string]struct {
		quirks emulator.Quirks
		want   object
		absent string
	}{
		"as it is":         {emulator.Quirks{}, object{"size": 1.0 * (1 << 40), "created": 1700000000., "provenance": object{"capsule": "c", "data_assets": []any{"d"}}}, "description"},
		"strings":          {emulator.Quirks{StringSizes: true}, object{"size": "1099511627776"}, "description"},
		"a bare record":    {emulator.Quirks{Sparse: true}, object{"name": "a", "state": "ready"}, "tags"},
		"more than known":  {emulator.Quirks{ExtraFields: true}, object{"name": "a", "x_number": 1e300}, "description"},
		"fractions":        {emulator.Quirks{FloatTimes: true}, object{"created": 1700000000.25, "last_used": 0.25}, "description"},
		"nulls":            {emulator.Quirks{Nulls: true}, object{"description": nil, "failure_reason": nil}, "no such field"},
		"upper provenance": {emulator.Quirks{UpperProvenance: true}, object{"provenance": object{"Capsule": "c", "DataAssets": []any{"d"}}}, "description"},
	} {
		t.Run(name, func(t *testing.T) {
			s := server{s.Server, t}
			s.SetQuirks(func(q *emulator.Quirks) { *q = tt.quirks })
			r := s.must(http.MethodGet, "data_assets/"+id, nil)
			for field, want := range tt.want {
				if got, ok := r[field]; !ok || !reflect.DeepEqual(got, want) {
					t.Errorf("%s is %v, want %v", field, got, want)
				}
			}
			if got, ok := r[tt.absent]; ok {
				t.Errorf("%s is %v", tt.absent, got)
			}
		})
	}
}

func TestLimitsAndVersions(t *testing.T) {
	s := start(t, emulator.Config{Quirks: emulator.Quirks{RatePerSecond: 5, RetryAfter: 2 * time.Second, MinVersion: "4.7"}})
	request := func(version string) *http.Response {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, s.APIURL()+"/api/v1/custom_metadata", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("cop_demo", "")
		r.Header.Set("Min-Server-Version", version)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	if got := request("4.8.0").StatusCode; got != http.StatusBadRequest {
		t.Errorf("a newer client gets %d", got)
	}
	if got := request("4.7.0").StatusCode; got != http.StatusOK {
		t.Errorf("an older client gets %d", got)
	}
	for range 20 { // two seconds may begin meanwhile
		if resp := request(""); resp.StatusCode == http.StatusTooManyRequests {
			if got := resp.Header.Get("Retry-After"); got != "2" {
				t.Errorf("Retry-After %q", got)
			}
			for end := time.Now().Add(5 * time.Second); request("").StatusCode != http.StatusOK; time.Sleep(50 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("no more in the next second either")
				}
			}
			return
		}
	}
	t.Error("never told to slow down")
}

func TestFaultsAndCounts(t *testing.T) {
	s := start(t, emulator.Config{})
	id := s.add(named("a"))
	remove := s.Inject(emulator.Fault{Route: "get", Times: 1, Status: http.StatusBadGateway})
	s.refused("cop_demo", http.MethodGet, "data_assets/"+id, nil, http.StatusBadGateway, "bad gateway")
	s.must(http.MethodGet, "data_assets/"+id, nil)
	remove()
	u, _ := s.urls(id, "data.bin")
	s.ResetCounts()
	s.Inject(emulator.Fault{Route: "s3.GetObject", Path: "data.bin", Times: 1, Status: http.StatusServiceUnavailable})
	if status, body := fetch(t, u); status != http.StatusServiceUnavailable || !bytes.Contains(body, []byte("<Code>SlowDown</Code>")) {
		t.Errorf("%d %s", status, body)
	}
	s.Inject(emulator.Fault{Route: "s3.GetObject", Times: 1, IgnoreRange: true})
	if status, body := fetch(t, u, "Range", "bytes=5-9"); status != http.StatusOK || len(body) != 100_000 {
		t.Errorf("%d, %d bytes", status, len(body))
	}
	before := s.Counts()["s3.GetObject"].Bytes
	fetch(t, u, "Range", "bytes=5-9")
	if c := s.Counts()["s3.GetObject"]; c.Requests != 3 || c.Bytes-before != 5 || s.Requests("search") != 0 {
		t.Errorf("counted %+v", s.Counts())
	}
	if api, s3 := s.Conns(); api.Accepted == 0 || s3.Accepted == 0 {
		t.Errorf("connections: %v, %v", api, s3)
	}
}

func TestHandlersWithoutSockets(t *testing.T) {
	s, err := emulator.New(emulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	id, err := s.Add(named("a"))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, s.APIURL()+"/api/v1/data_assets/"+id+"/files/download_url?path=data.bin", nil)
	r.SetBasicAuth("cop_demo", "")
	w := httptest.NewRecorder()
	s.API().ServeHTTP(w, r)
	_, link, _ := strings.Cut(w.Body.String(), `"url":"`)
	link, _, _ = strings.Cut(link, `"`)
	w = httptest.NewRecorder()
	s.S3().ServeHTTP(w, httptest.NewRequest(http.MethodGet, link, nil))
	if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), expected(t, id+"/data.bin", 0, 100_000)) {
		t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
	}
}

func TestTheSDKReadsBuckets(t *testing.T) {
	s := start(t, emulator.Config{})
	if err := s.AddBucket(emulator.Bucket{Name: "b", Region: "eu-west-1", Generate: []emulator.Generated{{Path: "c/%03d", Count: []int{250}, Size: 1000}}}); err != nil {
		t.Fatal(err)
	}
	key := emulator.DefaultS3Keys()[0]
	c := awss3.New(awss3.Options{
		BaseEndpoint: aws.String(s.S3URL()), UsePathStyle: true, Region: "eu-west-1", HTTPClient: http.DefaultClient,
		Credentials: credentials.NewStaticCredentialsProvider(key.AccessKey, key.SecretKey, ""),
	})
	read := func() (etag string, body []byte) {
		t.Helper()
		out, err := c.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("c/123")})
		if err != nil {
			t.Fatal(err)
		}
		defer out.Body.Close()
		body, err = io.ReadAll(out.Body)
		if err != nil {
			t.Fatal(err)
		}
		return *out.ETag, body
	}
	count := func() int {
		t.Helper()
		n := 0
		for p := awss3.NewListObjectsV2Paginator(c, &awss3.ListObjectsV2Input{Bucket: aws.String("b"), MaxKeys: aws.Int32(100)}); p.HasMorePages(); {
			page, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			n += len(page.Contents)
		}
		return n
	}
	etag, body := read()
	if !bytes.Equal(body, expected(t, "b/c/123", 0, 1000)) || count() != 250 {
		t.Errorf("%d bytes, %d objects", len(body), count())
	}
	if err := s.PutObject("b", emulator.Generated{Path: "c/123", Size: 1000, Seed: "second"}, emulator.Generated{Path: "new"}); err != nil {
		t.Fatal(err)
	}
	changed, body := read()
	if changed == etag || !bytes.Equal(body, expected(t, "second", 0, 1000)) || count() != 251 {
		t.Errorf("etag %s after %s, %d objects", changed, etag, count())
	}
	if err := s.DeleteObject("b", "c/123"); err != nil {
		t.Fatal(err)
	}
	_, err := c.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("c/123")})
	if err == nil || count() != 250 {
		t.Errorf("deleted, and %v, %d objects", err, count())
	}
}
