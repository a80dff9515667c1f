package fs

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"codeoceanfs/remote/transport"
)

// TestOverdue lets operations end in time, too late, and never: those that are
// more than five seconds over their budget are told of once, with the stacks.
func TestOverdue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		tr := &tree{cfg: Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}}
		ctx, stop := context.WithCancel(t.Context())
		go tr.watchFlights(ctx)

		never := tr.begin(ctx, 10*time.Second, "list", at{"id", "never"}, "")
		late := tr.begin(ctx, time.Second, "lookup", at{"id", "some"}, "late")
		inTime := tr.begin(ctx, 30*time.Second, "read", at{"id", "in-time"}, "")
		time.Sleep(29 * time.Second)
		inTime.end()
		late.end()
		time.Sleep(time.Minute)
		synctest.Wait()
		stop()
		synctest.Wait()
		for text, times := range map[string]int{
			"over its time: please report": 2, "path=never": 1, "path=some/late": 1, "in-time": 0,
			"level=ERROR": 2, "has ended": 1, "op=list": 1, "budget=10s": 1,
		} {
			if got := strings.Count(log.String(), text); got != times {
				t.Errorf("%q is in the log %d times, not %d:\n%s", text, got, times, &log)
			}
		}
		if !strings.Contains(log.String(), "msg=goroutines") {
			t.Error("no stacks")
		}
		never.end()
		if n := tr.flights.count(); n != 0 || len(tr.flights.over) != 0 {
			t.Errorf("%d operations are not forgotten", n)
		}
	})
}

// TestWaitsFor finds the request that an operation waits for.
func TestWaitsFor(t *testing.T) {
	t.Parallel()
	now := time.Now()
	all := []transport.Pending{
		{Op: "list files", Asset: "other", Host: "h0", Phase: "an answer", Since: now.Add(-9 * time.Second)},
		{Op: "list files", Asset: "a", Path: "dir", Host: "h1", Phase: "an answer", Since: now.Add(-8 * time.Second)},
		{Op: "read range", Asset: "a", Path: "dir/file", Host: "h2", Phase: "bytes", Since: now.Add(-7 * time.Second)},
		{Op: "read range", Asset: "a", Path: "dir/file", Host: "h3", Phase: "bytes", Since: now.Add(-time.Second)},
		{Op: "stat file", Path: "bucket/prefix/x/y", Host: "h4", Phase: "a connection", Since: now.Add(-2 * time.Second)},
	}
	for _, c := range []struct{ asset, path, want string }{
		{"a", "dir/file", "read range at h2: bytes, for 7s"},
		{"a", "elsewhere", "list files at h1: an answer, for 8s"},
		{"b", "x/y", "stat file at h4: a connection, for 2s"},
		{"b", "y/z", "no request of its own"},
		{"", "control/x", "no request of its own"},
		{"", "", "no request of its own"},
	} {
		if got := waitsFor(now, c.asset, c.path, all); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s %s: %q, not %q", c.asset, c.path, got, c.want)
		}
	}
}

// TestEveryCallIsShown finds handlers whose operations nobody would see.
func TestEveryCallIsShown(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := f.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || name == "call.go" || name == "flight.go" {
			continue
		}
		if text, err := os.ReadFile(name); err != nil || strings.Contains(string(text), "newCall(") {
			t.Errorf("%s uses newCall and not tree.begin: %v", name, err)
		}
	}
}
