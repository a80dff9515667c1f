package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"codeoceanfs/fs/service"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/bucket"
	"codeoceanfs/remote/fault"
)

// Clocks. S3 refuses requests from a clock that is 15 minutes off; what is off
// at all is often so by more the next day.
const (
	skewNoted = 30 * time.Second
	skewWrong = 5 * time.Minute
	// renewCertificate is when the end of a certificate is worth a word.
	renewCertificate = 14 * 24 * time.Hour
)

// maxBuckets is how many buckets are tried: more take long, and say the same.
const maxBuckets = 8

// bucketTime is for one bucket, all attempts included: one that does not answer
// is a line of the report, and somebody waits for the next.
const bucketTime = 5 * time.Second

// platform looks at the token, at the deployment, and at the buckets of its
// external assets.
func (r *Report) platform(ctx context.Context, s *service.Settings, mounts []mounted) {
	home, _ := os.UserHomeDir()
	source := api.TokenSource(s.Getenv, home, s.TokenFile)
	domain, token, err := api.Credentials(s.Getenv, home, s.TokenFile, s.Domain)
	if err != nil && r.askedByMounts(err, mounts) {
		return
	}
	if err != nil {
		r.failed(mend, "token", err)
		r.line(note, "server", "was not asked, without a domain and a token", "")
		return
	}
	r.line(ok, "token", "from "+source, "")
	client, err := api.New(api.Config{Domain: domain, Token: token, Agent: "codeoceanfs/" + s.Version})
	if err != nil {
		r.failed(mend, "domain", err)
		return
	}
	defer client.Close()
	r.proxy(client.Host())
	p, err := client.Probe(ctx)
	if err != nil {
		r.failed(mend, "server", service.Explain(err))
		return
	}
	r.server(client.Host(), p)
	r.buckets(ctx, s, client)
}

// askedByMounts is for a shell that has no domain or token. Mounts may have been
// made elsewhere with both, and then there is nothing to mend: what they say of
// them stands. It reports whether there are any.
func (r *Report) askedByMounts(err error, mounts []mounted) bool {
	var missing api.NotGiven
	if !errors.As(err, &missing) {
		return false // what was given is wrong
	}
	mounts = slices.DeleteFunc(slices.Clone(mounts), func(m mounted) bool { return m.err != nil })
	if len(mounts) == 0 {
		return false
	}
	for _, m := range mounts {
		switch {
		case !m.Token.Accepted:
			r.line(note, "token", m.domain()+" refuses that of the mount at "+m.Point+", as the mount says: see below", "")
		case m.silent(): // then nobody knows
			r.line(note, "token", m.domain()+" has not refused that of the mount at "+m.Point+", which has no answer of it now: see below", "")
		default:
			r.line(ok, "token", m.domain()+" accepts that of the mount at "+m.Point+", as the mount says", "")
		}
	}
	what, remedy, _ := strings.Cut(missing.Error(), ": ")
	r.line(note, "server", "was not asked, nor were buckets: "+what+" is given here", "to have them looked at too, "+remedy)
	return true
}

func (r *Report) proxy(host string) {
	u, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: host}})
	if err == nil && u != nil { // variables that make no sense count as not set
		r.line(ok, "proxy", "through "+u.Host, "")
	}
}

func (r *Report) server(host string, p *api.Probe) {
	r.line(ok, "server", host+" answers, and accepts the token", "")
	switch left := time.Until(p.Expires); {
	case p.TLS == "":
		r.line(ok, "encryption", "none, which is for a deployment on this machine", "")
	case left < renewCertificate:
		r.line(note, "encryption", fmt.Sprintf("%s; the certificate ends on %s", p.TLS, p.Expires.Format(time.DateOnly)), "whoever runs the deployment has to renew it")
	default:
		r.line(ok, "encryption", p.TLS, "")
	}
	if p.Old != "" {
		r.line(note, "version", "the platform is older than what this program knows: "+p.Old, "some requests to change assets may not work")
	} else {
		r.line(ok, "version", "nothing against a program of today", "")
	}
	switch off := p.Skew.Abs().Round(time.Second); {
	case !p.Clock:
		r.line(note, "clock", "the server does not tell its time", "")
	case off >= skewWrong:
		r.line(mend, "clock", fmt.Sprintf("this machine's is off by %s against the server's: stores refuse requests", off), "set it: sudo timedatectl set-ntp true")
	case off >= skewNoted:
		r.line(note, "clock", fmt.Sprintf("this machine's is off by %s against the server's", off), "set it: sudo timedatectl set-ntp true")
	default:
		r.line(ok, "clock", "agrees with the server's", "")
	}
	switch {
	case p.Write == nil:
		r.line(ok, "scope", "the token reads and changes assets", "")
	case errors.Is(p.Write, fault.ErrRefused):
		r.line(note, "scope", "the token only reads assets", "to change some, make one with the right to read and write Datasets")
	default:
		r.line(note, "scope", "whether the token may change assets could not be found out: "+p.Write.Error(), "")
	}
}

// errEnough ends a listing that was only to be begun.
var errEnough = errors.New("enough")

// buckets begins to list the buckets of external assets.
func (r *Report) buckets(ctx context.Context, s *service.Settings, client *api.Client) {
	page, err := client.Search(ctx, api.Query{Origin: "external"}, "")
	if err != nil {
		r.line(note, "buckets", "which there are could not be asked: "+err.Error(), "")
		return
	}
	store, err := bucket.New(bucket.Config{Endpoint: s.S3Endpoint, Buckets: s.Buckets, Agent: "codeoceanfs/" + s.Version})
	if err != nil {
		r.failed(mend, "buckets", err)
		return
	}
	defer store.Close()
	seen := make(map[string]bool)
	for _, a := range page.Assets {
		if !a.External() || seen[a.Source.Origin+" "+a.Source.Bucket] {
			continue
		}
		if len(seen) == maxBuckets {
			r.line(ok, "buckets", fmt.Sprintf("more than %d: the others were not tried", maxBuckets), "")
			break
		}
		seen[a.Source.Origin+" "+a.Source.Bucket] = true
		r.bucket(ctx, store, bucket.Location{Origin: a.Source.Origin, Bucket: a.Source.Bucket, Prefix: a.Source.Prefix})
	}
	if len(seen) == 0 {
		r.line(ok, "buckets", "no external asset is known", "")
	}
}

func (r *Report) bucket(ctx context.Context, store *bucket.Store, loc bucket.Location) {
	ctx, cancel := context.WithTimeout(ctx, bucketTime)
	defer cancel()
	err := store.List(ctx, loc, "", func(bucket.Entry) error { return errEnough })
	whose := "with no credentials, as none are needed or found"
	if source, err := store.Credentials(ctx, loc); err == nil {
		whose = "credentials, where they are needed: " + origin(source)
	}
	var e *fault.Error
	switch {
	case err == nil, errors.Is(err, errEnough):
		r.line(ok, "bucket", fmt.Sprintf("%s can be listed; %s", loc.Bucket, whose), "")
	case errors.As(err, &e) && e.Kind == fault.ErrRefused && e.Err != nil:
		// Assets that others have shared may be in buckets that are not for us.
		why, remedy, _ := strings.Cut(e.Err.Error(), ": ")
		r.line(note, "bucket", fmt.Sprintf("%s refuses to be listed: %s", loc.Bucket, why), remedy)
	case errors.Is(err, fault.ErrUnreachable), errors.Is(err, fault.ErrTimeout):
		r.line(note, "bucket", fmt.Sprintf("%s: %v", loc.Bucket, err),
			"if it is in a store of its own: name that with --s3-endpoint, or as its endpoint below buckets: in the configuration")
	default:
		r.line(note, "bucket", fmt.Sprintf("%s: %v", loc.Bucket, err), "")
	}
}

// origin says in words what the AWS SDK calls a source of credentials.
func origin(source string) string {
	if file, ok := strings.CutPrefix(source, "SharedConfigCredentials: "); ok {
		return "of " + file
	}
	switch source {
	case "EnvConfigCredentials":
		return "of the environment"
	case "EC2RoleProvider":
		return "of this instance's role"
	case "SSOProvider":
		return "of a sign-on"
	case "AssumeRoleProvider", "WebIdentityCredentials":
		return "of a role that is assumed"
	}
	return source
}
