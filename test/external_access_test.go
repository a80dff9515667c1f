package test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// access is an external asset of a bucket with the objects "a" and "b/c", who
// asks for it, and what the mount answers.
type access struct {
	as     string // whose credentials are at hand, see users; "" is nobody's
	origin string // "" is aws
	bucket emulator.Bucket
	prefix string // of the asset; "" is the whole bucket
	rule   string // what the configuration file says about the bucket
	lists  string // what ls prints beside .meta.json
	reads  string // what cat of "a" prints, if anything
	fails  string // and else the error that it ends with
	why    string // what the log and errors.jsonl say about it
}

const (
	both    = "a b" // everything is listed
	itself  = "a"   // and read: an object's content is its key
	denied  = "Permission denied"
	missing = "No such file or directory"
)

var accesses = map[string]access{
	// Without credentials.
	"a public bucket needs no credentials": {
		bucket: emulator.Bucket{Public: true}, lists: both, reads: itself,
	},
	"a public bucket is read without a look for credentials": {
		as: "a passer-by", bucket: emulator.Bucket{Public: true, Region: "eu-central-1"}, lists: both, reads: itself,
	},
	"a public bucket of another region is found by itself": {
		bucket: emulator.Bucket{Public: true, Region: "eu-central-1"}, lists: both, reads: itself,
	},
	"a bucket may have dots in its name": {
		bucket: emulator.Bucket{Public: true, Region: "eu-central-1", Name: "open.data.lab"}, lists: both, reads: itself,
	},
	"a private bucket is refused without credentials, and the log says how to name some": {
		fails: denied, why: "were found: set AWS_PROFILE, or a profile for it in the configuration",
	},
	"a bucket that is not there is refused, and said not to be there": {
		bucket: emulator.Bucket{Name: "is-gone"}, fails: denied, why: `there is no bucket "is-gone"`,
	},
	"a record without a bucket is refused, and said to have none": {
		bucket: emulator.Bucket{Name: "-"}, fails: denied, why: "is no bucket's name",
	},
	"a bucket that may be read and not listed gives the files at the asset's top by their names": {
		bucket: emulator.Bucket{Public: true, Unlisted: true}, reads: itself, why: "may be read, but not listed: no credentials",
	},
	"an asset of one object needs no right to list its bucket": {
		bucket: emulator.Bucket{Public: true, Unlisted: true}, prefix: "a", reads: itself, why: "may be read, but not listed: no credentials",
	},
	"a bucket that may be listed and not read shows its files, and refuses to open them": {
		bucket: emulator.Bucket{Public: true, Unread: []string{""}}, lists: both, fails: denied, why: "may be listed, but this not be read: no credentials",
	},
	"one object that may not be read stops no other": {
		bucket: emulator.Bucket{Public: true, Unread: []string{"b/"}}, lists: both, reads: itself,
	},
	"an archived object is listed, and refused with the reason": {
		bucket: emulator.Bucket{Public: true, Generate: []emulator.Generated{{Path: "a", Text: "a", Storage: "GLACIER"}, {Path: "b/c", Text: "b/c"}}},
		lists:  both, fails: denied, why: "it is in an archived storage class: restore it first",
	},
	"a bucket may be said to need no credentials": {
		as: "the lab", bucket: emulator.Bucket{Public: true}, rule: "{anonymous: true}", lists: both, reads: itself,
	},
	"a bucket that is wrongly said to need no credentials is refused": {
		as: "the lab", rule: "{anonymous: true}", fails: denied, why: "the configuration forbids to use any",
	},

	// With credentials.
	"a private bucket is read with the credentials at hand": {as: "the lab", lists: both, reads: itself},
	"a private bucket of another region is found by itself": {
		as: "the lab", bucket: emulator.Bucket{Region: "us-west-2"}, lists: both, reads: itself,
	},
	"the configuration may name the region": {
		as: "the lab", bucket: emulator.Bucket{Region: "us-west-2"}, rule: "{region: us-west-2}", lists: both, reads: itself,
	},
	"a region that is named wrongly is corrected": {
		as: "the lab", bucket: emulator.Bucket{Region: "us-west-2"}, rule: "{region: eu-central-1}", lists: both, reads: itself,
	},
	"a public bucket is read though credentials are at hand": {
		as: "the lab", bucket: emulator.Bucket{Public: true, Region: "us-west-2"}, lists: both, reads: itself,
	},
	"a bucket that the credentials may not read is refused, and the log says how to name others": {
		as: "the lab", bucket: emulator.Bucket{AccessKeys: []string{"AKIAPARTNER"}},
		fails: denied, why: "the AWS credentials found may not read it: set AWS_PROFILE, or a profile for bucket",
	},
	"a private bucket that may be read and not listed gives them too": {
		as: "the lab", bucket: emulator.Bucket{Unlisted: true}, reads: itself, why: "may be read, but not listed: the AWS credentials found may not",
	},
	"the profile of the environment is used": {
		as: "the partner", bucket: emulator.Bucket{AccessKeys: []string{"AKIAPARTNER"}}, lists: both, reads: itself,
	},
	"a profile of the configuration is used for its bucket": {
		as: "the lab", bucket: emulator.Bucket{AccessKeys: []string{"AKIAPARTNER"}}, rule: "{profile: partner}", lists: both, reads: itself,
	},
	"a profile that may not read a bucket is named": {
		as: "the lab", rule: "{profile: other}", fails: denied, why: `profile "other"`,
	},
	"a profile that there is not is named": {
		as: "the lab", rule: "{profile: nobodys}", fails: denied, why: "failed to get shared config profile, nobodys",
	},

	// With credentials that are no good.
	"a public bucket is read whatever credentials are at hand": {
		as: "stranger", bucket: emulator.Bucket{Public: true}, lists: both, reads: itself,
	},
	"a key that the store does not know is said to be unknown": {
		as: "stranger", fails: denied, why: "the AWS credentials found are unknown to the store: set AWS_PROFILE",
	},
	"a secret key that does not go with its access key is said to be wrong": {
		as: "mistyped", fails: denied, why: "the AWS credentials found are wrong: the secret key does not belong to the access key",
	},
	"a session token that does not go with its key is said to be wrong": {
		as: "mixed up", fails: denied, why: "the session token does not belong to the access key",
	},
	"a session that has ended is said to have ended": {
		as: "yesterday", fails: denied, why: "the AWS credentials found have expired: sign in again",
	},
	"a public bucket is read after the session has ended": {
		as: "yesterday", bucket: emulator.Bucket{Public: true, Region: "us-west-2"}, lists: both, reads: itself,
	},

	// Other stores.
	"a public bucket of Google's needs no credentials": {
		origin: "gcp", bucket: emulator.Bucket{Public: true, Region: "auto"}, lists: both, reads: itself,
	},
	"a private bucket of Google's is read with a key of Google's": {
		as: "google", origin: "gcp", bucket: emulator.Bucket{Region: "auto", AccessKeys: []string{"GOOG1LAB"}}, lists: both, reads: itself,
	},
	"a key of AWS is not shown to Google": {
		as: "the lab", origin: "gcp", bucket: emulator.Bucket{Region: "auto"}, fails: denied, why: "were found: set AWS_PROFILE",
	},
	"a bucket with an endpoint in the configuration is asked there": {
		as: "the lab", bucket: emulator.Bucket{Name: "minio-bucket"}, rule: "{endpoint: MINIO}", lists: both, reads: itself,
	},
	"an endpoint in the configuration goes before Google's": {
		as: "the lab", origin: "gcp", bucket: emulator.Bucket{Name: "minio-for-google"}, rule: "{endpoint: MINIO}", lists: both, reads: itself,
	},
	"a profile may go with an endpoint": {
		as: "the lab", bucket: emulator.Bucket{Name: "minio-partner", Region: "garage", AccessKeys: []string{"AKIAPARTNER"}},
		rule: "{endpoint: MINIO, profile: partner}", lists: both, reads: itself,
	},
	"a bucket that is missing at its endpoint is refused, though there is one at AWS": {
		as: "the lab", bucket: emulator.Bucket{Public: true, Name: "at-aws-alone"}, rule: "{endpoint: MINIO}", fails: denied, why: `there is no bucket "at-aws-alone"`,
	},
}

// TestExternalAccess asks for external assets as everybody who may, and as
// everybody who may not. The buckets are where those of a lab are, at AWS and
// Google, behind their host names and TLS; some are at a store of somebody's own.
func TestExternalAccess(t *testing.T) {
	t.Parallel()
	d, minio := serve(t), serve(t)
	d.SetS3Keys(storeKeys...)
	minio.SetS3Keys(storeKeys...)
	stores := d.onAWS(t, "us-east-1", "us-west-2", "eu-central-1")
	rules, ids := "buckets:\n", map[string]string{}
	for i, name := range slices.Sorted(maps.Keys(accesses)) {
		a := accesses[name]
		b := a.bucket
		if b.Name == "" {
			b.Name = fmt.Sprintf("bucket-%d", i)
		}
		if a.rule != "" {
			rules += fmt.Sprintf("  %s: %s\n", b.Name, strings.ReplaceAll(a.rule, "MINIO", minio.S3URL()))
		}
		if b.Generate == nil {
			b.Generate = []emulator.Generated{{Path: "a", Text: "a"}, {Path: "b/c", Text: "b/c"}}
		}
		at := d
		if strings.HasPrefix(b.Name, "minio") {
			at = minio
		}
		if b.Name != "is-gone" && b.Name != "-" {
			at.addBucket(t, b)
		}
		source := inBucket(strings.Trim(b.Name, "-"), a.prefix)
		source.Origin = cmp.Or(a.origin, source.Origin)
		ids[name] = d.add(t, emulator.Asset{Record: emulator.Record{Name: name, SourceBucket: source}})
	}
	for user, variables := range users {
		t.Run(cmp.Or(user, "nobody"), func(t *testing.T) {
			t.Parallel()
			instance, asked := silence(t)
			m := d.mountAs(t, t.TempDir(), rules, slices.Concat(stores, variables, []string{"AWS_EC2_METADATA_SERVICE_ENDPOINT=" + instance})...)
			t.Cleanup(func() {
				if n := asked(); n > 0 && user != "" {
					t.Errorf("%d connections to the instance's metadata service", n)
				}
			})
			for name, a := range accesses {
				if a.as != user {
					continue
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					a.check(m.in(t), name, ids[name])
				})
			}
		})
	}
}

// check compares what the mount answers. Nobody waits long, whatever it is.
func (a access) check(m *mounted, name, id string) {
	start := time.Now()
	dir := m.path("dataset", name)
	a.cat(m, dir+"/a") // before anything is listed
	if d := difference(m.list("dataset", name), append([]string{".meta.json"}, strings.Fields(a.lists)...)); d != "" {
		m.t.Errorf("ls:%s", d)
	}
	a.cat(m, dir+"/a")
	if meta := m.run("cat", dir+"/.meta.json"); !strings.Contains(meta, name) {
		m.t.Errorf(".meta.json: %s", meta)
	}
	if took := time.Since(start); took > patience {
		m.t.Errorf("it took %s", took)
	}
	faults := linesWith(m.faults(), id)
	logged := linesWith(m.log.String(), id)
	if a.why == "" {
		if faults != "" || logged != "" {
			m.t.Errorf("errors where there are none: %s\n%s", faults, logged)
		}
		return
	}
	for where, text := range map[string]string{"errors.jsonl": faults, "the log": logged} {
		if !strings.Contains(strings.ReplaceAll(text, `\`, ""), a.why) {
			m.t.Errorf("no %q in %s:\n%s", a.why, where, text)
		}
	}
}

func (a access) cat(m *mounted, file string) {
	m.t.Helper()
	content, failure := m.try("cat", file)
	switch {
	case content != a.reads:
		m.t.Errorf("cat: %q, %v", content, failure)
	case a.fails == "" && failure != nil, a.fails != "" && (failure == nil || !strings.Contains(failure.Error(), a.fails)):
		m.t.Errorf("cat: %v", failure)
	}
}
