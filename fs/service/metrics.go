package service

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"codeoceanfs/control"
)

// checkLoopback refuses an address that others than this machine could ask:
// there is no password on what is served.
func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--metrics-addr %q is no address, as 127.0.0.1:9470", address)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.Unmap().IsLoopback()) {
		return fmt.Errorf("--metrics-addr %q would be open to other machines: give an address of this one, as 127.0.0.1:9470", address)
	}
	return nil
}

// serveMetrics answers Prometheus until the function that it returns is called.
func serveMetrics(address string, m *control.Metrics, log *slog.Logger) (end func(), err error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("--metrics-addr %s: another program listens there: name another port", address)
	}
	if err != nil {
		return nil, fmt.Errorf("--metrics-addr %s: %w", address, err)
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() { // what localhost is, the machine's configuration says
		l.Close()
		return nil, fmt.Errorf("--metrics-addr %s is not an address of this machine alone", address)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	server := &http.Server{
		Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics are no longer served", "error", err)
		}
	}()
	log.Info("metrics are served", "at", "http://"+l.Addr().String()+"/metrics")
	return func() { server.Close() }, nil
}
