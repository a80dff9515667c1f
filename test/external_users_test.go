package test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"codeoceanfs/remote/emulator"
)

// users are the environments in which a mount is started. A passer-by asks for
// nothing that is not public.
var users = map[string][]string{
	"":            nil,
	"a passer-by": nil,
	"the partner": {"AWS_PROFILE=partner"},
	"the lab":     {"AWS_ACCESS_KEY_ID=AKIALAB", "AWS_SECRET_ACCESS_KEY=lab/not/a/secret"},
	"stranger":    {"AWS_ACCESS_KEY_ID=AKIASTRANGER", "AWS_SECRET_ACCESS_KEY=x/not/a/secret"},
	"mistyped":    {"AWS_ACCESS_KEY_ID=AKIALAB", "AWS_SECRET_ACCESS_KEY=wrong/not/a/secret"},
	"yesterday": {
		"AWS_ACCESS_KEY_ID=ASIAOVER", "AWS_SECRET_ACCESS_KEY=over/not/a/secret",
		"AWS_SESSION_TOKEN=over/not/a/secret",
	},
	"mixed up": {
		"AWS_ACCESS_KEY_ID=AKIALAB", "AWS_SECRET_ACCESS_KEY=lab/not/a/secret",
		"AWS_SESSION_TOKEN=over/not/a/secret",
	},
	"google": {"AWS_ACCESS_KEY_ID=GOOG1LAB", "AWS_SECRET_ACCESS_KEY=goog/not/a/secret"},
}

// storeKeys are the keys that the stores know.
var storeKeys = []emulator.S3Key{
	{AccessKey: "AKIALAB", SecretKey: "lab/not/a/secret"},
	{AccessKey: "AKIAPARTNER", SecretKey: "partner/not/a/secret"},
	{AccessKey: "ASIAOVER", SecretKey: "over/not/a/secret", SessionToken: "over/not/a/secret", Expired: true},
	{AccessKey: "GOOG1LAB", SecretKey: "goog/not/a/secret"},
}

// profiles are what ~/.aws/credentials holds, for everybody.
const profiles = `[partner]
aws_access_key_id = AKIAPARTNER
aws_secret_access_key = partner/not/a/secret
[other]
aws_access_key_id = AKIAOTHER
aws_secret_access_key = other/not/a/secret
`

// TestExternalSession ends the session that the credentials of a file are of,
// after somebody has signed in anew: the mount goes on with the new ones.
func TestExternalSession(t *testing.T) {
	t.Parallel()
	d := serve(t)
	old := emulator.S3Key{AccessKey: "AKIAPARTNER", SecretKey: "partner/not/a/secret"}
	d.SetS3Keys(old)
	d.addExternal(t, "x", "", emulator.Bucket{Name: "lab", Generate: []emulator.Generated{{Path: "a", Text: "a"}, {Path: "b", Text: "b"}}})
	home := t.TempDir()
	m := d.mountAs(t, home, "buckets:\n  lab: {profile: partner, endpoint: "+d.S3URL()+"}\n")
	if got := m.run("cat", m.path("dataset", "x", "a")); got != "a" {
		t.Errorf("%q", got)
	}
	anew := emulator.S3Key{AccessKey: "ASIANEW", SecretKey: "new/not/a/secret", SessionToken: "new/not/a/secret"}
	signIn(t, home, "[partner]\naws_access_key_id = ASIANEW\naws_secret_access_key = new/not/a/secret\naws_session_token = new/not/a/secret\n")
	old.Expired = true
	d.SetS3Keys(old, anew)
	if got := m.run("cat", m.path("dataset", "x", "b")); got != "b" {
		t.Errorf("%q", got)
	}
}

// mountAs mounts with a home that has a configuration file and the profiles, and
// the given variables in the place of the deployment's own keys.
func (d *deployment) mountAs(t testing.TB, home, config string, variables ...string) *mounted {
	t.Helper()
	env := slices.DeleteFunc(d.environment(t), func(v string) bool { return strings.HasPrefix(v, "AWS_") })
	signIn(t, home, profiles)
	file := filepath.Join(home, "config.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := d.tryMount(t, t.TempDir(), append(append(env, "HOME="+home), variables...), "--s3-endpoint", "", "--config", file)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// signIn writes the profiles of a user.
func signIn(t testing.TB, home, text string) {
	t.Helper()
	file := filepath.Join(home, ".aws", "credentials")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// silence is an address where somebody listens and never answers, as at that of
// an instance's metadata service where there is none. It counts who asks.
func silence(t testing.TB) (url string, asked func() int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var n atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close() // when nobody listens any more
			n.Add(1)
		}
	}()
	return "http://" + l.Addr().String(), n.Load
}
