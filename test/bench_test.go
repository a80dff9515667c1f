package test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// The network of the benchmarks: what S3 gives to one machine in its region.
const (
	benchLatency   = 30 * time.Millisecond
	benchConnRate  = 80 << 20
	benchTotalRate = 1200 << 20
	benchFile      = 1 << 30
	benchParallel  = 16 // requests of the floor at once
)

// bench mounts files of generated content, behind the network.
func bench(b *testing.B, flags ...string) (*deployment, *mounted) {
	d := serve(b, func(c *emulator.Config) {
		c.Latency, c.ConnRate, c.TotalRate = benchLatency, benchConnRate, benchTotalRate
	})
	d.add(b, emulator.Asset{
		Record: emulator.Record{ID: generatedID, Name: "internal", Type: "dataset", State: "ready"},
		Generate: []emulator.Generated{
			{Path: "f%03d", Count: []int{100}, Size: benchFile},
			{Path: "small/s%02d/f%04d", Count: []int{100, 64}, Size: 32 << 10},
			{Path: "trees/t%02d/d%02d/f%02d", Count: []int{100, 40, 50}, Size: 100},
		},
	})
	return d, d.mount(b, append([]string{"--cache-size", "0"}, flags...)...)
}

// floor fetches a file as fast as this machine can without a mount: curl, with
// so many ranges at once.
func (d *deployment) floor(b *testing.B, m *mounted, path string) time.Duration {
	b.Helper()
	var urls struct {
		Download string `json:"download_url"`
	}
	answer := m.run("curl", "-sSf", "-u", "cop_demo:", d.APIURL()+"/api/v1/data_assets/"+generatedID+"/files/urls?path="+path)
	if err := json.Unmarshal([]byte(answer), &urls); err != nil {
		b.Fatal(err)
	}
	const part = benchFile / benchParallel
	start := time.Now()
	var wg sync.WaitGroup
	for i := range benchParallel {
		wg.Go(func() {
			if out, err := exec.Command("curl", "-sSf", "-o", "/dev/null", "-r", fmt.Sprintf("%d-%d", i*part, (i+1)*part-1), urls.Download).CombinedOutput(); err != nil {
				b.Errorf("curl: %v %s", err, out)
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

// BenchmarkSequential reads a file that nobody has read before, from end to
// end, and compares with the floor in the same minute.
func BenchmarkSequential(b *testing.B) {
	d, m := bench(b)
	var ours, floor time.Duration
	n := 0
	for b.Loop() {
		name := fmt.Sprintf("f%03d", n)
		n++
		start := time.Now()
		m.run("dd", "if="+m.path("dataset", "internal", name), "of=/dev/null", "bs=1M")
		ours += time.Since(start)
		b.StopTimer()
		floor += d.floor(b, m, name)
		b.StartTimer()
	}
	b.ReportMetric(float64(n)*benchFile/1e6/ours.Seconds(), "MB/s")
	b.ReportMetric(float64(n)*benchFile/1e6/floor.Seconds(), "curl-MB/s")
	b.ReportMetric(floor.Seconds()/ours.Seconds(), "of-curl")
}

// BenchmarkRandom reads 20 scattered pieces of 128 KiB.
func BenchmarkRandom(b *testing.B) {
	d, m := bench(b)
	n := 0
	d.ResetCounts()
	for b.Loop() {
		name := fmt.Sprintf("f%03d", n)
		n++
		if _, err := m.helper("random", m.path("dataset", "internal", name), contentName("internal", name), strconv.Itoa(n), "20"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(20*n), "ms/read")
	b.ReportMetric(float64(d.Counts()["s3.GetObject"].Bytes)/float64(20*n)/(128<<10), "blocks-fetched/read")
}

// BenchmarkSmallFiles reads files of 32 KiB one after the other.
func BenchmarkSmallFiles(b *testing.B) {
	_, m := bench(b)
	n := 0
	for b.Loop() {
		m.run("sh", "-c", fmt.Sprintf("cat %s/s%02d/* > /dev/null", m.path("dataset", "internal", "small"), n))
		n++
	}
	b.ReportMetric(float64(64*n)/b.Elapsed().Seconds(), "files/s")
}

// BenchmarkFind walks 2,000 files in 40 folders.
func BenchmarkFind(b *testing.B) {
	_, m := bench(b)
	n := 0
	for b.Loop() {
		m.run("find", m.path("dataset", "internal", "trees", fmt.Sprintf("t%02d", n)))
		n++
	}
	b.ReportMetric(float64(2040*n)/b.Elapsed().Seconds(), "entries/s")
}
