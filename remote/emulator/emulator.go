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
// It imports nothing of the rest of the program, and shares no type with the
// client: a wrong field name must not cancel itself out.
package emulator

import (
	"io"
	"log/slog"
	"net/http"
	"time"

	"codeoceanfs/remote/emulator/files"
	"codeoceanfs/remote/emulator/wire"
)

// Config says what to serve and how. The zero value serves an empty
// deployment, held in memory, on free ports of the loopback interface.
type Config struct {
	// Data is the data directory; it is made when missing. Empty means that
	// all is held in memory and gone with the Server.
	Data string
	// Listen and S3Listen are TCP addresses; empty means 127.0.0.1:0.
	Listen, S3Listen string
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
type Server struct{}

// New reads the data directory.
func New(cfg Config) (*Server, error) { panic("being written") }

// Start listens and serves until Close.
func (s *Server) Start() error { panic("being written") }

// Close stops serving, waits for what runs in the background, and frees the
// ports. Connections are cut.
func (s *Server) Close() error { panic("being written") }

// APIURL is the base of the API's side, "http://127.0.0.1:port": a
// deployment's domain. Before Start it is a name that only works for a caller
// which hands requests to [Server.API] itself.
func (s *Server) APIURL() string { panic("being written") }

// S3URL is the S3 endpoint; as APIURL.
func (s *Server) S3URL() string { panic("being written") }

// API is the API's side as a handler, for callers without a socket: latency,
// faults and counters apply, rates do not.
func (s *Server) API() http.Handler { panic("being written") }

// S3 is the S3 side; as API.
func (s *Server) S3() http.Handler { panic("being written") }

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
