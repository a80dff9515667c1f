package emulator_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

func post(b testing.TB, s *emulator.Server, path, body string) {
	r := httptest.NewRequest(http.MethodPost, "/api/v1/data_assets/"+path, strings.NewReader(body))
	r.SetBasicAuth("cop_demo", "")
	w := httptest.NewRecorder()
	s.API().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatal(w.Code, w.Body)
	}
}

func BenchmarkSearchOf100000(b *testing.B) {
	s, err := emulator.New(emulator.Config{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.Populate(100_000); err != nil {
		b.Fatal(err)
	}
	b.Run("page", func(b *testing.B) {
		for b.Loop() {
			post(b, s, "search", `{"limit":1000}`)
		}
	})
	b.Run("words", func(b *testing.B) {
		for b.Loop() {
			post(b, s, "search", `{"limit":1000,"query":"name:600123"}`)
		}
	})
	b.Run("change", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Add(emulator.Asset{}); err != nil {
				b.Fatal(err)
			}
			post(b, s, "search", `{"limit":1}`)
		}
	})
}

func BenchmarkListingOfAMillionFiles(b *testing.B) {
	s, err := emulator.New(emulator.Config{})
	if err != nil {
		b.Fatal(err)
	}
	id, err := s.Add(emulator.Asset{Generate: []emulator.Generated{{Path: "c/%07d", Count: []int{1e6}, Size: 10}}})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		post(b, s, id+"/files", `{"path":"c"}`)
	}
}

// A signed GiB, over a socket.
func BenchmarkGet(b *testing.B) {
	s, err := emulator.New(emulator.Config{})
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Start(); err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const size = 1 << 28
	if err := s.AddBucket(emulator.Bucket{Name: "b", Public: true, Generate: []emulator.Generated{{Path: "k", Size: size}}}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	for b.Loop() {
		resp, err := http.Get(s.S3URL() + "/b/k")
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, resp.Body); n != size || err != nil {
			b.Fatal(n, err)
		}
		resp.Body.Close()
	}
}
