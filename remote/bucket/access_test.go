package bucket_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"codeoceanfs/remote/bucket"
	"codeoceanfs/remote/fault"
)

// signers counts the requests with a signature.
func (f *fake) signed() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.seen {
		if r.Header.Get("Authorization") != "" {
			n++
		}
	}
	return n
}

func TestAPublicBucketNeedsNoCredentialsAndGetsNone(t *testing.T) {
	for _, keys := range []bool{false, true} {
		t.Run(fmt.Sprint("at hand: ", keys), func(t *testing.T) {
			if keys {
				withKeys(t)
			}
			f := newFake(t, map[string]*fakeBucket{"lab": {region: "us-east-1", public: true, objects: objects("a")}})
			s, loc := onAWS(t, f), bucket.Location{Bucket: "lab"}
			all, err := list(t.Context(), s, loc, "")
			if err != nil || len(all) != 1 {
				t.Fatal(all, err)
			}
			if _, err := read(t.Context(), s, loc, all[0].Object, 0, all[0].Size); err != nil {
				t.Error(err)
			}
			if f.signed() != 0 || f.requests("bucket") != 1 {
				t.Errorf("%d requests signed, asked %d times", f.signed(), f.requests("bucket"))
			}
		})
	}
}

func TestAPrivateBucketGetsTheCredentialsAtHand(t *testing.T) {
	withKeys(t)
	f := newFake(t, map[string]*fakeBucket{"lab": {region: "us-east-1", objects: objects("a")}})
	s, loc := onAWS(t, f), bucket.Location{Bucket: "lab"}
	all, err := list(t.Context(), s, loc, "")
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if f.requests("") != 2 || f.signed() != 1 {
		t.Errorf("%d requests, %d signed", f.requests(""), f.signed())
	}
	for _, r := range f.seen {
		auth := r.Header.Get("Authorization")
		if _, names, _ := strings.Cut(auth, "SignedHeaders="); strings.Contains(names, "accept-encoding") {
			t.Errorf("the signature covers a header that proxies change: %s", names)
		}
	}
}

// profiles writes an AWS configuration with the fake's good credentials under
// the profile "lab", and others under "else".
func profiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	err := os.WriteFile(file, []byte(`[lab]
aws_access_key_id = AKIAGOOD
aws_secret_access_key = secret-canary
[else]
aws_access_key_id = AKIAELSE
aws_secret_access_key = secret-canary
[google]
aws_access_key_id = GOOG1E
aws_secret_access_key = secret-canary
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
}

func TestRulesAndCredentials(t *testing.T) {
	for name, c := range map[string]struct {
		bucket fakeBucket
		rule   bucket.Rule
		env    map[string]string
		signed bool   // the last request was
		err    string // a part of the error, "" for none
	}{
		"profile of the rule":              {rule: bucket.Rule{Profile: "lab"}, signed: true},
		"profile of the environment":       {env: map[string]string{"AWS_PROFILE": "lab"}, signed: true},
		"profile though public":            {bucket: fakeBucket{public: true}, rule: bucket.Rule{Profile: "lab"}, signed: true},
		"profile that may not":             {rule: bucket.Rule{Profile: "else"}, err: `profile "else" are unknown to the store`},
		"profile that may not, public":     {bucket: fakeBucket{public: true}, rule: bucket.Rule{Profile: "else"}, err: `profile "else" are unknown to the store`},
		"profile that is not there":        {rule: bucket.Rule{Profile: "nobody"}, err: "failed to get shared config profile, nobody"},
		"anonymous by rule":                {bucket: fakeBucket{public: true}, rule: bucket.Rule{Anonymous: true}, env: map[string]string{"AWS_PROFILE": "else"}},
		"anonymous by rule, and private":   {rule: bucket.Rule{Anonymous: true}, env: map[string]string{"AWS_PROFILE": "lab"}, err: "the configuration forbids"},
		"none, and private":                {err: `no credentials for bucket "lab" were found: set AWS_PROFILE`},
		"none, and not to be listed":       {bucket: fakeBucket{public: true, unlist: true}, err: "no credentials"},
		"wrong ones, and public":           {bucket: fakeBucket{public: true}, env: map[string]string{"AWS_PROFILE": "else"}},
		"wrong ones, and private":          {env: map[string]string{"AWS_PROFILE": "else"}, err: "the AWS credentials found are unknown to the store"},
		"a profile variable that is wrong": {env: map[string]string{"AWS_PROFILE": "nobody"}, err: "failed to get shared config profile, nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			profiles(t)
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			b := c.bucket
			b.region, b.objects = "us-east-1", objects("a")
			f := newFake(t, map[string]*fakeBucket{"lab": &b})
			s := onAWS(t, f, func(cfg *bucket.Config) { cfg.Buckets = map[string]bucket.Rule{"lab": c.rule} })
			all, err := list(t.Context(), s, bucket.Location{Bucket: "lab"}, "")
			if c.err != "" {
				if !errors.Is(err, fault.ErrRefused) || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error %v, want %q", err, c.err)
				}
				if err != nil && strings.Contains(err.Error(), "secret-canary") {
					t.Errorf("a secret is in: %v", err)
				}
				return
			}
			if err != nil || len(all) != 1 {
				t.Errorf("%v, %v", all, err)
			}
			if got := f.seen[len(f.seen)-1].Header.Get("Authorization") != ""; got != c.signed {
				t.Errorf("signed: %v", got)
			}
		})
	}
}

// A bucket may let everybody read what nobody but its owner may list, and an
// account may forbid its people what the world may do.
func TestWhatIsRefusedOneWayIsTriedTheOther(t *testing.T) {
	withKeys(t)
	f := newFake(t, map[string]*fakeBucket{"lab": {region: "us-east-1", public: true, unlist: true, objects: objects("a", "b")}})
	f.fault = func(kind string, _ int, w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") != "" && kind == "get" {
			fail(w, 403, "AccessDenied", "not by this account")
			return true
		}
		return false
	}
	s, loc := onAWS(t, f), bucket.Location{Bucket: "lab"}
	all, err := list(t.Context(), s, loc, "")
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	for i, wantMore := range []int{2, 1} { // the way that worked is remembered
		f.reset()
		o := all[i].Object
		if got, err := read(t.Context(), s, loc, o, 0, o.Size); err != nil || int64(len(got)) != o.Size {
			t.Errorf("%q, %v", got, err)
		}
		if n := f.requests(""); n != wantMore {
			t.Errorf("read %d took %d requests", i, n)
		}
	}
}

func TestARefusedBucketIsNotAskedForEver(t *testing.T) {
	withKeys(t)
	f := newFake(t, map[string]*fakeBucket{"lab": {region: "us-east-1", objects: objects("a")}})
	f.keys = nil
	s, loc := onAWS(t, f), bucket.Location{Bucket: "lab"}
	list(t.Context(), s, loc, "")
	f.reset()
	if _, err := list(t.Context(), s, loc, ""); !errors.Is(err, fault.ErrRefused) {
		t.Error(err)
	}
	if n := f.requests(""); n > 2 {
		t.Errorf("%d requests", n)
	}
}

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

func TestAMissingBucketIsSaidToBeMissing(t *testing.T) {
	f := newFake(t, nil)
	s, loc := onAWS(t, f), bucket.Location{Bucket: "gone"}
	_, err := list(t.Context(), s, loc, "")
	if !errors.Is(err, fault.ErrRefused) || !strings.Contains(err.Error(), `no bucket "gone"`) {
		t.Error(err)
	}
	if _, err := s.Stat(t.Context(), loc, "a"); !errors.Is(err, fault.ErrRefused) {
		t.Error(err)
	}
}

func TestOneQuestionForAllWhoWait(t *testing.T) {
	f := newFake(t, map[string]*fakeBucket{"lab": {region: "eu-west-3", public: true, objects: objects("a")}})
	s := onAWS(t, f)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := list(t.Context(), s, bucket.Location{Bucket: "lab"}, ""); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := f.requests("bucket"); n != 2 { // and one more for the region
		t.Errorf("%d", n)
	}
}

func TestGoogleGetsItsOwnKeysOnly(t *testing.T) {
	for name, c := range map[string]struct {
		env    map[string]string
		rule   bucket.Rule
		public bool
		signed bool
	}{
		"public":            {public: true},
		"AWS credentials":   {public: true, env: map[string]string{"AWS_PROFILE": "lab"}},
		"keys of Google's":  {env: map[string]string{"AWS_PROFILE": "google"}, signed: true},
		"a rule's, as told": {rule: bucket.Rule{Profile: "lab"}, signed: true},
	} {
		t.Run(name, func(t *testing.T) {
			profiles(t)
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			// Listing is for those who sign, where there is somebody who does.
			f := newFake(t, map[string]*fakeBucket{"lab": {public: c.public, objects: objects("a")}})
			f.keys["GOOG1E"] = true
			s := onAWS(t, f, func(cfg *bucket.Config) { cfg.Buckets = map[string]bucket.Rule{"lab": c.rule} })
			loc := bucket.Location{Origin: "gcp", Bucket: "lab"}
			all, err := list(t.Context(), s, loc, "")
			if err != nil || len(all) != 1 {
				t.Fatal(all, err)
			}
			if got, err := read(t.Context(), s, loc, all[0].Object, 0, all[0].Size); err != nil || len(got) == 0 {
				t.Error(err)
			}
			if (f.signed() > 0) != c.signed {
				t.Errorf("%d requests signed", f.signed())
			}
			for _, r := range f.seen {
				if r.Host != "storage.googleapis.com" || r.Header.Get("Accept-Encoding") != "gzip" {
					t.Errorf("%s, Accept-Encoding %q", r.Host, r.Header.Get("Accept-Encoding"))
				}
			}
		})
	}
	t.Run("a bucket of that name on AWS is another", func(t *testing.T) {
		f := newFake(t, map[string]*fakeBucket{"lab": {region: "us-east-1", public: true, objects: objects("a")}})
		s := onAWS(t, f)
		for _, origin := range []string{"aws", "gcp", "aws", "GCP"} {
			if _, err := list(t.Context(), s, bucket.Location{Origin: origin, Bucket: "lab"}, ""); err != nil {
				t.Error(err)
			}
			if google := f.seen[len(f.seen)-1].Host == "storage.googleapis.com"; google != strings.EqualFold(origin, "gcp") {
				t.Errorf("%s: asked %s", origin, f.seen[len(f.seen)-1].Host)
			}
		}
	})
	t.Run("refused without", func(t *testing.T) {
		profiles(t)
		t.Setenv("AWS_PROFILE", "lab")
		f := newFake(t, map[string]*fakeBucket{"lab": {}})
		_, err := list(t.Context(), onAWS(t, f), bucket.Location{Origin: "gcp", Bucket: "lab"}, "")
		if !errors.Is(err, fault.ErrRefused) || f.signed() != 0 {
			t.Errorf("%v, %d signed", err, f.signed())
		}
	})
}

// Whatever a record calls its bucket, a request for it goes to AWS or nowhere.
func TestEvilBucketsGoNowhere(t *testing.T) {
	withKeys(t)
	f := newFake(t, nil)
	for _, name := range []string{
		"", "a", "evil.com/", "evil.com#", "evil.com?x", "user@evil.com", "a b", "a\nb", "../x", "a..b", "-a-", ".ab",
		"arn:aws:s3:us-east-1:123456789012:accesspoint/evil", "169.254.169.254:80", "[::1]", "bücher", "a%2eb", strings.Repeat("a", 300),
	} {
		for _, origin := range []string{"aws", "gcp", "local", "evil.com"} {
			loc := bucket.Location{Origin: origin, Bucket: name}
			if _, err := list(t.Context(), onAWS(t, f), loc, ""); !errors.Is(err, fault.ErrRefused) {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
	// Names that look like hosts are names.
	for _, name := range []string{"evil.com", "169.254.169.254", "localhost", "s3.amazonaws.com", "Old_Bucket"} {
		_, _ = list(t.Context(), onAWS(t, f), bucket.Location{Origin: "evil.com", Bucket: name}, "")
	}
	for _, r := range f.seen {
		if !strings.HasSuffix(r.Host, ".amazonaws.com") || !strings.Contains(r.Host, "s3.") {
			t.Errorf("asked %s", r.Host)
		}
	}
	if len(f.seen) == 0 {
		t.Error("asked nobody")
	}
}

func TestErrorsAndLogsHoldNoSecret(t *testing.T) {
	withKeys(t)
	t.Setenv("AWS_SESSION_TOKEN", "token-canary")
	var log bytes.Buffer
	f := newFake(t, map[string]*fakeBucket{"lab": {region: "us-east-1", objects: objects("a")}})
	s := onAWS(t, f, func(c *bucket.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	loc := bucket.Location{Bucket: "lab"}
	all, err := list(t.Context(), s, loc, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []func(w http.ResponseWriter){
		func(w http.ResponseWriter) { fail(w, 403, "SignatureDoesNotMatch", "no") },
		func(w http.ResponseWriter) { fail(w, 500, "InternalError", strings.Repeat("long ", 10_000)) },
		func(w http.ResponseWriter) { panic(http.ErrAbortHandler) },
		func(w http.ResponseWriter) { fmt.Fprint(w, "garbage") },
	} {
		f.set(func() {
			f.fault = func(_ string, _ int, w http.ResponseWriter, _ *http.Request) bool {
				f.mu.Unlock()
				defer f.mu.Lock()
				bad(w)
				return true
			}
		})
		s.Hasty()
		_, err1 := list(t.Context(), s, loc, "")
		_, err2 := s.Stat(t.Context(), loc, "a")
		_, err3 := read(t.Context(), s, loc, all[0].Object, 0, all[0].Size)
		text := fmt.Sprintf("%v\n%v\n%v\n%s", err1, err2, err3, log.String())
		for _, secret := range []string{"canary", "Signature=", "AKIAGOOD", "X-Amz-S", "https://", "x-id="} {
			if strings.Contains(text, secret) {
				t.Errorf("%s is in %s", secret, text)
			}
		}
		if len(text) > 4000 {
			t.Errorf("%d bytes of error", len(text))
		}
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	for _, c := range []bucket.Config{
		{Endpoint: "localhost:9000"},
		{Endpoint: "ftp://host"},
		{Endpoint: "https://user:secret-canary@host"},
		{Endpoint: "https://host/?a=b"},
		{Buckets: map[string]bucket.Rule{"lab": {Endpoint: "nonsense"}}},
		{Buckets: map[string]bucket.Rule{"lab": {Region: "evil.com/"}}},
		{Buckets: map[string]bucket.Rule{"lab": {Profile: "a", Anonymous: true}}},
		{Buckets: map[string]bucket.Rule{"a/b": {}}},
	} {
		_, err := bucket.New(c)
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestABucketMayHaveAnEndpointOfItsOwn(t *testing.T) {
	withKeys(t)
	mine := newFake(t, map[string]*fakeBucket{"mine": {objects: objects("a")}})
	all := newFake(t, map[string]*fakeBucket{"other": {public: true, objects: objects("b", "c")}})
	s := store(t, all, func(c *bucket.Config) { c.Buckets = map[string]bucket.Rule{"mine": {Endpoint: mine.URL + "/"}} })
	for _, origin := range []string{"aws", "gcp"} {
		if got, err := list(t.Context(), s, bucket.Location{Origin: origin, Bucket: "mine"}, ""); err != nil || len(got) != 1 {
			t.Error(got, err)
		}
		if got, err := list(t.Context(), s, bucket.Location{Origin: origin, Bucket: "other"}, ""); err != nil || len(got) != 2 {
			t.Error(got, err)
		}
	}
}
