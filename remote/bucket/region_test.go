package bucket_test

import (
	"net/http"
	"strings"
	"testing"

	"codeoceanfs/remote/bucket"
)

func TestTheRegionIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		public bool
		env    string
		rule   bucket.Rule
		most   int // requests
	}{
		"of a private bucket":           {most: 3},
		"of a public bucket":            {public: true, most: 3},
		"the environment's is right":    {env: "eu-west-3", most: 2},
		"the environment's is wrong":    {env: "ap-south-1", most: 3},
		"the environment's is nonsense": {env: "evil.com/", most: 3},
		"the rule says it":              {rule: bucket.Rule{Region: "eu-west-3"}, most: 2},
		"the rule says all":             {rule: bucket.Rule{Region: "eu-west-3", Profile: "lab"}, most: 1},
		"the rule is wrong":             {rule: bucket.Rule{Region: "us-west-1", Profile: "lab"}, most: 2},
		"only the profile is known":     {rule: bucket.Rule{Profile: "lab"}, most: 3},
	} {
		t.Run(name, func(t *testing.T) {
			profiles(t)
			withKeys(t)
			t.Setenv("AWS_REGION", c.env)
			f := newFake(t, map[string]*fakeBucket{"lab": {region: "eu-west-3", public: c.public, objects: objects("a")}})
			s := onAWS(t, f, func(cfg *bucket.Config) { cfg.Buckets = map[string]bucket.Rule{"lab": c.rule} })
			loc := bucket.Location{Bucket: "lab"}
			if all, err := list(t.Context(), s, loc, ""); err != nil || len(all) != 1 {
				t.Fatal(all, err)
			}
			if n := f.requests(""); n > c.most {
				t.Errorf("%d requests for the first listing", n)
			}
			f.reset()
			if _, err := list(t.Context(), s, loc, ""); err != nil || f.requests("") != 1 {
				t.Errorf("not remembered: %v, %d requests", err, f.requests(""))
			}
		})
	}
}

// A store at an endpoint of its own may sign for a region too, and some say it
// in words only.
func TestTheRegionOfAnEndpointIsFoundFromItsRefusal(t *testing.T) {
	withKeys(t)
	f := newFake(t, map[string]*fakeBucket{"lab": {region: "garage", objects: objects("a")}})
	f.fault = func(_ string, _ int, w http.ResponseWriter, r *http.Request) bool {
		if a := r.Header.Get("Authorization"); a != "" && !strings.Contains(a, "/garage/") {
			fail(w, 400, "AuthorizationHeaderMalformed", "the region 'us-east-1' is wrong; expecting 'garage'")
			return true
		}
		if r.Header.Get("Authorization") == "" {
			fail(w, 403, "AccessDenied", "Access Denied")
			return true
		}
		return false
	}
	if all, err := list(t.Context(), store(t, f), bucket.Location{Bucket: "lab"}, ""); err != nil || len(all) != 1 {
		t.Error(all, err)
	}
}

func TestAHostileRegionIsNotFollowed(t *testing.T) {
	profiles(t)
	withKeys(t)
	f := newFake(t, map[string]*fakeBucket{"lab": {}})
	n := 0
	for _, region := range []string{"evil.com/", "x@evil.com", "us-east-1.evil.com", "round-and-round", ""} {
		f.fault = func(_ string, _ int, w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.Host, ".amazonaws.com") {
				t.Errorf("asked %s", r.Host)
			}
			if n++; region == "round-and-round" {
				region = "us-west-1"
			} else if region == "us-west-1" {
				region = "round-and-round"
			}
			w.Header().Set("X-Amz-Bucket-Region", region)
			fail(w, 301, "PermanentRedirect", "go away")
			return true
		}
		for _, rule := range []bucket.Rule{{}, {Region: "eu-west-3", Profile: "lab"}} {
			s := onAWS(t, f, func(c *bucket.Config) { c.Buckets = map[string]bucket.Rule{"lab": rule} })
			if _, err := list(t.Context(), s, bucket.Location{Bucket: "lab"}, ""); err == nil || strings.Contains(err.Error(), "not a host") {
				t.Errorf("%q: %v", region, err)
			}
		}
	}
	if n > 40 {
		t.Errorf("%d requests", n)
	}
}
