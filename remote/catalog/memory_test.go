package catalog_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
)

// labRecord is as large as records of a neuroscience laboratory are: two
// kilobytes, with metadata, provenance and tags.
func labRecord(i int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(i)))
	name := fmt.Sprintf("ecephys_%06d_2023-%02d-%02d_%02d-%02d-%02d", 600000+r.IntN(100000), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
	id := func() string {
		return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", r.Uint32(), r.Uint32()>>16, r.Uint32()>>20, r.Uint32()>>20, r.Uint64()>>16)
	}
	b, _ := json.Marshal(record{
		"id": id(), "created": 1600000000 + i, "name": name, "mount": name, "last_used": 1700000000 + r.IntN(1e6),
		"owner": fmt.Sprintf("owner-%d", r.IntN(300)), "owner_email": fmt.Sprintf("person.%d@institute.example.org", r.IntN(300)),
		"state": "ready", "type": "dataset", "files": r.IntN(1e6), "size": r.Int64N(1e13),
		"description":   strings.Repeat(fmt.Sprintf("Recording %d of a mouse that looked at natural images. ", i), 4),
		"tags":          []string{"ecephys", "raw", fmt.Sprintf("%d", 600000+r.IntN(100000)), "neuropixels", fmt.Sprintf("project-%d", r.IntN(50))},
		"source_bucket": record{"origin": "aws", "bucket": fmt.Sprintf("aind-private-data-%d", r.IntN(5)), "prefix": name, "external": true},
		"custom_metadata": record{
			"subject id": fmt.Sprint(600000 + r.IntN(100000)), "modality": "Extracellular electrophysiology", "data level": "raw data",
			"institution": "Institute for Neural Dynamics", "experiment date": 1680000000 + r.IntN(1e7), "project name": fmt.Sprintf("Project %d", r.IntN(50)),
			"investigators": "First Person, Second Person, Third Person",
		},
		"provenance": record{
			"commit": fmt.Sprintf("%040x", r.Uint64()), "run_script": "code/run", "capsule": id(), "computation": id(),
			"docker_image": "registry.example.org/capsule/" + id(), "data_assets": []string{id(), id()},
		},
		"app_parameters": []record{{"name": "threshold", "value": "5"}, {"name": "probe", "value": "all"}},
	})
	return b
}

// lab serves n such records, page by page.
func lab(t testing.TB, n int) *api.Client {
	records := make([][]byte, n) // making them takes longer than loading them
	for i := range records {
		records[i] = labRecord(i)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var s struct {
			Archived  bool
			Limit     int
			NextToken string `json:"next_token"`
		}
		_ = json.NewDecoder(r.Body).Decode(&s)
		var at int
		_, _ = fmt.Sscan(s.NextToken, &at)
		end := min(at+s.Limit, n)
		if s.Archived {
			at, end = n, n
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"has_more":%v,"next_token":"%d","results":[`, end < n, end)
		for i := at; i < end; i++ {
			if i > at {
				_, _ = w.Write([]byte{','})
			}
			_, _ = w.Write(records[i])
		}
		_, _ = w.Write([]byte("]}"))
	}))
	t.Cleanup(srv.Close)
	c, err := api.New(api.Config{Domain: srv.URL, Token: api.StaticToken("cop_x")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// heap is what lives after a full collection.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestMemory holds the catalog to two kilobytes an asset, raw record included.
func TestMemory(t *testing.T) {
	const n, most = 3000, 2048
	client := lab(t, n)
	before := heap()
	c := catalog.New(catalog.Config{API: client, Refresh: time.Hour})
	defer start(t, c)()
	dirs(t, c, false, api.Dataset)
	if each := (heap() - before) / n; each > most {
		t.Errorf("%d bytes an asset, want at most %d", each, most)
	}
	runtime.KeepAlive(c)
}

func start(t testing.TB, c *catalog.Catalog) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = c.Run(ctx) }()
	return func() { cancel(); <-done }
}

// BenchmarkLoad loads 100,000 assets, and then again from disk.
func BenchmarkLoad(b *testing.B) {
	const n = 100_000
	client := lab(b, n)
	for b.Loop() {
		dir := b.TempDir()
		before := heap()
		for _, from := range []string{"platform", "disk"} {
			c := catalog.New(catalog.Config{API: client, Refresh: time.Hour, Dir: dir, Identity: "me"})
			began := time.Now()
			stop := start(b, c)
			for !c.Status().Loaded {
				time.Sleep(10 * time.Millisecond)
			}
			b.ReportMetric(time.Since(began).Seconds(), "s-"+from)
			b.ReportMetric(float64(heap()-before)/(1<<20), "MiB-"+from)
			if got := len(dirs(b, c, false, api.Dataset)); got != n {
				b.Fatalf("%d listed", got)
			}
			stop()
		}
	}
}
