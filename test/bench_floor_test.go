package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// The floor is what curl needs for the same bytes, with the requests that they
// take: the best that any mount could do. A floor is as parallel as it may be
// where the reader is not: a mount can read ahead.

// transfer is one request of curl's.
type transfer struct {
	url, body string // with a body it is a POST to the API
	span      string // of bytes; empty: all
	to        string // where the answer goes; empty: nowhere
}

// fetch makes the requests with so many processes, each of which has as many
// under way at once.
func (x *bench) fetch(transfers []transfer, processes, parallel int) measured {
	x.b.Helper()
	var g errgroup.Group
	began := time.Now()
	var alone float64
	for i := range processes {
		var config []string
		for j := i; j < len(transfers); j += processes {
			config = append(config, transfers[j].config())
		}
		g.Go(func() error {
			args := []string{"-K", "-"}
			if parallel > 1 {
				args = append(args, "-Z", "--parallel-immediate", "--parallel-max", strconv.Itoa(parallel))
			}
			cmd := exec.Command("curl", args...)
			cmd.Stdin = strings.NewReader(strings.Join(config, "next\n"))
			var out, errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errs
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("curl: %w: %s", err, errs.String())
			}
			if processes*parallel == 1 {
				for line := range strings.Lines(out.String()) {
					took, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
					if err != nil {
						return err
					}
					alone += took
				}
			}
			return nil
		})
	}
	must(x.b, g.Wait())
	r := measured{Seconds: time.Since(began).Seconds(), Count: int64(len(transfers))}
	if processes*parallel == 1 { // then curl's own start is not in it
		r.Seconds = alone
	}
	return r
}

func (t transfer) config() string {
	to := t.to
	if to == "" {
		to = "/dev/null"
	}
	s := fmt.Sprintf("url=%q\noutput=%q\nfail\nsilent\nshow-error\ngloboff\n", t.url, to) + "write-out=\"%{time_total}\\n\"\n"
	if t.span != "" {
		s += fmt.Sprintf("range=%q\n", t.span)
	}
	if strings.Contains(t.url, "/api/v1/") {
		s += "user=\"cop_demo:\"\n"
	}
	if t.body != "" {
		s += fmt.Sprintf("data=%q\nheader=\"Content-Type: application/json\"\n", t.body)
	}
	return s
}

// parts fetches pieces of files; those of an internal asset take one call more
// for each file, to have its URL signed.
func (x *bench) parts(parts []part, processes, parallel int) measured {
	x.b.Helper()
	var signing []transfer
	dir := x.b.TempDir()
	at := make(map[string]string) // path → where its URL is
	for _, p := range parts {
		if _, ok := at[p.path]; !ok && !x.external {
			at[p.path] = filepath.Join(dir, strconv.Itoa(len(at)))
			signing = append(signing, transfer{url: x.call("files/urls?path=" + p.path), to: at[p.path]})
		}
	}
	var r measured
	if len(signing) > 0 {
		r = x.fetch(signing, 1, max(min(processes*parallel, len(signing), 16), 1))
	}
	var transfers []transfer
	var bytes int64
	for _, p := range parts {
		t := transfer{url: x.emu.url(p.path)}
		if !x.external {
			t.url = x.signed(at[p.path])
		}
		if p.n > 0 {
			t.span = fmt.Sprintf("%d-%d", p.off, p.off+p.n-1)
		}
		bytes += p.n
		transfers = append(transfers, t)
	}
	got := x.fetch(transfers, processes, parallel)
	return measured{Seconds: r.Seconds + got.Seconds, Bytes: bytes, Count: got.Count}
}

func (x *bench) call(path string) string {
	return x.emu.api + "/api/v1/data_assets/" + generatedID + "/" + path
}

// signed is the URL in an answer of the API.
func (x *bench) signed(file string) string {
	x.b.Helper()
	raw, err := os.ReadFile(file)
	must(x.b, err)
	var urls struct {
		Download string `json:"download_url"`
	}
	must(x.b, json.Unmarshal(raw, &urls))
	return urls.Download
}

// whole fetches files of a size from end to end, with so many requests at once.
func (x *bench) whole(size int64, requests int, paths ...string) measured {
	x.b.Helper()
	var parts []part
	each := int64(requests / len(paths))
	for _, path := range paths {
		for i := range each {
			parts = append(parts, part{path, i * size / each, size / each})
		}
	}
	return x.parts(parts, requests, 1)
}

// folders lists folders of an internal asset, 16 at once.
func (x *bench) folders(dirs []string) measured {
	var transfers []transfer
	for _, dir := range dirs {
		transfers = append(transfers, transfer{url: x.call("files"), body: fmt.Sprintf("{\"path\":%q}", dir)})
	}
	return x.fetch(transfers, 1, 16)
}

// flat lists what the bucket has below a prefix, without a delimiter, in pages
// of 1,000 one after the other. key gives the i-th name of n.
func (x *bench) flat(prefix string, n int, key func(i int) string) measured {
	const page = 1000
	var transfers []transfer
	for i := 0; i < n; i += page {
		url := fmt.Sprintf("%s/%s?list-type=2&prefix=%s/%s", x.emu.s3, benchBucket, benchPrefix, prefix)
		if i > 0 {
			url += "&start-after=" + benchPrefix + "/" + key(i-1)
		}
		transfers = append(transfers, transfer{url: url})
	}
	return x.fetch(transfers, 1, 1)
}
