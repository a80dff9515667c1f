// Package emulator is a Code Ocean on this machine: the data-asset API, its
// signed and expiring URLs, and an S3 endpoint, over a directory of assets.
//
// It is for the demo, for tests, and for people who develop without an
// account, and so it enforces what the platform enforces: tokens, paging,
// drafts, archive before delete, signatures. What the platform does not
// document is a switch of [Quirks].
//
// The data directory, every part of which is optional:
//
//	deployment.json                    tokens, metadata schema, S3 keys: see [Deployment]
//	assets/<folder>/asset.json         the asset: see [Asset]
//	assets/<folder>/files/…            its files, if it is an internal one
//	buckets/<bucket>/bucket.json       see [Bucket]
//	buckets/<bucket>/objects/<key>     its objects
//	computations/<id>/computation.json see [Computation]
//	computations/<id>/results/…        what a data asset can be made from
//
// Assets that are created through the API become new folders of assets, and
// folders that come, go or change are noticed by the next search.
//
// What it does not do: TLS, uploads to S3, ranges of several pieces, and the
// cost of opening a connection.
//
// It imports nothing of the rest of the program, and shares no type with the
// client: a wrong field name must not cancel itself out.
package emulator

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"codeoceanfs/remote/emulator/files"
	"codeoceanfs/remote/emulator/s3"
	"codeoceanfs/remote/emulator/wire"
)

const (
	// defaultDraftTime is long enough to be seen, and shorter than the SDK's
	// five seconds between two looks.
	defaultDraftTime = 3 * time.Second
	// defaultURLLifetime is what the platforms of this kind give.
	defaultURLLifetime = time.Hour
)

// Config says what to serve and how. The zero value serves an empty
// deployment, held in memory, on free ports of the loopback interface.
type Config struct {
	// Data is the data directory; it is made when missing. Empty means that
	// all is held in memory and gone with the Server.
	Data string
	// Listen and S3Listen are TCP addresses; empty means 127.0.0.1:0.
	Listen, S3Listen string
	// S3Name gives what signed URLs begin with, where the store is reached by
	// another URL than its own, through a proxy say; nil is its own.
	S3Name func() string
	// Latency is added before the first byte of every answer.
	Latency time.Duration
	// ConnRate and TotalRate bound what one connection, and all of them
	// together, carry to the client, in bytes a second; 0 is no bound.
	ConnRate, TotalRate int64
	// URLLifetime is how long a signed URL is good for, in whole seconds and
	// at least one; 0 means an hour.
	URLLifetime time.Duration
	// DraftTime is how long a created asset is a draft, and a transfer takes;
	// 0 means 3 s.
	DraftTime time.Duration
	// Quirks are the choices that the platform does not document.
	Quirks Quirks
	// Logger may be nil.
	Logger *slog.Logger
}

// Server is one deployment. All its methods may be called at any time from
// any goroutine.
type Server struct {
	cfg     Config
	log     *slog.Logger
	began   time.Time // what ready_after counts from
	net     wire.Net
	access  *access
	shelf   *shelf
	buckets buckets
	deploy  Deployment
	mux     *http.ServeMux
	api, s3 http.Handler
	settings
	throttle throttle

	runs      sync.Mutex
	computed  map[string]Computation // guarded by runs
	changes   sync.Mutex             // held while an asset changes and is saved: memory and disk agree
	scanned   time.Time              // guarded by changes
	listening listening
	jobs      jobs
}

// New reads the data directory, and makes it when it is missing.
func New(cfg Config) (*Server, error) {
	s := &Server{cfg: cfg, log: cfg.Logger, began: time.Now(), shelf: newShelf()}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.cfg.DraftTime == 0 {
		s.cfg.DraftTime = defaultDraftTime
	}
	s.settings.quirks = cfg.Quirks
	s.SetURLLifetime(cfg.URLLifetime)
	s.SetShape(Shape{Latency: cfg.Latency, ConnRate: cfg.ConnRate, TotalRate: cfg.TotalRate})
	s.computed = make(map[string]Computation)
	s.jobs.init()
	s.api = s.net.Handler(wire.Side{Route: s.routes(), Fail: fail}, http.HandlerFunc(s.serveAPI))
	s.s3 = s.net.Handler(wire.Side{Route: s3.Route, Fail: s3.Fail}, &s3.Endpoint{Store: store{s}})
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	return s, nil
}

func (s *Server) load() error {
	if s.cfg.Data != "" {
		if err := os.MkdirAll(filepath.Join(s.cfg.Data, "assets"), 0o755); err != nil {
			return err
		}
		if err := readJSON(filepath.Join(s.cfg.Data, "deployment.json"), &s.deploy); err != nil {
			return err
		}
		s.buckets.dir = filepath.Join(s.cfg.Data, "buckets")
	}
	s.access = newAccess(s.deploy)
	if err := s.buckets.loadAll(); err != nil {
		return err
	}
	if err := s.rescan(true); err != nil {
		return err
	}
	s.resume()
	return nil
}

// Shape and Fault describe trouble on the network, Count its traffic.
type (
	Shape = wire.Shape
	Fault = wire.Fault
	Count = wire.Count
)

// Generated describes files without storing them.
type Generated = files.Generated

// Pattern is the content of a generated file: name is "<asset id>/<path>" in
// an internal asset, "<bucket>/<key>" in a bucket, or the file's Seed if it
// has one.
func Pattern(name string) io.ReaderAt { return files.NewPattern(name) }
