package emulator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"codeoceanfs/remote/emulator/wire"
)

const (
	// Before Start there are no ports; requests handed to the handlers may
	// have these names.
	unboundAPI = "http://codeocean.localhost"
	unboundS3  = "http://s3.localhost"
	// headerTimeout and idleTimeout bound connections that ask for nothing.
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
)

// listening is the two listeners, once there are any.
type listening struct {
	mu      sync.Mutex
	api, s3 *listener // guarded by mu
	closed  bool      // guarded by mu
}

type listener struct {
	wire   *wire.Listener
	server *http.Server
	served chan struct{}
}

// Start listens and serves until Close.
func (s *Server) Start() error {
	s.listening.mu.Lock()
	defer s.listening.mu.Unlock()
	if s.listening.api != nil || s.listening.closed {
		return errors.New("emulator: started twice, or after close")
	}
	api, err := s.listen(s.cfg.Listen, s.api)
	if err != nil {
		return fmt.Errorf("emulator: %w", err)
	}
	s3, err := s.listen(s.cfg.S3Listen, s.s3)
	if err != nil {
		return errors.Join(fmt.Errorf("emulator: %w", err), api.close())
	}
	s.listening.api, s.listening.s3 = api, s3
	s.log.Info("emulator started", "api", api.url(), "s3", s3.url())
	return nil
}

func (s *Server) listen(addr string, h http.Handler) (*listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	tcp, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	l := &listener{
		wire: s.net.Listener(tcp),
		server: &http.Server{
			Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout,
			ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		},
		served: make(chan struct{}),
	}
	go func() {
		defer close(l.served)
		if err := l.server.Serve(l.wire); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("emulator stopped listening", "address", addr, "error", err)
		}
	}()
	return l, nil
}

func (l *listener) close() error {
	err := l.server.Close()
	<-l.served
	return err
}

// Close stops serving, ends what runs in the background, and frees the ports.
// Connections are cut.
func (s *Server) Close() error {
	s.jobs.stop()
	s.listening.mu.Lock()
	defer s.listening.mu.Unlock()
	s.listening.closed = true
	var errs []error
	for _, l := range []*listener{s.listening.api, s.listening.s3} {
		if l != nil {
			errs = append(errs, l.close())
		}
	}
	s.listening.api, s.listening.s3 = nil, nil
	return errors.Join(errs...)
}

// base is the URL of a listener, or a name where there is none.
func (s *Server) base(pick func(*listening) *listener, unbound string) string {
	s.listening.mu.Lock()
	defer s.listening.mu.Unlock()
	if l := pick(&s.listening); l != nil {
		return l.url()
	}
	return unbound
}

// url is where the listener is reached from this machine.
func (l *listener) url() string {
	addr := l.wire.Addr().(*net.TCPAddr)
	if addr.IP.IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", addr.Port)
	}
	return "http://" + addr.String()
}

// APIURL is the base of the API's side, "http://127.0.0.1:port": a
// deployment's domain. Before Start it is a name that only works for a caller
// which hands requests to [Server.API] itself.
func (s *Server) APIURL() string {
	return s.base(func(l *listening) *listener { return l.api }, unboundAPI)
}

// S3URL is the S3 endpoint; as APIURL.
func (s *Server) S3URL() string {
	return s.base(func(l *listening) *listener { return l.s3 }, unboundS3)
}

// API is the API's side as a handler, for callers without a socket: latency,
// faults and counters apply, rates do not.
func (s *Server) API() http.Handler { return s.api }

// S3 is the S3 side; as API.
func (s *Server) S3() http.Handler { return s.s3 }

// jobs is what runs in the background.
type jobs struct {
	ctx    context.Context // ends with the server
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu     sync.Mutex
	closed bool // guarded by mu
}

func (j *jobs) init() { j.ctx, j.cancel = context.WithCancel(context.Background()) }

// stop ends all jobs and waits for them.
func (j *jobs) stop() {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	j.cancel()
	j.group.Wait()
}

// after runs job when d has passed, unless the server closes first.
func (j *jobs) after(d time.Duration, job func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return
	}
	j.group.Go(func() {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			job()
		case <-j.ctx.Done():
		}
	})
}
