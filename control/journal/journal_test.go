package journal_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"codeoceanfs/control/journal"
	"codeoceanfs/control/request"
)

func open(t *testing.T, dir string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func closed(t *testing.T, j *journal.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

func rec(key, sum string) journal.Record {
	return journal.Record{ID: journal.ID{Verb: request.Create, Key: key}, Sum: sum, Request: []byte(`{"name":"n"}`)}
}

func begin(t *testing.T, j *journal.Journal, r journal.Record) journal.Decision {
	t.Helper()
	_, d, err := j.Begin(r)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func end(t *testing.T, j *journal.Journal, r journal.Record, s journal.State) {
	t.Helper()
	r.State = s
	if err := j.End(r); err != nil {
		t.Fatal(err)
	}
}

// What is decided about the same request, and about another with its key, in
// every state it can be in: in this process, in another, and after a kill.
func TestOnce(t *testing.T) {
	for _, c := range []struct {
		state       string
		bring       func(t *testing.T, first *journal.Journal) // makes the state
		same, other journal.Decision
	}{
		{"new", func(*testing.T, *journal.Journal) {}, journal.Run, journal.Run},
		{"runs", func(t *testing.T, j *journal.Journal) { begin(t, j, rec("k", "a")) }, journal.Busy, journal.Busy},
		{"done", func(t *testing.T, j *journal.Journal) {
			begin(t, j, rec("k", "a"))
			end(t, j, rec("k", "a"), journal.Done)
		}, journal.Answered, journal.Taken},
		{"failed", func(t *testing.T, j *journal.Journal) {
			begin(t, j, rec("k", "a"))
			end(t, j, rec("k", "a"), journal.Failed)
		}, journal.Run, journal.Run},
		{"unknown", func(t *testing.T, j *journal.Journal) {
			begin(t, j, rec("k", "a"))
			end(t, j, rec("k", "a"), journal.Unknown)
		}, journal.Recover, journal.Taken},
		{"killed", func(t *testing.T, j *journal.Journal) {
			begin(t, j, rec("k", "a"))
			closed(t, j) // without an end: as a process that is killed
		}, journal.Recover, journal.Taken},
		{"forgotten", func(t *testing.T, j *journal.Journal) {
			begin(t, j, rec("k", "a"))
			end(t, j, rec("k", "a"), journal.Done)
			if was, err := j.Forget(rec("k", "").ID); !was || err != nil {
				t.Errorf("forget: %t, %v", was, err)
			}
		}, journal.Run, journal.Run},
	} {
		for body, want := range map[string]journal.Decision{"a": c.same, "b": c.other} {
			dir := t.TempDir()
			first := open(t, dir)
			c.bring(t, first)
			second := open(t, dir) // another process
			if got := begin(t, second, rec("k", body)); got != want {
				t.Errorf("%s: the request %s: %v, want %v", c.state, body, got, want)
			}
			closed(t, second)
			if c.state != "killed" {
				closed(t, first)
			}
		}
	}
}

// Of any number that begin one request, in several processes, one sends it.
func TestOneRuns(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, dir), open(t, dir)
	defer closed(t, a)
	defer closed(t, b)
	var mu sync.Mutex
	count := map[journal.Decision]int{}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			j := a
			if i%2 == 0 {
				j = b
			}
			_, d, err := j.Begin(rec("k", "a"))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			count[d]++
		})
	}
	wg.Wait()
	if count[journal.Run] != 1 || count[journal.Busy] != 19 {
		t.Errorf("%v", count)
	}
}

// Records are there after a restart, in order, with what was said at their end.
func TestAll(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	for i := range 5 {
		r := rec(fmt.Sprint("k", i), "a")
		begin(t, j, r)
		r.Asset, r.Hint = &journal.Asset{ID: "id"}, "a hint"
		end(t, j, r, journal.Done)
	}
	closed(t, j)
	j = open(t, dir)
	defer closed(t, j)
	all, err := j.All()
	if err != nil || len(all) != 5 {
		t.Fatalf("%d records, %v", len(all), err)
	}
	for i, r := range all {
		if r.Key != fmt.Sprint("k", i) || r.State != journal.Done || r.Asset.ID != "id" || r.Hint != "a hint" || r.Finished == nil || r.Submitted.IsZero() {
			t.Errorf("%+v", r)
		}
	}
	if st, err := os.Stat(filepath.Join(dir, "journal.jsonl")); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "alive-*")); len(left) != 1 {
		t.Errorf("%d locks of processes, want our own", len(left))
	}
}

// Wherever the machine stops, what was on disk before is read, and what is
// written after.
func TestTorn(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	begin(t, j, rec("one", "a"))
	end(t, j, rec("one", "a"), journal.Done)
	closed(t, j)
	name := filepath.Join(dir, "journal.jsonl")
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.Collect(strings.Lines(string(whole)))
	if len(lines) != 2 {
		t.Fatalf("%q", lines)
	}
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(name, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		j := open(t, dir)
		want := journal.Run
		switch {
		case cut >= len(whole)-1:
			want = journal.Answered
		case cut >= len(lines[0])-1:
			want = journal.Recover
		}
		if got := begin(t, j, rec("one", "a")); got != want {
			t.Fatalf("cut at %d: %v, want %v", cut, got, want)
		}
		begin(t, j, rec("two", "b"))
		end(t, j, rec("two", "b"), journal.Done)
		closed(t, j)
		j = open(t, dir)
		if got := begin(t, j, rec("two", "b")); got != journal.Answered {
			t.Fatalf("cut at %d: what was written behind it is lost: %v", cut, got)
		}
		closed(t, j)
	}
}

// A long journal is written anew, and other processes follow.
func TestCompact(t *testing.T) {
	dir := t.TempDir()
	other := open(t, dir)
	defer closed(t, other)
	begin(t, other, rec("before", "a"))
	end(t, other, rec("before", "a"), journal.Done)
	name := filepath.Join(dir, "journal.jsonl")
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat(string(whole), 1+(5<<20)/len(whole))
	if err := os.WriteFile(name, []byte(long), 0o600); err != nil {
		t.Fatal(err)
	}
	j := open(t, dir)
	defer closed(t, j)
	if st, err := os.Stat(name); err != nil || st.Size() > 1<<10 {
		t.Errorf("%v, %v", st.Size(), err)
	}
	begin(t, j, rec("after", "a"))
	end(t, j, rec("after", "a"), journal.Done)
	for _, key := range []string{"before", "after"} {
		if got := begin(t, other, rec(key, "a")); got != journal.Answered {
			t.Errorf("%s: %v", key, got)
		}
	}
}

func TestForgetRunning(t *testing.T) {
	j := open(t, t.TempDir())
	defer closed(t, j)
	begin(t, j, rec("k", "a"))
	if _, err := j.Forget(rec("k", "").ID); err == nil {
		t.Error("a request that runs is forgotten")
	}
	if was, err := j.Forget(rec("none", "").ID); was || err != nil {
		t.Errorf("%t, %v", was, err)
	}
}

// What became of a request is looked for by one at a time, who may forget it no
// sooner than that one knows.
func TestOneRecovers(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, dir), open(t, dir)
	defer closed(t, a)
	defer closed(t, b)
	begin(t, a, rec("k", "a"))
	end(t, a, rec("k", "a"), journal.Unknown)
	if got := begin(t, a, rec("k", "a")); got != journal.Recover {
		t.Fatalf("the first: %v", got)
	}
	for _, j := range []*journal.Journal{a, b} {
		if got := begin(t, j, rec("k", "a")); got != journal.Busy {
			t.Errorf("another: %v", got)
		}
		if _, err := j.Forget(rec("k", "").ID); !errors.Is(err, journal.ErrRuns) {
			t.Errorf("forget: %v", err)
		}
	}
	end(t, a, rec("k", "a"), journal.Done)
	if got := begin(t, b, rec("k", "a")); got != journal.Answered {
		t.Errorf("afterwards: %v", got)
	}
}

// A request whose end cannot be written is one that was interrupted: it does not
// run for ever.
func TestEndNotWritten(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	defer closed(t, j)
	begin(t, j, rec("k", "a"))
	file, aside := filepath.Join(dir, "journal.jsonl"), filepath.Join(dir, "aside")
	for _, err := range []error{os.Rename(file, aside), os.Mkdir(file, 0o700)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := j.End(rec("k", "a")); err == nil {
		t.Error("the end was written into a directory")
	}
	for _, err := range []error{os.Remove(file), os.Rename(aside, file)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := begin(t, j, rec("k", "a")); got != journal.Recover {
		t.Errorf("afterwards: %v", got)
	}
}

// Of any number who want one asset's turn, in two processes, one has it.
func TestTurn(t *testing.T) {
	dir := t.TempDir()
	var journals []*journal.Journal
	for range 2 {
		j := open(t, dir)
		t.Cleanup(func() { closed(t, j) })
		journals = append(journals, j)
	}
	var wg sync.WaitGroup
	var inside, other atomic.Int32
	for i := range 20 {
		wg.Go(func() {
			done, err := journals[i%2].Turn(t.Context(), "a")
			if err != nil {
				t.Error(err)
				return
			}
			defer done()
			if inside.Add(1) != 1 {
				t.Error("two have the turn")
			}
			if i == 7 {
				if done, err := journals[0].Turn(t.Context(), "b"); err == nil {
					other.Add(1) // another asset's is free
					done()
				}
			}
			inside.Add(-1)
		})
	}
	wg.Wait()
	if other.Load() != 1 {
		t.Error("no turn at another asset")
	}
	done, err := journals[0].Turn(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := journals[1].Turn(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("who waits no longer: %v", err)
	}
}
