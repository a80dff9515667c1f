package test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

const (
	pacedSize = 200 << 20
	pacedTime = 10 * time.Second
)

// signedURLs is what readers see of the signed URLs that internal assets are
// read through: nothing, as long as the platform gives new ones. A reader goes
// through a file of 200 MB in ten seconds, and others jump about in it; little
// memory and no disk makes all bytes come through the URLs.
var signedURLs = map[string]func(t *testing.T, d *deployment, m *mounted, file string){
	"URLs that live two seconds: 200 MB read in ten seconds are right to the byte, and all readers share a renewal": func(t *testing.T, d *deployment, m *mounted, file string) {
		d.SetURLLifetime(2 * time.Second)
		d.ResetCounts()
		start := time.Now()
		readTogether(t, m, file)
		// One lives for one to two seconds: its time is told in whole ones.
		lifetimes := int64(time.Since(start) / time.Second)
		if n := d.Requests("urls"); n < 4 || n > lifetimes+2 {
			t.Errorf("%d URLs in %d seconds", n, lifetimes)
		}
		if n := d.Counts()["s3.GetObject"].Bytes; n < pacedSize {
			t.Errorf("only %d bytes came from the store", n)
		}
	},

	"URLs that are revoked before their time are renewed once for all readers, who see nothing of it": func(t *testing.T, d *deployment, m *mounted, file string) {
		d.ResetCounts()
		var readers sync.WaitGroup
		readers.Go(func() { readTogether(t, m, file) })
		const revoked = 3
		for n := range int64(revoked) {
			eventually(t, "reads through the new URL", func() error {
				if d.Requests("urls") < n+1 || d.Requests("s3.GetObject") < 10*(n+1) {
					return errNotYet
				}
				return nil
			})
			d.RevokeURLs()
		}
		readers.Wait()
		if n := d.Requests("urls"); n != revoked+1 {
			t.Errorf("%d URLs, revoked %d times", n, revoked)
		}
	},

	"URLs that are dead when they come fail the read after a few requests, with the store's reason": func(t *testing.T, d *deployment, m *mounted, file string) {
		d.Inject(emulator.Fault{
			Route: "s3.GetObject", Status: http.StatusBadRequest, Header: http.Header{"Content-Type": {"application/xml"}},
			Body: "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>",
		})
		d.ResetCounts()
		if _, err := m.try("head", "-c", "1", file); err == nil {
			t.Error("it was read")
		}
		if urls, reads := d.Requests("urls"), d.Requests("s3.GetObject"); urls > 6 || reads > 6 {
			t.Errorf("%d URLs and %d reads", urls, reads)
		}
		m.logged("ExpiredToken")
	},
}

func TestSignedURLs(t *testing.T) {
	t.Parallel()
	for name, check := range signedURLs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := serve(t)
			d.add(t, emulator.Asset{
				Record:   emulator.Record{ID: generatedID, Name: "asset"},
				Generate: []emulator.Generated{{Path: "file", Size: pacedSize}},
			})
			m := d.mount(t, "--memory-limit", "64M", "--cache-size", "0")
			file := m.path("dataset", "asset", "file")
			m.run("stat", file)
			check(t, d, m, file)
		})
	}
}

// readTogether reads a file at a pace in one process, and here and there in
// three others meanwhile.
func readTogether(t *testing.T, m *mounted, file string) {
	const name = generatedID + "/file"
	var readers sync.WaitGroup
	readers.Go(func() {
		if _, err := m.helper("paced", file, name); err != nil {
			t.Error(err)
		}
	})
	for seed := range 3 {
		readers.Go(func() {
			if _, err := m.helper("jumping", file, name, strconv.Itoa(seed)); err != nil {
				t.Error(err)
			}
		})
	}
	readers.Wait()
}
