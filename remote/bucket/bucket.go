// Package bucket reads external assets where they are: in S3, or in a store
// that speaks its protocol.
//
// A [Location] is what an asset's record says: origin, bucket and prefix. How
// to ask that bucket is not in the record, and is found out by the first
// request to it, once for all who wait for it:
//
//   - where: the configuration's endpoint, else AWS in the region that the
//     bucket itself names, else Google's store for assets of origin gcp;
//   - as whom: as nobody when the bucket allows it, else with the credentials
//     that every AWS tool would find. What is refused one way is tried the other
//     way once, and the way that worked is remembered.
//
// Keys are passed on as they are, byte for byte. A key need not be a file name:
// it may have empty, "." or ".." segments, end in a slash, or be a file and a
// folder at once. An [Entry] says which key it is, and names are the caller's.
//
// Bytes are of the version that was listed, or there are none: every answer's
// ETag, range and length is checked.
package bucket

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/transport"
)

// Rule is what the configuration says about one bucket. Its zero value says
// nothing.
type Rule struct {
	Profile   string // of the AWS configuration files; its credentials are used, and no others
	Region    string // asked first, and believed until the bucket says otherwise
	Endpoint  string // URL of the store, path style; "" is Config.Endpoint, or the origin's own
	Anonymous bool   // never use credentials
}

// Config says which stores there are and how to ask them.
type Config struct {
	// Endpoint is the URL of the store that holds every bucket without an
	// endpoint of its own, asked path style; "" is each origin's own store.
	Endpoint string
	// Buckets has a rule by bucket name for those that need one.
	Buckets map[string]Rule
	// MaxRequests is how many requests run at once; 0 is the transport's default.
	MaxRequests int
	// Agent is added to the User-Agent: "name/version".
	Agent string
	// Logger gets a line when it is decided how a bucket is asked. Nil is silence.
	Logger *slog.Logger
	// Timeouts bounds what a request may take.
	Timeouts transport.Timeouts
	// Transport replaces the connections, for tests; nil is the real ones.
	Transport http.RoundTripper
}

// Location is where an external asset lives, as its record says it.
type Location struct {
	Origin string // "gcp" is Google's store; all else is AWS
	Bucket string
	Prefix string // of a folder, with or without slashes around it, or the key of one object; "" is the whole bucket
}

// Object is one version of an object.
type Object struct {
	Key      string // the raw key in the bucket, prefix included
	Size     int64  // in bytes
	ETag     string // as the store gave it, usually in quotes
	Modified time.Time
}

// Entry is a file or a folder of an asset.
type Entry struct {
	// Name is the last segment of the path as it is in the key: it may be empty,
	// "." or "..", and hold any byte but a slash. An empty name is a folder's for
	// a key like "a//b"; a file's for data under a key that ends in a slash.
	Name string
	// Path leads here from the asset's root, in the key's own bytes; a folder's
	// ends in a slash. It is what [Store.List] and [Store.Stat] take.
	Path string
	Dir  bool
	// Object is the file. Of a folder only its Key is set.
	Object
}

// Store reads from buckets. It may be used by many goroutines at once.
type Store struct {
	cfg    Config
	log    *slog.Logger
	public http.RoundTripper // to hosts of the internet
	local  http.RoundTripper // to configured endpoints, on this machine too
	idle   []*http.Transport // closed by Close
	tracks []*transport.Tracker
	limits []*transport.Limiter
	breaks []*transport.Breaker

	data, meta transport.Retry
	spare      chan struct{} // a place for each request that may be made ahead of need

	life    context.Context // until Close
	end     context.CancelFunc
	strays  sync.WaitGroup     // requests that may outlive who asked
	flights singleflight.Group // of questions about a bucket, by bucket

	mu      sync.Mutex // guards what follows
	buckets map[string]*bucket
	chains  map[string]*chain // by profile
}

// sparePart of the requests at once is kept for those that somebody waits for,
// where others are made before anybody needs them.
const sparePart = 8

// Spare waits for a place among the requests that may be made before anybody
// needs them. The caller gives it back with release.
func (s *Store) Spare(ctx context.Context) (release func(), err error) {
	select {
	case s.spare <- struct{}{}:
		return func() { <-s.spare }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// New returns a Store. It asks nobody; the error is about the configuration.
func New(cfg Config) (*Store, error) {
	cfg.Timeouts = cfg.Timeouts.WithDefaults()
	s := &Store{
		cfg:     cfg,
		log:     cfg.Logger,
		data:    transport.Retry{Budget: cfg.Timeouts.Operation},
		meta:    transport.Retry{Budget: cfg.Timeouts.Metadata, Patience: transport.DownAfter},
		buckets: map[string]*bucket{},
		chains:  map[string]*chain{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	n := cfg.MaxRequests
	if n <= 0 {
		n = transport.DefaultMaxConns
	}
	s.spare = make(chan struct{}, max(1, n-max(1, n/sparePart)))
	layers := func(loopback bool) http.RoundTripper {
		rt := cfg.Transport
		if rt == nil {
			t := transport.New(transport.Options{MaxConns: n, AllowLoopback: loopback, Timeouts: cfg.Timeouts})
			s.idle = append(s.idle, t)
			rt = t
		}
		b := transport.Break(rt)
		l := transport.Limit(transport.Watch(b, cfg.Timeouts), n)
		t := transport.Track(l)
		s.breaks, s.limits, s.tracks = append(s.breaks, b), append(s.limits, l), append(s.tracks, t)
		return t
	}
	s.public, s.local = layers(false), layers(true)
	s.life, s.end = context.WithCancel(context.Background())
	return s, nil
}

// Throttled reports whether a bucket has asked for fewer requests lately.
func (s *Store) Throttled() bool {
	return slices.ContainsFunc(s.limits, (*transport.Limiter).Throttled)
}

// Close closes idle connections. Requests that somebody waits for are ended by
// that somebody's context.
func (s *Store) Close() {
	s.end()
	s.strays.Wait()
	for _, t := range s.idle {
		t.CloseIdleConnections()
	}
}

// Pending gives the requests that are under way. Their paths begin with the
// bucket's name.
func (s *Store) Pending() (all []transport.Pending) {
	for _, t := range s.tracks {
		all = append(all, t.Pending()...)
	}
	return all
}

// Outages are the stores that cannot be reached.
func (s *Store) Outages() (all []transport.Outage) {
	for _, b := range s.breaks {
		all = append(all, b.Outages()...)
	}
	return all
}

// bucket finds what is known about the bucket of loc.
func (s *Store) bucket(loc Location) (*bucket, error) {
	gcp := strings.EqualFold(loc.Origin, "gcp")
	id := loc.Bucket
	if gcp {
		id = "gcp:" + id // a colon is in no bucket's name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.buckets[id]; b != nil {
		return b, nil
	}
	b, err := s.newBucket(id, loc.Bucket, gcp)
	if err != nil {
		return nil, err
	}
	s.buckets[id] = b
	return b, nil
}

// chain gives the credentials of a profile; "" is the default ones. mu is held.
func (s *Store) chain(profile string) *chain {
	c := s.chains[profile]
	if c == nil {
		c = &chain{profile: profile}
		s.chains[profile] = c
	}
	return c
}

// once runs work for all who ask for the same at the same time. The work has a
// deadline of its own; ctx ends only the caller's wait.
func once[T any](ctx context.Context, g *singleflight.Group, key string, limit time.Duration, work func(context.Context) (T, error)) (T, error) {
	done := g.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
		defer cancel()
		return work(ctx)
	})
	var none T
	select {
	case r := <-done:
		v, ok := r.Val.(T)
		if !ok && r.Err == nil {
			return none, errors.New("no result")
		}
		return v, fault.Own(r.Err) // others got it too
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}
