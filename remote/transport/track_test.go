package transport

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestTrack follows requests from the wait for their turn to the last byte.
func TestTrack(t *testing.T) {
	t.Parallel()
	answer, more := make(chan bool), make(chan bool)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-answer
		fmt.Fprint(w, "12345")
		w.(http.Flusher).Flush()
		<-more
		fmt.Fprint(w, "6")
	}))
	defer srv.Close()
	rt := New(Options{AllowLoopback: true})
	defer rt.CloseIdleConnections()
	tr := Track(Limit(rt, 1))
	bodies := make(chan io.ReadCloser, 2)
	for _, path := range []string{"one", "two"} {
		go func() {
			ctx := About(context.Background(), "read range", "id", path)
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/x?X-Amz-Signature=secret", nil)
			resp, err := tr.RoundTrip(req)
			if err != nil {
				t.Error(err)
				bodies <- io.NopCloser(strings.NewReader(""))
				return
			}
			bodies <- resp.Body
		}()
		until(t, func() bool { return len(tr.Pending()) >= 1 && tr.Pending()[0].Phase == asked })
	}
	until(t, func() bool { return phases(tr) == "an answer, its turn" })
	for _, p := range tr.Pending() {
		if p.Op != "read range" || p.Asset != "id" || p.Since.IsZero() || !strings.HasPrefix(p.Host, "127.0.0.1:") || strings.Contains(fmt.Sprint(p), "secret") {
			t.Errorf("%+v", p)
		}
	}
	answer <- true
	body := <-bodies
	if _, err := io.ReadFull(body, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if p := tr.Pending()[0]; p.Phase != flowing || p.Bytes != 5 {
		t.Errorf("%+v", p)
	}
	more <- true
	io.Copy(io.Discard, body)
	body.Close()
	answer <- true
	more <- true
	body = <-bodies
	io.Copy(io.Discard, body)
	body.Close()
	if all := tr.Pending(); len(all) > 0 {
		t.Errorf("not forgotten: %+v", all)
	}
	req, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://127.0.0.1:1/", nil)
	if _, err := tr.RoundTrip(req); err == nil || len(tr.Pending()) > 0 {
		t.Errorf("a failure is not forgotten: %v", err)
	}
}

func phases(tr *Tracker) string {
	var all []string
	for _, p := range tr.Pending() {
		all = append(all, p.Phase)
	}
	return strings.Join(all, ", ")
}

func until(t *testing.T, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not in time")
		}
	}
}
