package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"codeoceanfs/remote/fault"
)

// keptFaults is how many failures errors.jsonl shows: enough to find the one
// that a program met, and few enough to read.
const keptFaults = 200

// A program that retries in a loop, or walks a tree of which nothing can be
// read, must not fill a disk. The log tells of one and the same failure, and of
// a token that is refused, whatever was asked for with it, once in logEvery; and
// of logAtOnce failures in that time at most. errors.jsonl has the others.
const (
	logEvery  = 10 * time.Second
	logAtOnce = 20
)

// Faults remembers the failures that programs saw. Its zero value is ready, and
// safe for concurrent use.
type Faults struct {
	mu     sync.Mutex // guards what follows
	total  int64
	last   []faultLine // at most keptFaults, oldest first
	logged map[string]time.Time
	window time.Time // since when the next two are counted
	told   int       // lines in the log
	untold int       // failures without one
}

type faultLine struct {
	Time  time.Time `json:"time"`
	Op    string    `json:"op"`
	Asset string    `json:"asset,omitempty"`
	Path  string    `json:"path,omitempty"`
	Errno string    `json:"errno"`
	Error string    `json:"error"`
	// The server's id of the request, for its support; also in Error.
	Request string `json:"request,omitempty"`
	Times   int    `json:"times,omitempty"` // how often in a row, if more than once
}

// Add remembers and logs that op failed with errno because of err.
func (f *Faults) Add(log *slog.Logger, op, asset, path string, errno syscall.Errno, err error) {
	line := faultLine{
		Time: time.Now(), Op: op, Asset: asset, Path: path,
		Errno: unix.ErrnoName(errno), Error: fault.Redact(err.Error()),
	}
	var e *fault.Error
	if errors.As(err, &e) {
		line.Request = fault.Redact(e.RequestID)
	}
	key := op + "\x00" + asset + "\x00" + path + "\x00" + line.Errno
	if errors.Is(err, fault.ErrToken) {
		key = "token"
	}
	tell, untold := f.add(key, line)
	if untold > 0 {
		log.Warn("more failures like these: the last ones are in control/errors.jsonl", "count", untold)
	}
	if tell {
		level := slog.LevelError
		if errors.Is(err, fault.ErrRefused) {
			level = slog.LevelWarn // an answer, and not a failure of anything
		}
		attrs := []any{"asset", asset, "path", path, "errno", line.Errno, "error", line.Error}
		if line.Request != "" {
			attrs = append(attrs, "request", line.Request)
		}
		log.Log(context.Background(), level, op+" failed", attrs...)
	}
}

// add reports whether the log should hear of it, and of how many before it the
// log has heard nothing.
func (f *Faults) add(key string, line faultLine) (tell bool, untold int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.total++
	if n := len(f.last); n > 0 && same(f.last[n-1], line) {
		f.last[n-1].Times = max(f.last[n-1].Times, 1) + 1
		f.last[n-1].Time = line.Time
	} else {
		f.last = append(f.last[max(0, n+1-keptFaults):], line)
	}
	if line.Time.Sub(f.window) >= logEvery {
		f.window, f.told, untold, f.untold = line.Time, 0, f.untold, 0
	}
	if line.Time.Sub(f.logged[key]) < logEvery {
		return false, untold
	}
	if f.told == logAtOnce {
		f.untold++
		return false, untold
	}
	f.told++
	if f.logged == nil || len(f.logged) >= keptFaults {
		f.logged = make(map[string]time.Time)
	}
	f.logged[key] = line.Time
	return true, untold
}

func same(a, b faultLine) bool {
	return a.Op == b.Op && a.Asset == b.Asset && a.Path == b.Path && a.Errno == b.Errno && a.Error == b.Error
}

// Total is how many failures there were.
func (f *Faults) Total() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.total
}

// JSONL is the failures one a line, and the time of the last.
func (f *Faults) JSONL() ([]byte, time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	var last time.Time
	for _, line := range f.last {
		lines.Encode(line) // a struct of strings into memory: cannot fail
		last = line.Time
	}
	return visible(b.Bytes()), last
}
