// Package remote is the platform: one deployment of Code Ocean, its assets and
// the bytes of their files, whatever they are stored in.
//
//	catalog   which assets there are, and under which names
//	api       the platform's own calls, and the files of internal assets
//	bucket    the files of external assets, in somebody's object store
//	names     what any of them is called in a directory
//	transport connections, limits, retries, stalled answers
//	fault     errors, with their kinds
//
// This package puts them together. It shows every asset as a tree of folders
// and files that can be listed and read in ranges ([Files]), and knows nothing
// of FUSE.
package remote

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/bucket"
	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/transport"
)

// Config says which deployment, and how to ask it. Open fills in the client and
// the identity of the catalog.
type Config struct {
	API     api.Config
	Buckets bucket.Config
	Catalog catalog.Config
}

// Deployment is one deployment as one user sees it.
type Deployment struct {
	API     *api.Client
	Catalog *catalog.Catalog
	Buckets *bucket.Store
	// Unchecked is why the deployment did not answer Open, which then has what is
	// on disk; nil if it did.
	Unchecked error

	user string // a hash that stands for deployment and token
}

// Open checks that the deployment answers and accepts the token, with one cheap
// call, and prepares the rest. Nothing is loaded before Catalog.Run. Where there
// is no way to the deployment, what is on disk of it will do, if there is any.
func Open(ctx context.Context, cfg Config) (*Deployment, error) {
	client, err := api.New(cfg.API)
	if err != nil {
		return nil, err
	}
	unchecked := client.Check(ctx)
	if unchecked != nil && fault.KindOf(unchecked) != fault.ErrUnreachable {
		return nil, unchecked
	}
	token, err := cfg.API.Token(ctx)
	if token == "" {
		return nil, errors.Join(unchecked, err)
	}
	buckets, err := bucket.New(cfg.Buckets)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(client.Host() + "\x00" + token))
	user := hex.EncodeToString(sum[:16])
	cfg.Catalog.API, cfg.Catalog.Identity = client, user
	known := catalog.New(cfg.Catalog)
	if unchecked != nil {
		if !known.OnDisk() {
			return nil, unchecked
		}
		if log := cfg.API.Logger; log != nil {
			log.Warn("mounting what is on disk; all else comes when the deployment answers", "error", unchecked)
		}
	}
	return &Deployment{
		API:       client,
		Catalog:   known,
		Buckets:   buckets,
		Unchecked: unchecked,
		user:      user,
	}, nil
}

// Close ends the connections.
func (d *Deployment) Close() {
	d.API.Close()
	d.Buckets.Close()
}

// Pending gives the requests that are under way, to the platform and to buckets.
func (d *Deployment) Pending() []transport.Pending {
	return append(d.API.Pending(), d.Buckets.Pending()...)
}

// Outages are the hosts that cannot be reached, each once, by name.
func (d *Deployment) Outages() []transport.Outage {
	all := append(d.API.Outages(), d.Buckets.Outages()...)
	slices.SortFunc(all, func(a, b transport.Outage) int { return cmp.Or(cmp.Compare(a.Host, b.Host), a.Since.Compare(b.Since)) })
	return slices.CompactFunc(all, func(a, b transport.Outage) bool { return a.Host == b.Host })
}

// Throttled reports whether any store of files has asked for fewer requests
// lately.
func (d *Deployment) Throttled() bool { return d.API.Throttled() || d.Buckets.Throttled() }

// Files is the data of an asset, as its record is now. All methods may be
// called from many goroutines at once. Paths are made by [Join].
type Files interface {
	// List reads the folder dir, whole or not at all. One of more than most
	// entries is ErrLong, for callers who do not need it that much; 0 is any.
	List(ctx context.Context, dir string, most int) (*Listing, error)
	// Below lists folders in dir, and all that are in those, from its folder from
	// on, as many as one request tells of, by path; or errors.ErrUnsupported. In
	// a bucket that saves a request for each, if they are small.
	Below(ctx context.Context, dir, from string) (map[string]*Listing, error)
	// Spare waits for a place among the requests that may be made before anybody
	// needs them, some fewer than there may be at once. The caller gives it back.
	Spare(ctx context.Context) (release func(), err error)
	// Find is the entry name of the folder dir, found without reading all of
	// it, or errors.ErrUnsupported where only List can tell. For immutable data
	// it takes more requests than List, and a miss has to be confirmed by List.
	Find(ctx context.Context, dir, name string) (Entry, error)
	// Allowed asks whether the data may be read now, which is a right that can
	// be taken away: nil, fault.ErrRefused, or an error that says nothing of it.
	Allowed(ctx context.Context) error
	// Object is the file e at path, for reading.
	Object(path string, e Entry) *Object
	// Immutable reports that nothing of this can ever change.
	Immutable() bool
	// Version is different for data of the asset that may be different: other
	// assets, and an asset whose files were moved.
	Version() string
}

// ErrLong is a folder of more entries than a caller wants.
var ErrLong = errors.New("a folder of very many entries")

// Files gives the data of an asset. It asks nobody.
func (d *Deployment) Files(a *api.Asset) Files {
	if a.External() {
		return &external{d: d, asset: a}
	}
	return &internal{d: d, asset: a}
}

// version is the part of [Files.Version] that all kinds share.
func (d *Deployment) version(kind string, a *api.Asset) string {
	return fmt.Sprintf("%s\x00%s\x00%s\x00%d", d.user, a.ID, kind, a.LastTransferred.Unix())
}
