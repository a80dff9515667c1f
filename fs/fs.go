// Package fs is the mount: the tree of a deployment's assets, spoken in FUSE.
//
//	MOUNT/
//	  dataset/ result/ combined/ model/   one directory a type      (types.go)
//	    <asset>/                          an asset's directory      (asset.go)
//	      .meta.json                      its record                (text.go)
//	      …                               folders and files         (folder.go, file.go)
//	      <mount>/                        what a combined one holds (combined.go, member.go)
//	  control/                            this mount, for its owner (control.go)
//	  .by-id/<id>/                        any asset, by its id      (byid.go)
//	  .archived/<type>/<asset>/           archived assets           (types.go)
//	  .search/<query>/                    links to what it finds    (search.go)
//	  .archived/.search/<query>/          the same among archived assets
//
// # State
//
// go-fuse keeps the tree of nodes, and drops a node when the kernel forgets it.
// A node therefore holds only what it is: an asset's id and a path. What is
// known about assets, folders and bytes is in one place each: the catalog, the
// table of listings, and the cache. Nodes ask there for every request, so an
// asset that turns from draft to ready has its files at the next look.
//
// # What the kernel keeps
//
// A ready internal asset can never change. Names, attributes, misses and pages
// inside it are given to the kernel for as long as it likes. Asset names and
// records can change at any time; they are given for the refresh interval, and
// taken back when the catalog learns of a change. A file that can change, one
// in somebody's bucket, is a node of its own for each version.
//
// # Waiting
//
// Every request has a deadline of ours, and ends early only when the program
// that made it is being killed (see call). No lock is held while anything is
// fetched, and what is fetched is fetched once, for all who wait for it.
package fs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"codeoceanfs/cache"
	"codeoceanfs/control"
	"codeoceanfs/control/run"
	"codeoceanfs/fs/mountpoint"
	"codeoceanfs/remote"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/fault"
)

// Config says what to mount and how. All of it is needed, but for what ReadOnly
// excludes.
type Config struct {
	Version    string // of the program, for status.json
	Types      []api.Type
	Refresh    time.Duration // how long what can change is taken as it was
	AllowOther bool
	ReadOnly   bool // mount read-only, the control directory included
	UID, GID   uint32
	Umask      uint32
	Read       time.Duration // the longest that a read may take; 0 is a minute
	Lookup     time.Duration // the longest for an attribute; 0 is half of one
	Listings   int64         // memory for directory listings, in bytes
	Changes    *Notifier     // that the catalog reports to
	Requests   *run.Runner   // that changes assets; nil with ReadOnly
	Metrics    *control.Metrics
	Logger     *slog.Logger
}

// What is asked of the kernel.
const (
	// maxRequest is the largest read: the kernel's limit without a change to
	// the whole machine. It makes a stream 1.6 times as fast as 128 KiB does.
	maxRequest = 1 << 20
	// readAhead is what the kernel reads ahead of a program, where we may set
	// it. Two requests: one on its way while the other is read.
	readAhead = 2 * maxRequest
	// maxBackground is how many reads may wait at once in the whole mount. At
	// go-fuse's default of 12, twelve reads of a stalled file stop all others.
	maxBackground = 256
)

// Server is a mount that is being served.
type Server struct {
	point  string
	device mountpoint.Device
	fuse   *fuse.Server
	tree   *tree
	stop   context.CancelFunc
	spare  *mountpoint.Reserve // for Unmount
}

// Mount mounts a deployment at the directory point, which mountpoint.Prepare
// has looked at, and serves it until it is unmounted. The caller runs the
// catalog, and closes deployment and cache after Wait, or when it ends the
// process.
func Mount(ctx context.Context, point string, dep *remote.Deployment, blocks *cache.Cache, cfg Config) (*Server, error) {
	cfg.Read, cfg.Lookup = cmp.Or(cfg.Read, readBudget), cmp.Or(cfg.Lookup, lookupBudget)
	ctx, stop := context.WithCancel(ctx)
	t := &tree{
		cfg: cfg, dep: dep, cache: blocks,
		faults: new(control.Faults), started: time.Now(),
		listings: cache.NewTable(ctx, cfg.Listings, listBudget, (*remote.Listing).Cost),
		ahead:    newAhead(),
		searches: cache.NewTable(ctx, searchesKept, listBudget, func(hits []hit) int64 { return int64(len(hits)) + 1 }),
	}
	cfg.Metrics.Of(t.status)
	r := &root{fixedDir{node{t: t}, 0o777}}
	var server *fuse.Server
	var err error
	mountpoint.WithTrustedPath(func() { server, err = fusefs.Mount(point, r, t.options()) })
	if err != nil {
		stop()
		if os.Geteuid() != 0 {
			err = fmt.Errorf("%w: what fusermount3 said about it is on standard error, or in the log", err)
		}
		return nil, fmt.Errorf("mount at %s: %w", point, err)
	}
	device, err := mountpoint.DeviceAt(point)
	if err != nil {
		stop()
		return nil, errors.Join(err, server.Unmount())
	}
	if err := device.SetReadAhead(readAhead); err != nil {
		cfg.Logger.Info("the kernel's read-ahead stays at its default; streams are slower than they could be", "reason", err)
	}
	cfg.Changes.serve(ctx, r)
	go t.watchFlights(ctx)
	go t.ahead.run(ctx, t)
	return &Server{point: point, device: device, fuse: server, tree: t, stop: stop, spare: mountpoint.NewReserve()}, nil
}

// searchesKept is how many results of searches are remembered: some 100 bytes
// each.
const searchesKept = 200_000

func (t *tree) options() *fusefs.Options {
	o := &fusefs.Options{
		MountOptions: fuse.MountOptions{
			Name:          mountpoint.Type,
			FsName:        t.dep.API.Host(),
			AllowOther:    t.cfg.AllowOther,
			MaxWrite:      maxRequest,
			MaxBackground: maxBackground,
			// Splicing wants a pipe larger than a request of 1 MiB, which
			// the kernel does not give: each read would try and fail.
			DisableSplice:    true,
			DirectMount:      os.Geteuid() == 0,
			DirectMountFlags: mountpoint.Flags(t.cfg.ReadOnly),
			PanicHandler:     t.panicked,
			// The kernel checks permissions by what we say they are.
			Options: []string{"default_permissions"},
			Logger:  slog.NewLogLogger(t.cfg.Logger.Handler(), slog.LevelDebug),
		},
		NegativeTimeout: ptr(forever),
		RootStableAttr:  ptr(identity(0, "", "/", "")),
		NullPermissions: true,
	}
	if t.cfg.ReadOnly {
		o.Options = append(o.Options, "ro")
	}
	return o
}

// panicked keeps a mistake of ours to the request that met it.
func (t *tree) panicked(what any) fuse.Status {
	stack := strings.TrimSpace(string(debug.Stack()))
	t.cfg.Logger.Error("panic in a request: please report this", "panic", fault.Redact(fmt.Sprint(what)), "stack", stack)
	return fuse.EIO
}

// Wait returns when the mount is gone, by Unmount or by anybody else.
func (s *Server) Wait() {
	s.fuse.Wait()
	s.stop()
}

// Unmount takes the mount away, and does not wait for it to be gone: in another
// mount namespace it may stay for as long as that does. Programs that still use
// it do not stop it; it disappears from the tree at once, and what they have open
// fails from the end of this process on.
func (s *Server) Unmount() error {
	return s.spare.Spend(func() error { return mountpoint.Remove(s.point, s.device) })
}

func ptr[T any](v T) *T { return &v }
