package bucket_test

import (
	"errors"
	"fmt"
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
