package bucket_test

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"codeoceanfs/remote/bucket"
)

// TestMain hides the AWS configuration of the machine that runs the tests.
func TestMain(m *testing.M) {
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AWS_") || strings.HasSuffix(strings.ToLower(name), "_proxy") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("HOME", os.DevNull)
	os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	goleak.VerifyTestMain(m)
}

// withKeys puts the fake's good credentials into the environment.
func withKeys(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAGOOD")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret-canary")
}

// store is one that asks f for everything, path style.
func store(t *testing.T, f *fake, change ...func(*bucket.Config)) *bucket.Store {
	t.Helper()
	return open(t, append([]func(*bucket.Config){func(c *bucket.Config) { c.Endpoint = f.URL }}, change...)...)
}

// onAWS is a store whose hosts of AWS and Google are f.
func onAWS(t *testing.T, f *fake, change ...func(*bucket.Config)) *bucket.Store {
	t.Helper()
	return open(t, append([]func(*bucket.Config){func(c *bucket.Config) { c.Transport = hosted{f} }}, change...)...)
}

func open(t *testing.T, change ...func(*bucket.Config)) *bucket.Store {
	t.Helper()
	var cfg bucket.Config
	for _, c := range change {
		c(&cfg)
	}
	s, err := bucket.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.Quick()
	t.Cleanup(s.Close)
	return s
}

func list(ctx context.Context, s *bucket.Store, loc bucket.Location, dir string) (all []bucket.Entry, err error) {
	err = s.List(ctx, loc, dir, func(e bucket.Entry) error {
		all = append(all, e)
		return nil
	})
	return all, err
}

func read(ctx context.Context, s *bucket.Store, loc bucket.Location, o bucket.Object, off, n int64) ([]byte, error) {
	body, err := s.OpenRange(ctx, loc, o, off, n)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}
