package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"codeoceanfs/remote/fault"
)

// wire is a network that can be unplugged.
type wire struct {
	cut    atomic.Bool
	answer func(*http.Request) string
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if w.cut.Load() {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	body := w.answer(req)
	return &http.Response{
		StatusCode: 200, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
		Header: http.Header{"Content-Type": {"application/json"}}, Request: req,
	}, nil
}

// A platform that is down costs whoever asks first some seconds, and those after
// it nothing; a read that needs a URL waits for it to come back.
func TestPlatformIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(*http.Request) string { return `{"url": "https://store.example.com/k?X-Amz-Expires=900"}` }}
		store := &wire{answer: func(*http.Request) string { return "x" }}
		c, err := New(Config{Domain: "co.example.com", Token: StaticToken(canary), Transport: w, Data: store})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		begin := time.Now()
		w.cut.Store(true)
		time.AfterFunc(30*time.Second, func() { w.cut.Store(false) })
		for range 100 {
			for _, call := range []func(context.Context) error{
				func(ctx context.Context) error { _, err := c.Get(ctx, "id"); return err },
				func(ctx context.Context) error { _, err := c.Search(ctx, Query{}, ""); return err },
				func(ctx context.Context) error { return c.ListFiles(ctx, "id", "", nil) },
				func(ctx context.Context) error { _, err := c.Create(ctx, CreateRequest{}); return err },
			} {
				err := call(t.Context())
				if !errors.Is(err, fault.ErrUnreachable) || !strings.Contains(err.Error(), `"co.example.com"`) {
					t.Fatalf("error is %v", err)
				}
			}
		}
		if took := time.Since(begin); took > 16*time.Second {
			t.Errorf("400 calls took %v", took)
		}
		body, err := c.OpenRange(t.Context(), "id", "file", 1, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		got, err := io.ReadAll(body)
		if took := time.Since(begin); string(got) != "x" || took > 37*time.Second {
			t.Errorf("read %q after %v: %v", got, took, err)
		}
	})
}
