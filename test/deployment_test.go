package test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
	"codeoceanfs/remote/emulator/samples"
)

// deployment is a running emulator.
type deployment struct {
	*emulator.Server
	data string // its data directory
}

// deploy starts an emulator that serves the samples. edit may change how.
func deploy(t testing.TB, edit ...func(*emulator.Config)) *deployment {
	t.Helper()
	data := t.TempDir()
	if err := samples.Extract(data); err != nil {
		t.Fatal(err)
	}
	d := serve(t, append([]func(*emulator.Config){func(c *emulator.Config) { c.Data = data }}, edit...)...)
	// One of the drafts becomes ready by itself after a while, which is for
	// people to see: tests do not depend on when they look.
	d.change(t, "5cac5a26-dc70-5028-8db0-394d1069d2f1", func(a *emulator.Asset) { a.ReadyAfter, a.ReadyAt = 0, 0 })
	return d
}

// serve starts an emulator that serves nothing but what edit gives it.
func serve(t testing.TB, edit ...func(*emulator.Config)) *deployment {
	t.Helper()
	cfg := emulator.Config{DraftTime: time.Second}
	for _, e := range edit {
		e(&cfg)
	}
	s, err := emulator.New(cfg)
	if err == nil {
		err = s.Start()
	}
	must(t, err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &deployment{s, cfg.Data}
}

// environment is what a user of the deployment would have set. Nothing of the
// machine's own configuration gets in.
func (d *deployment) environment(t testing.TB) []string { return environment(t, d.APIURL()) }

func environment(t testing.TB, domain string) []string {
	home := t.TempDir()
	key := emulator.DefaultS3Keys()[0]
	return []string{
		"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(),
		"XDG_CACHE_HOME=" + filepath.Join(home, ".cache"), "XDG_CONFIG_HOME=" + filepath.Join(home, ".config"),
		"CODEOCEAN_DOMAIN=" + domain, "CODEOCEAN_TOKEN=cop_demo",
		"AWS_ACCESS_KEY_ID=" + key.AccessKey, "AWS_SECRET_ACCESS_KEY=" + key.SecretKey,
		raceOptions,
	}
}

// must ends the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What tests do to a deployment must succeed.

func (d *deployment) add(t testing.TB, a emulator.Asset) (id string) {
	t.Helper()
	id, err := d.Add(a)
	must(t, err)
	return id
}

func (d *deployment) change(t testing.TB, id string, edit func(*emulator.Asset)) {
	t.Helper()
	must(t, d.Change(id, edit))
}

func (d *deployment) remove(t testing.TB, id string) {
	t.Helper()
	must(t, d.Remove(id))
}

func (d *deployment) addBucket(t testing.TB, b emulator.Bucket) {
	t.Helper()
	must(t, d.AddBucket(b))
}

func (d *deployment) putObject(t testing.TB, bucket string, objects ...emulator.Generated) {
	t.Helper()
	must(t, d.PutObject(bucket, objects...))
}

func (d *deployment) deleteObject(t testing.TB, bucket string, keys ...string) {
	t.Helper()
	must(t, d.DeleteObject(bucket, keys...))
}

// addExternal adds a bucket, and an asset of what it has under the prefix.
func (d *deployment) addExternal(t testing.TB, name, prefix string, b emulator.Bucket) (id string) {
	t.Helper()
	d.addBucket(t, b)
	return d.add(t, emulator.Asset{Record: emulator.Record{Name: name, SourceBucket: inBucket(b.Name, prefix)}})
}

// inBucket is the source of an external asset.
func inBucket(name, prefix string) *emulator.SourceBucket {
	return &emulator.SourceBucket{Origin: "aws", Bucket: name, Prefix: prefix, External: true}
}
