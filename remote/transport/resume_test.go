package transport

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"codeoceanfs/remote/fault"
)

// content is the byte at off of every file here: a wrong offset shows.
func content(off int64) byte { return byte(off*131 + off>>8*17) }

func contents(off, n int64) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = content(off + int64(i))
	}
	return p
}

// answer is one way to answer a range request, faulty or not.
type answer func(w http.ResponseWriter, r *http.Request, off, n, size int64)

func good(w http.ResponseWriter, _ *http.Request, off, n, size int64) {
	w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", off, off+n-1, size))
	w.Header().Set("Content-Length", fmt.Sprint(n))
	w.WriteHeader(http.StatusPartialContent)
	_, _ = w.Write(contents(off, n))
}

// raw answers with a header of one's own and closes the connection after part
// of the body.
func raw(header func(off, n, size int64) string, part int64, reset bool) answer {
	return func(w http.ResponseWriter, _ *http.Request, off, n, size int64) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		fmt.Fprint(buf, header(off, n, size))
		_, _ = buf.Write(contents(off, min(part, n)))
		_ = buf.Flush()
		if reset {
			_ = conn.(*net.TCPConn).SetLinger(0)
		}
	}
}

func withLength(off, n, size int64) string {
	return fmt.Sprintf("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n", off, off+n-1, size, n)
}

// withoutLength ends with the connection, so that Go takes any end for the end.
func withoutLength(off, n, size int64) string {
	return fmt.Sprintf("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %d-%d/%d\r\nConnection: close\r\n\r\n", off, off+n-1, size)
}

func status(code int) answer {
	return func(w http.ResponseWriter, _ *http.Request, _, _, _ int64) { w.WriteHeader(code) }
}

func stall(w http.ResponseWriter, r *http.Request, off, n, size int64) {
	w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", off, off+n-1, size))
	w.Header().Set("Content-Length", fmt.Sprint(n))
	w.WriteHeader(http.StatusPartialContent)
	_, _ = w.Write(contents(off, n/2))
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func whole(w http.ResponseWriter, _ *http.Request, _, _, size int64) {
	_, _ = w.Write(contents(0, size))
}

func page(w http.ResponseWriter, _ *http.Request, _, n, _ int64) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write(bytes.Repeat([]byte("<"), int(n)))
}

func shifted(w http.ResponseWriter, r *http.Request, off, n, size int64) {
	good(w, r, off+1, n, size)
}

func tooMany(w http.ResponseWriter, _ *http.Request, off, n, size int64) {
	w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", off, off+n-1, size))
	w.WriteHeader(http.StatusPartialContent)
	_, _ = w.Write(contents(off, n+100))
}

// store answers the k-th request by the k-th answer, and the others well.
func store(t *testing.T, size int64, answers ...answer) (open func(ctx context.Context, off, n int64) (io.ReadCloser, error), requests *atomic.Int64) {
	requests = new(atomic.Int64)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var off, end int64
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &off, &end); err != nil {
			t.Error(err)
		}
		if k := requests.Add(1) - 1; k < int64(len(answers)) {
			answers[k](w, r, off, end-off+1, size)
		} else {
			good(w, r, off, end-off+1, size)
		}
	})
	rt := Limit(Watch(local(t), Timeouts{FirstByte: time.Second, Stall: 50 * time.Millisecond}), 4)
	t.Cleanup(func() {
		if n := rt.InUse(); n != 0 {
			t.Errorf("%d places of the limit are not given back", n)
		}
	})
	return func(ctx context.Context, off, n int64) (io.ReadCloser, error) {
		req := request(t, ctx, s.URL)
		req.Header.Set("Range", RangeHeader(off, n))
		resp, err := rt.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		if err := CheckRange(resp, off, n, size); err != nil {
			Drain(resp.Body)
			return nil, err
		}
		return Body(resp, off, n, -1), nil
	}, requests
}

// Whatever a store does, what comes is the bytes asked for, or an error.
func TestResume(t *testing.T) {
	const size, off, n = 700_000, 1234, 600_000
	many := func(k int, a answer) (all []answer) {
		for range k {
			all = append(all, a)
		}
		return all
	}
	for name, c := range map[string]struct {
		answers  []answer
		want     error
		requests int64 // 0: do not care
	}{
		"well":                   {nil, nil, 1},
		"cut":                    {[]answer{raw(withLength, 70_000, false)}, nil, 2},
		"cut, length not given":  {[]answer{raw(withoutLength, 70_000, false)}, nil, 2},
		"cut before the first":   {[]answer{raw(withLength, 0, false)}, nil, 2},
		"no answer":              {[]answer{raw(func(_, _, _ int64) string { return "" }, 0, false)}, nil, 2},
		"reset":                  {[]answer{raw(withLength, 70_000, true)}, nil, 2},
		"cut again and again":    {many(20, raw(withoutLength, 70_000, false)), nil, 9},
		"a few bytes each":       {many(20, raw(withLength, 10, false)), io.ErrUnexpectedEOF, 5},
		"stall":                  {[]answer{stall}, nil, 2},
		"slow down":              {many(3, status(503)), nil, 4},
		"range ignored":          {many(9, whole), nil, 1},
		"range ignored, cut":     {[]answer{raw(withLength, 70_000, false), whole}, nil, 2},
		"login page":             {[]answer{page}, nil, 2},
		"login page for ever":    {many(9, page), fault.ErrMalformed, 5},
		"other range":            {[]answer{shifted}, nil, 2},
		"other range for ever":   {many(9, shifted), fault.ErrMalformed, 5},
		"too many bytes":         {[]answer{tooMany}, nil, 1},
		"refused":                {[]answer{status(403)}, fault.ErrRefused, 1},
		"gone in the middle":     {[]answer{raw(withLength, 70_000, false), status(404)}, fault.ErrNotExist, 2},
		"replaced in the middle": {[]answer{raw(withLength, 70_000, false), status(412)}, fault.ErrStale, 2},
	} {
		t.Run(name, func(t *testing.T) {
			open, requests := store(t, size, c.answers...)
			body := Resume(t.Context(), off, n, open, &Retry{Base: time.Millisecond, Cap: 5 * time.Millisecond})
			got, err := io.ReadAll(bufio.NewReaderSize(body, 7777))
			body.Close()
			if !errors.Is(err, c.want) {
				t.Fatalf("error is %v", err)
			}
			if want := contents(off, n); c.want == nil && !bytes.Equal(got, want) || !bytes.HasPrefix(want, got) {
				t.Errorf("%d bytes, and not the right ones", len(got))
			}
			if c.requests != 0 && requests.Load() != c.requests {
				t.Errorf("%d requests, want %d", requests.Load(), c.requests)
			}
		})
	}
}

func TestResumeEndsWithItsCaller(t *testing.T) {
	open, _ := store(t, 1000, stall)
	ctx, cancel := context.WithCancel(t.Context())
	body := Resume(ctx, 0, 1000, open, new(Retry))
	defer body.Close()
	if _, err := io.ReadFull(body, make([]byte, 500)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := body.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestResumeOfNothingAsksForNothing(t *testing.T) {
	open, requests := store(t, 0)
	body := Resume(t.Context(), 0, 0, open, new(Retry))
	if got, err := io.ReadAll(body); len(got) != 0 || err != nil || requests.Load() != 0 {
		t.Errorf("%d bytes, %v, %d requests", len(got), err, requests.Load())
	}
	body.Close()
	if _, err := body.Read(make([]byte, 1)); err == nil || err == io.EOF {
		t.Errorf("a closed body reads: %v", err)
	}
}

// Ranges one after the other use one connection.
func TestResumeUsesConnectionsAgain(t *testing.T) {
	var conns atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var off, end int64
		_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &off, &end)
		good(w, r, off, end-off+1, 1<<20)
	})
	rt := local(t)
	dial := rt.DialContext
	rt.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conns.Add(1)
		return dial(ctx, network, addr)
	}
	open := func(ctx context.Context, off, n int64) (io.ReadCloser, error) {
		req := request(t, ctx, s.URL)
		req.Header.Set("Range", RangeHeader(off, n))
		resp, err := Watch(rt, Timeouts{}).RoundTrip(req)
		if err != nil {
			return nil, err
		}
		return Body(resp, off, n, 1<<20), CheckRange(resp, off, n, 1<<20)
	}
	buf := make([]byte, 100_000)
	for off := int64(0); off < 1_000_000; off += 100_000 {
		body := Resume(t.Context(), off, 100_000, open, new(Retry))
		// The cache reads what it asked for, and not on to the end of file.
		if _, err := io.ReadFull(body, buf); err != nil {
			t.Fatal(err)
		}
		body.Close()
	}
	if conns.Load() != 1 {
		t.Errorf("%d connections for 10 ranges", conns.Load())
	}
}
