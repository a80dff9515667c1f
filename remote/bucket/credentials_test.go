package bucket_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"codeoceanfs/remote/bucket"
	"codeoceanfs/remote/fault"
)

// The address of an instance's role swallows packets off EC2: whoever looks for
// credentials there waits. Once is enough, and not for long.
func TestAnInstanceRoleIsAskedForOnceAndNotForLong(t *testing.T) {
	var asked atomic.Int64
	over := make(chan struct{})
	hole := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		select {
		case <-over:
		case <-r.Context().Done():
		}
	}))
	defer hole.Close()
	defer close(over)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", hole.URL)

	f := newFake(t, map[string]*fakeBucket{"one": {}, "two": {}, "public": {public: true, objects: objects("a")}})
	s := store(t, f)
	if _, err := list(t.Context(), s, bucket.Location{Bucket: "public"}, ""); err != nil || asked.Load() != 0 {
		t.Fatalf("a public bucket: %v, asked for a role %d times", err, asked.Load())
	}
	start := time.Now()
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			name := []string{"one", "two"}[i%2]
			_, err := list(t.Context(), s, bucket.Location{Bucket: name}, "")
			if !errors.Is(err, fault.ErrRefused) || !strings.Contains(err.Error(), "no credentials") {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	was := asked.Load()
	s.ForgetCredentials()
	if _, err := list(t.Context(), s, bucket.Location{Bucket: "one"}, ""); !errors.Is(err, fault.ErrRefused) || asked.Load() != was {
		t.Errorf("%v; asked %d times more", err, asked.Load()-was)
	}
	t.Logf("%d requests, %v", was, time.Since(start))
}

// role is an instance's role whose credentials live for a while.
func role(t *testing.T, life time.Duration) (served *atomic.Int64, gone *atomic.Bool) {
	served, gone = new(atomic.Int64), new(atomic.Bool)
	imds := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case gone.Load():
			w.WriteHeader(404)
		case strings.HasSuffix(r.URL.Path, "/token"):
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
			fmt.Fprint(w, "session")
		case strings.HasSuffix(r.URL.Path, "/security-credentials/"):
			fmt.Fprint(w, "lab-role")
		default:
			fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":"AKIA%d","SecretAccessKey":"secret-canary","Token":"t","Expiration":%q}`,
				served.Add(1), time.Now().Add(life).UTC().Format(time.RFC3339))
		}
	}))
	t.Cleanup(imds.Close)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.URL)
	return served, gone
}

func TestCredentialsThatTheStoreCallsExpiredAreRenewedOnce(t *testing.T) {
	served, _ := role(t, time.Hour)
	f := newFake(t, map[string]*fakeBucket{"lab": {objects: objects("a")}})
	f.keys = map[string]bool{"AKIA1": true, "AKIA2": true}
	s, loc := store(t, f), bucket.Location{Bucket: "lab"}
	if _, err := list(t.Context(), s, loc, ""); err != nil {
		t.Fatal(err)
	}
	expired := func(_ string, _ int, w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.Header.Get("Authorization"), "AKIA1/") {
			fail(w, 400, "ExpiredToken", "The provided token has expired.")
			return true
		}
		return false
	}
	f.set(func() { f.fault = expired })
	if _, err := list(t.Context(), s, loc, ""); err != nil || served.Load() != 2 {
		t.Errorf("%v, credentials served %d times", err, served.Load())
	}
	// And when fresh ones are called expired as well, that is all.
	f.set(func() {
		f.fault = func(_ string, _ int, w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Authorization") != "" {
				fail(w, 400, "ExpiredToken", "The provided token has expired.")
				return true
			}
			return false
		}
	})
	f.reset()
	if _, err := list(t.Context(), s, loc, ""); !errors.Is(err, fault.ErrRefused) || f.requests("") > 3 || served.Load() > 4 {
		t.Errorf("%v, %d requests, credentials served %d times", err, f.requests(""), served.Load())
	}
}

func TestAProviderThatIsGoneIsNamed(t *testing.T) {
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/role")
	f := newFake(t, map[string]*fakeBucket{"lab": {objects: objects("a")}})
	_, err := list(t.Context(), store(t, f), bucket.Location{Bucket: "lab"}, "")
	if !errors.Is(err, fault.ErrRefused) || !strings.Contains(err.Error(), "AWS credentials could not be had") ||
		strings.Contains(err.Error(), "://") {
		t.Error(err)
	}
}

func TestSigningInLaterIsNoticed(t *testing.T) {
	f := newFake(t, map[string]*fakeBucket{"lab": {objects: objects("a")}})
	s, loc := store(t, f), bucket.Location{Bucket: "lab"}
	if _, err := list(t.Context(), s, loc, ""); !errors.Is(err, fault.ErrRefused) {
		t.Fatal(err)
	}
	withKeys(t)
	s.ForgetCredentials() // half a minute later
	if _, err := list(t.Context(), s, loc, ""); err != nil {
		t.Error(err)
	}
}

// Whoever puts new keys into the file that holds them need not mount again.
func TestKeysThatWereReplacedAreReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	write := func(key string) {
		text := "[default]\naws_access_key_id = " + key + "\naws_secret_access_key = secret-canary\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("AKIAGOOD")
	f := newFake(t, map[string]*fakeBucket{"lab": {objects: objects("a")}})
	s, loc := store(t, f), bucket.Location{Bucket: "lab"}
	if _, err := list(t.Context(), s, loc, ""); err != nil {
		t.Fatal(err)
	}
	write("AKIANEW")
	f.set(func() { f.keys = map[string]bool{"AKIANEW": true} })
	if _, err := list(t.Context(), s, loc, ""); err != nil {
		t.Error(err)
	}
}

// A clock that is off is corrected by the store's own, or named.
func TestAClockThatIsOff(t *testing.T) {
	withKeys(t)
	for _, corrigible := range []bool{true, false} {
		f := newFake(t, map[string]*fakeBucket{"lab": {objects: objects("a")}})
		there := func() time.Time { return time.Now().Add(time.Hour) }
		f.fault = func(_ string, _ int, w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Date", there().UTC().Format(http.TimeFormat))
			at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
			if err == nil && (there().Sub(at).Abs() > 15*time.Minute || !corrigible) {
				fail(w, 403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
				return true
			}
			return false
		}
		s, loc := store(t, f), bucket.Location{Bucket: "lab"}
		_, err := list(t.Context(), s, loc, "")
		if corrigible && err != nil {
			t.Error(err)
		}
		if !corrigible && (err == nil || !strings.Contains(err.Error(), "clock of this machine is off by -1h0m0s") || errors.Is(err, fault.ErrRefused)) {
			t.Error(err)
		}
		if n := f.requests(""); n > 3 {
			t.Errorf("%d requests", n)
		}
	}
}
