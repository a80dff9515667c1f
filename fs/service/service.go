// Package service is the life of one mount: it puts deployment, cache and tree
// together from settings, serves until somebody unmounts or stops the program,
// and leaves nothing behind.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"codeoceanfs/cache"
	"codeoceanfs/control"
	"codeoceanfs/fs"
	"codeoceanfs/fs/mountpoint"
	"codeoceanfs/remote"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/bucket"
	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/transport"
)

// Settings are what a user can choose. Sizes are in bytes.
type Settings struct {
	Point          string // the directory to mount at
	Domain         string // empty: from the environment (Getenv) or the user's files
	TokenFile      string // likewise
	S3Endpoint     string
	Buckets        map[string]bucket.Rule
	CacheDir       string
	StateDir       string // where requests to change assets are remembered
	LogFile        string // empty: standard error
	CacheSize      int64
	MemoryLimit    int64
	AllowOther     bool
	ReadOnly       bool
	AllowDelete    bool
	AllowTransfer  bool
	UID, GID       uint32
	Umask          uint32
	Types          []string // empty: all
	Query          string
	Refresh        time.Duration
	MaxAPIRequests int
	MaxS3Requests  int
	Timeouts       transport.Timeouts // zero: their defaults
	MetricsAddr    string             // where Prometheus may ask, on this machine; empty: nowhere
	Version        string
	Getenv         func(string) string // os.Getenv
	demoData       string
	Logger         *slog.Logger
	Warn           func(text string) // tells who mounts what is in the log too; nil tells nobody
}

// minMemory is the least that a mount works well with: room for a stream of
// every core, the records of 100,000 assets, and the program itself.
const minMemory = 64 << 20

// How a memory limit is divided: a half is for blocks of files, which are not in
// Go's heap. The heap gets three quarters, since both are seldom full at once
// and a heap at its limit costs more in collecting than it saves; an eighth of
// the limit is for directory listings, and the rest of the heap for records,
// nodes and waiting requests.
const (
	blocksShare   = 2
	listingsShare = 8
)

func heapShare(limit int64) int64 { return limit / 4 * 3 }

// stallGrace is what the cache waits for a download beyond the time that it gives
// itself, so that it can say what it failed of.
const stallGrace = 5 * time.Second

// unmountTime is how long programs that still use the mount have to finish what
// they are reading when this program is stopped. Then they lose it: the mount is
// out of the tree, and whoever stopped us waits.
const unmountTime = 3 * time.Second

// allTypes are the directories of a mount without a choice of types.
var allTypes = []api.Type{api.Dataset, api.Result, api.Combined, api.Model}

// Check looks for what could never work, before anything is asked or made.
func (s *Settings) Check() error {
	if s.Point == "" {
		return errors.New("the mount point is empty: name a directory")
	}
	if s.CacheDir == "" {
		return errors.New("no place for the cache and the log: name one with --cache-dir, or set HOME")
	}
	if s.MemoryLimit < minMemory {
		return fmt.Errorf("--memory-limit %d bytes is too little: at least %d MiB", s.MemoryLimit, minMemory>>20)
	}
	for _, t := range s.Types {
		if !slices.Contains(allTypes, api.Type(t)) {
			return fmt.Errorf("--type %q is none of dataset, result, combined, model", t)
		}
	}
	if s.Refresh < time.Second {
		return fmt.Errorf("--refresh-interval %s is too short: at least 1s", s.Refresh)
	}
	if s.StateDir == "" && !s.ReadOnly {
		return errors.New("no place to remember requests to change assets: name one with --state-dir, set HOME, or mount with --read-only")
	}
	for _, dir := range []string{s.CacheDir, s.StateDir} {
		if dir == "" {
			continue
		}
		if err := CheckPlace(dir); err != nil {
			return err
		}
	}
	if s.MetricsAddr != "" {
		if err := checkLoopback(s.MetricsAddr); err != nil {
			return err
		}
	}
	// To read a file of the cache we would have to read a file of the mount.
	for name, path := range map[string]string{"--cache-dir": s.CacheDir, "--state-dir": s.StateDir, "--log-file": s.LogFile} {
		if path != "" && mountpoint.Inside(path, mountpoint.Resolve(s.Point)) {
			return fmt.Errorf("%s %s is inside the mount point: choose another place", name, path)
		}
	}
	return nil
}

// Mount mounts and serves until the mount is gone or ctx ends, and then
// unmounts. It calls ready once the mount answers. The settings have passed
// Check.
func Mount(ctx context.Context, s *Settings, ready func(text string)) error {
	harden()
	if s.AllowOther {
		if err := mountpoint.CheckAllowOther(); err != nil {
			return err
		}
		s.Logger.Warn("other users of this machine read the data with your token; --umask 077 keeps them out")
	}
	// From the beginning: what it does by itself is to end the program.
	dump := make(chan os.Signal, 1)
	signal.Notify(dump, syscall.SIGUSR1)
	defer signal.Stop(dump)
	at, err := mountpoint.Prepare(s.Point)
	if err != nil {
		return err
	}
	defer at.Release()
	point := at.Path
	limitHeap(heapShare(s.MemoryLimit))

	changes := new(fs.Notifier)
	dep, err := s.open(ctx, changes)
	if err != nil {
		return err
	}
	defer dep.Close()
	if dep.Unchecked != nil && s.Warn != nil {
		s.Warn("what is on disk is mounted, and all else comes when the deployment answers: " + Explain(dep.Unchecked).Error())
	}
	blocks, err := cache.New(cache.Config{
		Memory: s.MemoryLimit / blocksShare, Dir: s.dataDir(), DiskSize: s.CacheSize,
		MaxFetches: s.MaxS3Requests, Stall: s.Timeouts.Operation + stallGrace, Throttled: dep.Throttled, Logger: s.Logger,
	})
	if err != nil {
		return fmt.Errorf("prepare the cache: %w: --cache-dir names another place", err)
	}
	defer blocks.Close()

	// The catalog ends with the mount, not with ctx: requests are answered
	// until the mount is gone.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	defer background.Wait()
	defer stop()
	background.Go(func() {
		if err := dep.Catalog.Run(running); err != nil && running.Err() == nil {
			s.Logger.Error("the catalog is no longer kept up to date", "error", err)
		}
	})

	requests, end, err := s.requests(dep)
	if err != nil {
		return err
	}
	defer end()

	metrics := control.NewMetrics()
	if s.MetricsAddr != "" {
		end, err := serveMetrics(s.MetricsAddr, metrics, s.Logger)
		if err != nil {
			return err
		}
		defer end()
	}
	server, err := fs.Mount(running, point, dep, blocks, fs.Config{
		Version: s.Version, Types: s.types(), Refresh: s.Refresh,
		Read: s.Timeouts.Operation, Lookup: s.Timeouts.Metadata,
		AllowOther: s.AllowOther, ReadOnly: s.ReadOnly,
		UID: s.UID, GID: s.GID, Umask: s.Umask,
		Listings: s.MemoryLimit / listingsShare, Changes: changes, Requests: requests, Metrics: metrics, Logger: s.Logger,
	})
	if err != nil {
		return err
	}
	at.Release()
	s.Logger.Info("mounted", "domain", dep.API.Host(), "at", point)
	ready(fmt.Sprintf("%s is mounted on %s", dep.API.Host(), point))
	return s.serve(ctx, server, dump)
}

// serve returns when the mount is gone. When ctx ends first, it takes it away.
func (s *Settings) serve(ctx context.Context, server *fs.Server, dump <-chan os.Signal) error {
	gone := make(chan struct{})
	go func() {
		server.Wait()
		close(gone)
	}()
	for mounted := true; mounted; {
		select {
		case <-gone:
			s.Logger.Info("unmounted")
			return nil
		case <-dump:
			server.Dump()
		case <-ctx.Done():
			mounted = false
		}
	}
	if err := server.Unmount(); err != nil {
		return err
	}
	select {
	case <-gone:
		s.Logger.Info("unmounted")
	case <-time.After(unmountTime):
		s.Logger.Warn("unmounted, with requests of programs still under way")
	}
	return nil
}

// open finds the deployment and its token, and asks whether they go together.
func (s *Settings) open(ctx context.Context, changes *fs.Notifier) (*remote.Deployment, error) {
	home, _ := os.UserHomeDir() // without one there is no file of the user's to look at
	domain, token, err := api.Credentials(s.Getenv, home, s.TokenFile, s.Domain)
	if err != nil {
		return nil, err
	}
	forgetVariables(api.TokenVariables(s.Getenv))
	agent := "codeoceanfs/" + s.Version
	return remote.Open(ctx, remote.Config{
		API: api.Config{
			Domain: domain, Token: token, MaxRequests: s.MaxAPIRequests, MaxDownloads: s.MaxS3Requests,
			Timeouts: s.Timeouts, Logger: s.Logger, Agent: agent,
		},
		Buckets: bucket.Config{
			Endpoint: s.S3Endpoint, Buckets: s.Buckets, MaxRequests: s.MaxS3Requests,
			Timeouts: s.Timeouts, Logger: s.Logger, Agent: agent,
		},
		Catalog: catalog.Config{
			Types: s.typesOrNil(), Query: s.Query, Refresh: s.Refresh,
			Dir: s.subdir("catalog"), Logger: s.Logger, OnChange: changes.Changed,
		},
	})
}

func (s *Settings) types() []api.Type {
	if types := s.typesOrNil(); types != nil {
		return types
	}
	return allTypes
}

func (s *Settings) typesOrNil() []api.Type {
	var types []api.Type
	for _, t := range allTypes { // in this order, each once
		if slices.Contains(s.Types, string(t)) {
			types = append(types, t)
		}
	}
	return types
}

// dataDir is where blocks are kept; a cache size of 0 keeps none.
func (s *Settings) dataDir() string {
	if s.CacheSize == 0 {
		return ""
	}
	return DataDir(s.CacheDir)
}

// DataDir is where in a cache directory blocks are kept; "" is nowhere.
func DataDir(cacheDir string) string {
	if cacheDir == "" {
		return ""
	}
	return filepath.Join(cacheDir, "blocks")
}

func (s *Settings) subdir(name string) string {
	if s.CacheDir == "" {
		return ""
	}
	return filepath.Join(s.CacheDir, name)
}

// limitHeap keeps the heap to its limit.
func limitHeap(heap int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heap)
	}
}

// Explain adds to an error what a user can do about it, where that is known.
func Explain(err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("stopped before the mount was ready")
	}
	return errors.New(strings.TrimSpace(strings.ReplaceAll(err.Error(), "\n", " ")))
}
