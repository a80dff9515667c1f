package bucket

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"codeoceanfs/remote/fault"
)

// bucket is what is known about one bucket.
type bucket struct {
	store *Store
	id    string // of this bucket among all origins'
	name  string
	rule  Rule
	place place
	http  *http.Client
	chain *chain

	mu      sync.Mutex // guards what follows
	way     way        // the way that works; its region is "" until it is known
	why     error      // why there are no credentials; nil: there are, or nobody asked
	listed  bool       // the bucket has been listed
	read    bool       // an object of it has been read, or looked at
	clients map[way]*s3.Client
	roots   map[string]string // what a record calls prefix, to the prefix of keys
	singles map[string]string // what a record calls prefix, to the one key that it is
}

// way is a way to ask a bucket.
type way struct {
	region string
	signed bool
}

// defaultRegion is where a request goes when nothing says better. AWS answers
// there for every bucket, be it with the name of the right region.
const defaultRegion = "us-east-1"

// newBucket makes what is known before anybody was asked. The store's mu is held.
func (s *Store) newBucket(id, name string, gcp bool) (*bucket, error) {
	if err := checkBucket(name); err != nil {
		return nil, err
	}
	rule := s.cfg.Buckets[name]
	p, err := s.place(rule, gcp)
	if err != nil {
		return nil, err
	}
	return &bucket{
		store: s, id: id, name: name, rule: rule, place: p, http: p.client(), chain: s.chain(rule.Profile),
		clients: map[way]*s3.Client{}, roots: map[string]string{}, singles: map[string]string{},
	}, nil
}

// client gives the SDK's client for w.
func (b *bucket) client(w way) *s3.Client {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.clients[w]
	if c == nil {
		c = b.newClient(w)
		b.clients[w] = c
	}
	return c
}

// settled gives the way to ask the bucket, finding it out when it is not known.
func (b *bucket) settled(ctx context.Context) (way, error) {
	known := func() way {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.way
	}
	if w := known(); w.region != "" {
		return w, nil
	}
	return once(ctx, &b.store.flights, b.id, b.store.cfg.Timeouts.Metadata, func(ctx context.Context) (way, error) {
		if w := known(); w.region != "" {
			return w, nil // it came between our look and our turn
		}
		return b.find(ctx)
	})
}

// find asks the bucket, as nobody, whether it minds, and where it is: answers
// and refusals alike name its region. Nothing is asked that the configuration
// says, and credentials are looked for only when the bucket wants some.
func (b *bucket) find(ctx context.Context) (way, error) {
	w := way{region: b.firstRegion(ctx), signed: b.rule.Profile != ""}
	fixed := b.rule.Anonymous || b.rule.Profile != ""
	if fixed && (b.rule.Region != "" || b.place.endpoint != "") {
		b.keep(w)
		return w, nil
	}
	var failure error
	for range maxLessons {
		out, err := b.client(way{region: w.region}).HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.name})
		r := replyOf(err)
		if err == nil {
			r.region = aws.ToString(out.BucketRegion)
		}
		moved := regionName.MatchString(r.region) && r.region != w.region
		if moved {
			w.region = r.region
		}
		switch {
		case err == nil:
		case r.misdirected() && moved:
			failure = b.failed(ctx, opFind, "", way{}, err, r)
			continue
		case !r.refused() && !r.unsupported():
			return way{}, b.failed(ctx, opFind, "", way{}, err, r)
		}
		if err != nil && !fixed {
			w.signed = b.hasCredentials(ctx)
		}
		b.keep(w)
		return w, nil
	}
	return way{}, failure
}

// firstRegion is the best guess before the bucket was asked.
func (b *bucket) firstRegion(ctx context.Context) string {
	switch {
	case b.rule.Region != "":
		return b.rule.Region
	case b.place.gcp:
		return "auto"
	}
	if region := b.chain.region(ctx); regionName.MatchString(region) {
		return region
	}
	return defaultRegion
}

// keep remembers the way that worked.
func (b *bucket) keep(w way) {
	b.mu.Lock()
	news := b.way != w
	b.way = w
	b.mu.Unlock()
	if news {
		b.store.log.Debug("bucket", "name", b.name, "region", w.region, "signed", w.signed)
	}
}

// hasCredentials reports whether there are credentials to try, and remembers
// why not.
func (b *bucket) hasCredentials(ctx context.Context) bool {
	_, err := b.retrieve(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.why = err
	return err == nil
}

// googleKey is how the access keys of Google's store begin.
const googleKey = "GOOG"

// retrieve is the aws.CredentialsProvider of this bucket. Google gets keys of
// its own, or those that a rule names for it, and no others: temporary
// credentials of AWS carry a token that is as good as a password.
func (b *bucket) retrieve(ctx context.Context) (aws.Credentials, error) {
	creds, err := b.chain.Retrieve(ctx)
	if err == nil && b.place.gcp && b.rule.Profile == "" && !strings.HasPrefix(creds.AccessKeyID, googleKey) {
		creds, err = aws.Credentials{}, errNoCredentials
	}
	if err != nil && ctx.Err() == nil {
		err = &fault.Error{Op: "find credentials", Kind: fault.ErrRefused, Err: err}
	}
	return creds, err
}

// Credentials says where the credentials for the bucket of loc come from, or
// why there are none. Nothing is sent to the bucket.
func (s *Store) Credentials(ctx context.Context, loc Location) (source string, err error) {
	b, err := s.bucket(loc)
	if err != nil {
		return "", err
	}
	if b.rule.Anonymous {
		return "", errors.New("the configuration forbids to use any")
	}
	creds, err := b.retrieve(ctx)
	if err != nil {
		return "", cause(err)
	}
	return creds.Source, nil
}

// cause is why there are no credentials, for somebody who misses them.
func cause(why error) error {
	var e *fault.Error
	if errors.As(why, &e) {
		return cmp.Or(e.Err, why)
	}
	return why
}
