package wire_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"codeoceanfs/remote/emulator/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var body = bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB

// serve starts a server whose every answer is body, or what an own handler
// writes.
func serve(t *testing.T, n *wire.Net, h http.HandlerFunc) (url string, client *http.Client, l *wire.Listener) {
	t.Helper()
	if h == nil {
		h = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = io.Copy(w, bytes.NewReader(body))
		}
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l = n.Listener(tcp)
	side := wire.Side{
		Route: func(*http.Request) string { return "route" },
		Fail: func(w http.ResponseWriter, _ *http.Request, status int) {
			http.Error(w, "own words", status)
		},
	}
	server := &http.Server{Handler: n.Handler(side, h)}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	// Enough idle connections for every test: one more is closed, some time.
	client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		_ = server.Close()
		<-done
	})
	return "http://" + tcp.Addr().String(), client, l
}

// get reads an answer to its end, or its error.
func get(t *testing.T, c *http.Client, url string) (resp *http.Response, got []byte, err error) {
	t.Helper()
	resp, err = c.Get(url)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	got, err = io.ReadAll(resp.Body)
	return resp, got, err
}

func TestRatesHold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, body, 0o644); err != nil {
		t.Fatal(err)
	}
	sendFile := func(w http.ResponseWriter, _ *http.Request) {
		f, err := os.Open(file)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = io.CopyN(w, f, int64(len(body)))
	}
	for name, tt := range map[string]struct {
		shape   wire.Shape
		handler http.HandlerFunc
		atLeast time.Duration
	}{
		"connection":        {wire.Shape{ConnRate: 10 << 20}, nil, 100 * time.Millisecond},
		"connection, file":  {wire.Shape{ConnRate: 10 << 20}, sendFile, 100 * time.Millisecond},
		"total":             {wire.Shape{ConnRate: 1 << 30, TotalRate: 10 << 20}, sendFile, 100 * time.Millisecond},
		"latency":           {wire.Shape{Latency: 50 * time.Millisecond}, nil, 50 * time.Millisecond},
		"small, after idle": {wire.Shape{ConnRate: 1 << 20}, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body[:100<<10]) }, 97 * time.Millisecond},
		"none":              {wire.Shape{}, sendFile, 0},
	} {
		t.Run(name, func(t *testing.T) {
			n := &wire.Net{}
			url, client, _ := serve(t, n, tt.handler)
			_, _, err := get(t, client, url) // the connection
			if err != nil {
				t.Fatal(err)
			}
			n.SetShape(tt.shape)
			began := time.Now()
			_, got, err := get(t, client, url)
			took := time.Since(began)
			if err != nil || !bytes.Equal(got, body[:len(got)]) {
				t.Fatal("other bytes", err)
			}
			if took < tt.atLeast || took > tt.atLeast+time.Second {
				t.Errorf("took %v, want about %v", took, tt.atLeast)
			}
		})
	}
}

func TestARateSetMeanwhileHoldsForOpenConnections(t *testing.T) {
	n := &wire.Net{}
	n.SetShape(wire.Shape{ConnRate: 1})
	url, client, _ := serve(t, n, nil)
	done := make(chan error, 1)
	go func() {
		_, _, err := get(t, client, url)
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatal("not slow:", err)
	case <-time.After(20 * time.Millisecond):
	}
	// One byte a second: closing must not wait for it. The cleanup checks.
}

func TestCounts(t *testing.T) {
	n := &wire.Net{}
	release := make(chan struct{})
	url, client, l := serve(t, n, func(w http.ResponseWriter, _ *http.Request) {
		<-release
		_, _ = w.Write(body[:10])
	})
	errs := make(chan error)
	for range 3 {
		go func() {
			_, _, err := get(t, client, url)
			errs <- err
		}()
	}
	for n.Counts()["route"].Peak < 3 {
		time.Sleep(time.Millisecond)
	}
	close(release)
	for range 3 {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	if got, want := n.Counts()["route"], (wire.Count{Requests: 3, Bytes: 30, Peak: 3}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, _, err := get(t, client, url); err != nil {
		t.Fatal(err)
	}
	if got, want := n.Counts()["route"], (wire.Count{Requests: 4, Bytes: 40, Peak: 3}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if accepted, open := l.Conns(); accepted != 3 || open != 3 {
		t.Errorf("%d connections accepted, %d open", accepted, open)
	}
	n.ResetCounts()
	if got := n.Counts()["route"].Bytes; got != 0 {
		t.Errorf("%d bytes after a reset", got)
	}
}

func TestFaults(t *testing.T) {
	whole := func(t *testing.T, resp *http.Response, got []byte, err error) {
		if err != nil || resp.StatusCode != http.StatusOK || !bytes.Equal(got, body) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
	for name, tt := range map[string]struct {
		fault wire.Fault
		check func(t *testing.T, resp *http.Response, got []byte, err error)
	}{
		"other route": {wire.Fault{Route: "other", Status: 500}, whole},
		"other path":  {wire.Fault{Path: "/no", Status: 500}, whole},
		"no match":    {wire.Fault{Match: func(*http.Request) bool { return false }, Status: 500}, whole},
		"skipped":     {wire.Fault{Skip: 1, Status: 500}, whole},
		"status": {wire.Fault{Status: 503, Header: http.Header{"Retry-After": {"7"}}}, func(t *testing.T, resp *http.Response, got []byte, err error) {
			if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "7" || string(got) != "own words\n" {
				t.Errorf("%d %v %q", resp.StatusCode, resp.Header, got)
			}
		}},
		"body": {wire.Fault{Path: "/x", Status: 200, Body: "<html>"}, func(t *testing.T, resp *http.Response, got []byte, err error) {
			if resp.StatusCode != 200 || string(got) != "<html>" {
				t.Errorf("%d %q", resp.StatusCode, got)
			}
		}},
		"no reply": {wire.Fault{DropReply: true}, func(t *testing.T, resp *http.Response, got []byte, err error) {
			if resp != nil || !errors.Is(err, io.EOF) {
				t.Errorf("%v, %v", resp, err)
			}
		}},
		"cut": {wire.Fault{CutAfter: 5000}, func(t *testing.T, resp *http.Response, got []byte, err error) {
			if !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.Equal(got, body[:5000]) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		}},
		"cut before the first": {wire.Fault{CutAfter: -1}, func(t *testing.T, resp *http.Response, got []byte, err error) {
			if !errors.Is(err, io.ErrUnexpectedEOF) || len(got) > 0 {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		}},
		"reset": {wire.Fault{CutAfter: 5000, Reset: true}, func(t *testing.T, resp *http.Response, got []byte, err error) {
			if err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		}},
		"unnoticed cut": {wire.Fault{CutAfter: 5000, NoLength: true}, func(t *testing.T, resp *http.Response, got []byte, err error) {
			if err != nil || resp.ContentLength != -1 || !bytes.Equal(got, body[:5000]) {
				t.Errorf("%d bytes of %d, %v", len(got), resp.ContentLength, err)
			}
		}},
		"more than asked for": {wire.Fault{Extra: 10}, func(t *testing.T, resp *http.Response, got []byte, err error) {
			if err != nil || !bytes.Equal(got, append(bytes.Clone(body), make([]byte, 10)...)) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		}},
		"flip": {wire.Fault{Flip: 70000}, func(t *testing.T, resp *http.Response, got []byte, err error) {
			want := bytes.Clone(body)
			want[69999] ^= 1
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		}},
		"header": {wire.Fault{ContentRange: "bytes 1-2/3"}, func(t *testing.T, resp *http.Response, got []byte, err error) {
			whole(t, resp, got, err)
			if resp.Header.Get("Content-Range") != "bytes 1-2/3" {
				t.Error(resp.Header)
			}
		}},
		"drip": {wire.Fault{Drip: time.Millisecond, CutAfter: 3}, func(t *testing.T, resp *http.Response, got []byte, err error) {
			if len(got) != 3 {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		}},
		"handler": {wire.Fault{Handle: func(w http.ResponseWriter, r *http.Request, next http.Handler) { next.ServeHTTP(w, r) }}, whole},
	} {
		t.Run(name, func(t *testing.T) {
			n := &wire.Net{}
			url, client, _ := serve(t, n, nil)
			remove := n.Inject(tt.fault)
			resp, got, err := get(t, client, url+"/x?path=/x")
			tt.check(t, resp, got, err)
			remove()
			remove()
			resp, got, err = get(t, client, url+"/x")
			whole(t, resp, got, err)
		})
	}
}

func TestFaultsTakeTurns(t *testing.T) {
	n := &wire.Net{}
	url, client, _ := serve(t, n, nil)
	n.Inject(wire.Fault{Skip: 1, Times: 2, Status: 500})
	n.Inject(wire.Fault{Times: 1, Status: 501})
	var got []int
	for range 5 {
		resp, _, err := get(t, client, url)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, resp.StatusCode)
	}
	if want := []int{501, 500, 500, 200, 200}; !equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func equal(a, b []int) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

func TestAStallEndsWhenTheFaultIsRemoved(t *testing.T) {
	n := &wire.Net{}
	url, client, _ := serve(t, n, nil)
	remove := n.Inject(wire.Fault{StallAfter: 5000})
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got := make([]byte, 5000)
	if _, err := io.ReadFull(resp.Body, got); err != nil || !bytes.Equal(got, body[:5000]) {
		t.Fatal(err)
	}
	rest := make(chan error, 1)
	go func() {
		_, err := resp.Body.Read(got)
		rest <- err
	}()
	select {
	case err := <-rest:
		t.Fatal("not stalled:", err)
	case <-time.After(20 * time.Millisecond):
	}
	remove()
	if err := <-rest; err == nil {
		t.Error("more bytes after a stall")
	}
}
