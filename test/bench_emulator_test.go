package test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"codeoceanfs/remote/emulator"
)

// benchFiles are the same in the internal asset and in the external one. A
// round has files of its own, so that each is read for the first time; names
// count rounds first.
var benchFiles = []emulator.Generated{
	{Path: "big/f%02d", Count: []int{maxRounds}, Size: 1 << 30},
	{Path: "middle/r%02d/f%d", Count: []int{maxRounds, 4}, Size: 256 << 20},
	{Path: "stream/r%02d/f%02d", Count: []int{maxRounds, 64}, Size: 1 << 30},
	{Path: "first/r%02d/f%d", Count: []int{maxRounds, 10}, Size: 64 << 20},
	{Path: "small/r%02d/f%04d", Count: []int{maxRounds, 2000}, Size: 32 << 10},
	{Path: "tree/r%02d/d%03d/f%02d", Count: []int{maxRounds, 400, 50}, Size: 100},
	{Path: "flat/r%02d/f%04d", Count: []int{maxRounds, 5000}, Size: 100},
}

const (
	maxRounds   = 20
	benchBucket = "bench"
	benchPrefix = "external" // of both assets' objects: their names below it are equal
)

// benchNet is what a benchmark's network is like.
type benchNet struct {
	Name  string
	Shape emulator.Shape
}

// serveBench DATA SHAPE is the emulator of the benchmarks, in a process of its
// own: its share of the cores can be told, and no test's garbage collector
// stops it. It answers each line of its standard input with one of JSON.
func serveBench(args []string) error {
	var shape emulator.Shape
	if err := json.Unmarshal([]byte(args[1]), &shape); err != nil {
		return err
	}
	s, err := emulator.New(emulator.Config{
		Data: args[0], Latency: shape.Latency, ConnRate: shape.ConnRate, TotalRate: shape.TotalRate,
	})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := fillBench(s); err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode([]string{s.APIURL(), s.S3URL()}); err != nil {
		return err
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if lines.Text() == "reset" {
			s.ResetCounts()
		}
		if err := out.Encode(served{Counts: s.Counts(), CPU: usedCPU(unix.RUSAGE_SELF)}); err != nil {
			return err
		}
	}
	return nil
}

func fillBench(s *emulator.Server) error {
	if err := s.AddBucket(emulator.Bucket{Name: benchBucket, Public: true}); err != nil {
		return err
	}
	var objects []emulator.Generated
	for _, g := range benchFiles {
		g.Path = benchPrefix + "/" + g.Path
		objects = append(objects, g)
	}
	if err := s.PutObject(benchBucket, objects...); err != nil {
		return err
	}
	if _, err := s.Add(emulator.Asset{
		Record:   emulator.Record{ID: generatedID, Name: "internal", Type: "dataset", State: "ready"},
		Generate: benchFiles,
	}); err != nil {
		return err
	}
	_, err := s.Add(emulator.Asset{Record: emulator.Record{
		ID: externalID, Name: "external", Type: "dataset", State: "ready",
		SourceBucket: inBucket(benchBucket, benchPrefix),
	}})
	return err
}

// served is what an emulator has done: since the last reset, and in seconds of
// CPU since its start.
type served struct {
	Counts map[string]emulator.Count
	CPU    float64
}

// requests are those that a reader causes; the refresh of the list of assets
// goes on whoever reads.
func (s served) requests() (n int64) {
	for route, c := range s.Counts {
		if route != "search" && route != "get" {
			n += c.Requests
		}
	}
	return n
}

func (s served) fetched() int64 { return s.Counts["s3.GetObject"].Bytes }

// emulated is such an emulator, seen from outside.
type emulated struct {
	api, s3 string
	in      io.WriteCloser
	out     *bufio.Reader
}

func emulate(b *testing.B, data string, shape emulator.Shape) *emulated {
	b.Helper()
	raw, err := json.Marshal(shape)
	must(b, err)
	cmd := exec.Command(os.Args[0], data, string(raw))
	cmd.Env = append(os.Environ(), helperVar+"=emulator")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(b, err)
	out, err := cmd.StdoutPipe()
	must(b, err)
	must(b, cmd.Start())
	b.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			b.Errorf("the emulator: %v", err)
		}
	})
	e := &emulated{in: in, out: bufio.NewReader(out)}
	var urls []string
	must(b, e.answer(&urls))
	e.api, e.s3 = urls[0], urls[1]
	return e
}

func (e *emulated) answer(v any) error {
	line, err := e.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the emulator's answer: %w", err)
	}
	return json.Unmarshal(line, v)
}

// ask has the emulator do what the word says, and tell what it has done so far.
func (e *emulated) ask(b *testing.B, word string) (s served) {
	b.Helper()
	_, err := io.WriteString(e.in, word+"\n")
	must(b, err)
	must(b, e.answer(&s))
	return s
}

// url is where an object of the bucket is read.
func (e *emulated) url(path string) string {
	return strings.Join([]string{e.s3, benchBucket, benchPrefix, path}, "/")
}
