package bucket_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"codeoceanfs/remote/bucket"
	"codeoceanfs/remote/fault"
)

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
