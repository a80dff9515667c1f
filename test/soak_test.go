package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// soakVar is how long TestSoak goes on; without it, for soakShort.
const (
	soakVar   = "CODEOCEANFS_TEST_SOAK"
	soakShort = 5 * time.Second
	soakLong  = 20 * time.Minute
	// soakFault is how often a fault comes, and soakPasses how long it lasts: less
	// than the first four of a read's five attempts take, so that no program may
	// see anything of it.
	soakFault  = 2 * time.Second
	soakPasses = 600 * time.Millisecond
	// soakReaders read at once: each kind twice.
	soakReaders = 8
)

// soakFaults are what comes over the readers, in an order of chance.
var soakFaults = map[string]emulator.Fault{
	"slow down":              {Route: "s3.GetObject", Status: http.StatusServiceUnavailable},
	"internal error":         {Route: "s3.GetObject", Status: http.StatusInternalServerError},
	"an error as a success":  {Route: "s3.GetObject", Status: http.StatusOK, Body: "<Error><Code>InternalError</Code></Error>"},
	"cut":                    {Route: "s3.GetObject", CutAfter: 70_000},
	"reset":                  {Route: "s3.GetObject", CutAfter: 10_000, Reset: true},
	"cut without a length":   {Route: "s3.GetObject", CutAfter: 70_000, NoLength: true},
	"silence in mid-body":    {Route: "s3.GetObject", StallAfter: 50_000},
	"no answer":              {Route: "s3.GetObject", DropReply: true},
	"another range":          {Route: "s3.GetObject", ContentRange: "bytes 5-9/10"},
	"the whole for a range":  {Route: "s3.GetObject", Path: "many", IgnoreRange: true},
	"late":                   {Route: "s3.GetObject", Delay: 700 * time.Millisecond},
	"too many requests":      {Route: "urls", Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"1"}}},
	"a bad gateway":          {Route: "files", Status: http.StatusBadGateway},
	"a search without reply": {Route: "search", DropReply: true},
	"half a listing":         {Route: "s3.ListObjectsV2", CutAfter: 100},
}

// soak is what a soak counts.
type soak struct {
	m                          *mounted
	programs, requests, faults atomic.Int64
	failed, notRequests        atomic.Int64
	slowest                    atomic.Int64 // stat of a known file, in microseconds
}

// TestSoak reads in four ways with eight programs at once, with URLs that live
// for five seconds and a fault every two, while assets are made, changed and
// archived: every byte is right, no program sees an error, and what the mount
// takes does not grow.
func TestSoak(t *testing.T) {
	t.Parallel()
	length := soakShort
	if full() {
		length = soakLong
	}
	if v := os.Getenv(soakVar); v != "" {
		var err error
		length, err = time.ParseDuration(v)
		must(t, err)
	}
	d := generated(t)
	d.SetURLLifetime(5 * time.Second)
	d.addBucket(t, emulator.Bucket{Name: "demo-open-data", Public: true})
	d.putObject(t, "demo-open-data", emulator.Generated{Path: "ecephys_661398_2023-03-31_17-01-09/f", Size: 1000})
	s := &soak{m: d.mount(t, "--memory-limit", "128M", "--cache-size", "256M")}
	small := smallFiles(t, s.m)

	before, memory := s.m.descriptors(), &slope{}
	end := time.Now().Add(length)
	var all sync.WaitGroup
	loop := func(each func(n int)) {
		all.Go(func() {
			for n := 0; time.Now().Before(end); n++ {
				each(n)
			}
		})
	}
	for reader := range soakReaders {
		loop(func(n int) { s.read(reader, n, small) })
	}
	loop(func(n int) { s.change(n) })
	loop(func(int) {
		start := time.Now()
		s.m.run("stat", s.m.path("dataset", "internal", "middle"))
		s.slowest.Store(max(s.slowest.Load(), time.Since(start).Microseconds()))
		memory.add(s.m.memory())
		time.Sleep(200 * time.Millisecond)
	})
	rnd := rand.New(rand.NewPCG(1, 2))
	var names []string
	for name := range soakFaults {
		names = append(names, name)
	}
	loop(func(n int) {
		name := names[rnd.IntN(len(names))]
		heal := d.Inject(soakFaults[name])
		if n%5 == 0 {
			d.RevokeURLs()
		}
		s.faults.Add(1)
		time.Sleep(soakPasses)
		heal()
		time.Sleep(soakFault - soakPasses)
	})
	all.Wait()

	eventually(t, "descriptors as before", func() error {
		if now := s.m.descriptors(); now > before+40 { // connections that are kept, and the cache's files
			return fmt.Errorf("%w: %d, and %d before", errNotYet, now, before)
		}
		return nil
	})
	figure(t, ofSoak, "soak", length.String(), "20m", length >= soakLong)
	figure(t, ofSoak, "programs that read / requests made / faults that came", fmt.Sprintf("%d / %d / %d", s.programs.Load(), s.requests.Load(), s.faults.Load()), "", true)
	figure(t, ofSoak, "programs and requests that failed", s.failed.Load()+s.notRequests.Load(), "0", s.failed.Load()+s.notRequests.Load() == 0)
	slowest := time.Duration(s.slowest.Load()) * time.Microsecond
	figure(t, ofSoak, "slowest stat of a known file, its process included", slowest, "2s", slowest < 2*time.Second)
	figure(t, ofSoak, "memory at its peak, with --memory-limit 128M", fmt.Sprintf("%d MiB", memory.peak>>20), "192 MiB", memory.peak <= 192<<20)
	figure(t, ofSoak, "memory in the last quarter, to that in the second", fmt.Sprintf("%+.1f %%", memory.growth()*100), "", true)
}

// read is one program's read, of the reader's kind: onwards, at random, past the
// kernel's pages, and many small files.
func (s *soak) read(reader, n int, small string) {
	const piece = 16 << 20
	asset := []string{"internal", "external"}[n%2]
	seed := strconv.Itoa(reader<<20 + n)
	big, content := s.m.path("dataset", asset, "big"), contentName(asset, "big")
	var err error
	switch reader % 4 {
	case 0:
		from := int64(reader*7+n) % (bigSize / piece) * piece
		_, err = s.m.helper("pattern", big, content, fmt.Sprint(from), fmt.Sprint(from+piece))
	case 1:
		_, err = s.m.helper("random", big, content, seed, "30")
	case 2:
		_, err = s.m.helper("patterns", small)
	case 3:
		_, err = s.m.helper("jumping", big, content, seed)
	}
	s.programs.Add(1)
	if err != nil {
		s.failed.Add(1)
		s.m.t.Error(err)
	}
}

// smallFiles is a list, for the program that compares them, of all small ones.
func smallFiles(t *testing.T, m *mounted) string {
	t.Helper()
	var list []struct{ Path, Name []byte }
	for _, asset := range []string{"internal", "external"} {
		for i := range 150 {
			path := fmt.Sprintf("many/f%03d", i)
			list = append(list, struct{ Path, Name []byte }{[]byte(m.path("dataset", asset, path)), []byte(contentName(asset, path))})
		}
	}
	raw, err := json.Marshal(list)
	must(t, err)
	file := filepath.Join(t.TempDir(), "small")
	must(t, os.WriteFile(file, raw, 0o600))
	return file
}

// change makes an asset, changes it, and puts it away.
func (s *soak) change(n int) {
	name := fmt.Sprintf("soak %d", n)
	key := fmt.Sprintf("soak-%d", n)
	err := errors.Join(
		s.m.request("create", key, external(name)),
		s.m.request("update", key, fmt.Sprintf(`{"path": "dataset/%s", "tags_add": ["soaked"]}`, name)),
		s.m.request("archive", key, fmt.Sprintf(`{"path": "dataset/%s"}`, name)))
	s.requests.Add(3)
	if err != nil {
		s.notRequests.Add(1)
		s.m.t.Error(err)
	}
	time.Sleep(500 * time.Millisecond)
}

// slope is how a figure goes over time.
type slope struct {
	samples []int64
	peak    int64
}

func (s *slope) add(v int64) {
	s.samples = append(s.samples, v)
	s.peak = max(s.peak, v)
}

// growth is how much larger the last quarter is than the second: the first is
// when caches fill.
func (s *slope) growth() float64 {
	n := len(s.samples)
	if n < 8 {
		return 0
	}
	mean := func(v []int64) float64 {
		sum := 0.0
		for _, one := range v {
			sum += float64(one)
		}
		return sum / float64(len(v))
	}
	return mean(s.samples[n-n/4:])/mean(s.samples[n/4:n/2]) - 1
}
