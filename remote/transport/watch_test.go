package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"codeoceanfs/remote/fault"
)

// flush writes s and sends it on its way.
func flush(w http.ResponseWriter, s string) {
	fmt.Fprint(w, s)
	_ = http.NewResponseController(w).Flush()
}

func TestWatch(t *testing.T) {
	const short = 50 * time.Millisecond
	gone := make(chan struct{})
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		status  int    // 0: no answer is to come
		body    string // before the error
	}{
		"no first byte": {handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		"silence in the body": {handler: func(w http.ResponseWriter, r *http.Request) {
			flush(w, "abc")
			<-r.Context().Done()
			gone <- struct{}{}
		}, status: 200, body: "abc"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.handler)
			rt := Watch(local(t), Timeouts{FirstByte: short, Stall: short})
			start := time.Now()
			resp, err := rt.RoundTrip(request(t, t.Context(), s.URL))
			var got []byte
			if c.status != 0 {
				if err != nil {
					t.Fatal(err)
				}
				got, err = io.ReadAll(resp.Body)
				<-gone // the server is told, before the body is closed
				resp.Body.Close()
			}
			if !errors.Is(err, fault.ErrTimeout) || !Retryable(err) || string(got) != c.body {
				t.Errorf("got %q, error %v", got, err)
			}
			if took := time.Since(start); took > (Timeouts{}).WithDefaults().Dial {
				t.Errorf("noticed after %v", took)
			}
		})
	}
}

func TestWatchLeavesTheCallersReasonAlone(t *testing.T) {
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	_, err := Watch(local(t), Timeouts{}).RoundTrip(request(t, ctx, s.URL))
	if !errors.Is(err, context.Canceled) || Retryable(err) {
		t.Errorf("error is %v", err)
	}
}

// body is a response body made of its parts, each after its pause.
type body struct {
	ctx   context.Context
	first int // bytes that come at once
	parts int
	size  int
	pause time.Duration
}

func (b *body) Read(p []byte) (int, error) {
	if b.parts == 0 {
		return 0, io.EOF
	}
	if n := min(len(p), b.first); n > 0 {
		b.first -= n
		return n, nil
	}
	b.parts--
	select {
	case <-time.After(b.pause):
		return min(len(p), b.size), nil
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}

func (b *body) Close() error { return nil }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Whether a body is slow or dead is a matter of its rate, and of the reader's
// own pauses never.
func TestWatchRate(t *testing.T) {
	for name, c := range map[string]struct {
		first        int
		part, parts  int
		pause, think time.Duration
		err          error
	}{
		"a byte every nine seconds":  {part: 1, parts: 100, pause: 9 * time.Second, err: fault.ErrTimeout},
		"fast, and then a drip":      {first: 64 << 20, part: 1, parts: 100, pause: 9 * time.Second, err: fault.ErrTimeout},
		"slow but above the minimum": {part: 18 << 10, parts: 100, pause: 9 * time.Second},
		"a reader that thinks":       {part: 1, parts: 100, pause: time.Millisecond, think: time.Minute},
		"one pause too long":         {part: 1 << 20, parts: 1, pause: 11 * time.Second, err: fault.ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := Watch(roundTrip(func(r *http.Request) (*http.Response, error) {
					b := &body{ctx: r.Context(), first: c.first, parts: c.parts, size: c.part, pause: c.pause}
					return &http.Response{StatusCode: 200, Body: b}, nil
				}), Timeouts{})
				resp, err := rt.RoundTrip(request(t, t.Context(), "http://x"))
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				buf, start := make([]byte, 32<<10), time.Now()
				for err == nil {
					time.Sleep(c.think)
					_, err = resp.Body.Read(buf)
				}
				if err != c.err && !(c.err == nil && err == io.EOF) && !errors.Is(err, c.err) {
					t.Errorf("error is %v", err)
				}
				if c.err != nil && time.Since(start) > 75*time.Second {
					t.Errorf("noticed after %v", time.Since(start))
				}
			})
		})
	}
}
