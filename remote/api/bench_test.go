package api

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"codeoceanfs/remote/transport"
)

// What a range costs over what curl does: open, check, watch, limit and resume.
func BenchmarkOpenRange(b *testing.B) {
	const size = 64 << 20
	chunk := make([]byte, 1<<20)
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int64 = 8 << 20
		if r.Header.Get("Range") == transport.RangeHeader(0, 4<<10) {
			n = 4 << 10
		}
		w.Header().Set("Content-Range", "bytes 0-"+strconv.FormatInt(n-1, 10)+"/"+strconv.FormatInt(size, 10))
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
		w.WriteHeader(http.StatusPartialContent)
		for n > 0 {
			k, err := w.Write(chunk[:min(n, int64(len(chunk)))])
			if err != nil {
				return
			}
			n -= int64(k)
		}
	}))
	defer store.Close()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reply(obj{"download_url": store.URL + "/f?X-Amz-Date=" + time.Now().UTC().Format("20060102T150405Z") + "&X-Amz-Expires=3600"})(w, r)
	}))
	defer api.Close()
	c, err := New(Config{Domain: api.URL, Token: StaticToken(canary)})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, 128<<10)
	for name, n := range map[string]int64{"4KiB": 4 << 10, "8MiB": 8 << 20} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(n)
			b.ReportAllocs()
			for b.Loop() {
				body, err := c.OpenRange(b.Context(), "id", "f", size, 0, n)
				if err != nil {
					b.Fatal(err)
				}
				if got, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, body, buf); err != nil || got != n {
					b.Fatal(got, err)
				}
				body.Close()
			}
		})
	}
}
