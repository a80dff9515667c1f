package bucket_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"codeoceanfs/remote/bucket"
	"codeoceanfs/remote/emulator"
	"codeoceanfs/remote/fault"
)

// The emulator checks signatures as S3 does, so what it lets in, S3 does: every
// odd key, signed, in a region that has to be found first.
func TestTheEmulatorAcceptsOurSignatures(t *testing.T) {
	srv, err := emulator.New(emulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	if err := srv.AddBucket(emulator.Bucket{Name: "lab-private", Region: "eu-west-3"}); err != nil {
		t.Fatal(err)
	}
	if err := srv.AddBucket(emulator.Bucket{Name: "lab-public", Region: "eu-west-3", Public: true}); err != nil {
		t.Fatal(err)
	}
	var all []emulator.Generated
	for _, name := range append(oddNames, "a//b", ".", "..", "../up", "both", "both/x", "plain") {
		all = append(all, emulator.Generated{Path: "asset/" + name, Text: "content of " + name})
	}
	for _, name := range []string{"lab-private", "lab-public"} {
		if err := srv.PutObject(name, all...); err != nil {
			t.Fatal(err)
		}
	}
	ts := httptest.NewServer(srv.S3())
	defer ts.Close()
	endpoint := func(c *bucket.Config) { c.Endpoint = ts.URL }

	t.Run("refused without credentials", func(t *testing.T) {
		_, err := list(t.Context(), open(t, endpoint), bucket.Location{Bucket: "lab-private"}, "")
		if !errors.Is(err, fault.ErrRefused) || !strings.Contains(err.Error(), "no credentials") {
			t.Error(err)
		}
	})
	t.Run("wrong secret", func(t *testing.T) {
		t.Setenv("AWS_ACCESS_KEY_ID", emulator.DefaultS3Keys()[0].AccessKey)
		t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
		_, err := list(t.Context(), open(t, endpoint), bucket.Location{Bucket: "lab-private"}, "")
		if !errors.Is(err, fault.ErrRefused) || !strings.Contains(err.Error(), "SignatureDoesNotMatch") {
			t.Error(err)
		}
	})
	for _, name := range []string{"lab-private", "lab-public"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_ACCESS_KEY_ID", emulator.DefaultS3Keys()[0].AccessKey)
			t.Setenv("AWS_SECRET_ACCESS_KEY", emulator.DefaultS3Keys()[0].SecretKey)
			s, loc := open(t, endpoint), bucket.Location{Bucket: name, Prefix: "asset"}
			found := map[string]bucket.Entry{}
			var walk func(dir string)
			walk = func(dir string) {
				entries, err := list(t.Context(), s, loc, dir)
				if err != nil {
					t.Errorf("list %q: %v", dir, err)
				}
				for _, e := range entries {
					if e.Dir {
						walk(e.Path)
					} else {
						found[e.Path] = e
					}
				}
			}
			walk("")
			for _, g := range all {
				path := strings.TrimPrefix(g.Path, "asset/")
				e, ok := found[path]
				if !ok {
					t.Errorf("%q is not listed", path)
					continue
				}
				if got, err := read(t.Context(), s, loc, e.Object, 3, e.Size-3); err != nil || string(got) != g.Text[3:] {
					t.Errorf("read %q: %q, %v", path, got, err)
				}
				if st, err := s.StatFile(t.Context(), loc, path); err != nil || st.ETag != e.ETag || st.Size != e.Size || !st.Modified.Equal(e.Modified) {
					t.Errorf("stat %q: %+v, %v; listed %+v", path, st, err, e)
				}
			}
			if len(found) != len(all) {
				t.Errorf("%d files of %d", len(found), len(all))
			}
			e := found["plain"]
			if err := srv.PutObject(name, emulator.Generated{Path: "asset/plain", Text: "other bytes here"}); err != nil {
				t.Fatal(err)
			}
			if got, err := read(t.Context(), s, loc, e.Object, 0, e.Size); !errors.Is(err, fault.ErrStale) {
				t.Errorf("a changed object: %q, %v", got, err)
			}
		})
	}
}
