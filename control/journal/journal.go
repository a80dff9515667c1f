// Package journal keeps, on disk, what became of each request to change assets:
// one line before it is sent, one when it has ended. A request is known by its
// verb and key, and is carried out once, however often it is made, whichever
// process makes it, and whenever one of them is killed:
//
//	Begin ── line on disk ── the request is sent ── End ── line on disk
//	          │ killed: not sent, or sent │
//	          └──── the next Begin finds it: Recover ────┘
//
// The journal belongs to one user of one deployment. Any number of processes
// may have it open: a lock on the file orders their lines, and each learns those
// of the others before it adds its own. Each process also holds a lock of its
// own for as long as it lives, so that the others can tell a request that runs
// from one whose process is gone.
package journal

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	fileName = "journal.jsonl"
	// lockTime is how long to wait for another process's line, which takes it
	// one write and one sync.
	lockTime = 10 * time.Second
	// lockPoll is how often to look whether the lock is free. A lock that waits
	// by itself cannot be given up.
	lockPoll = 5 * time.Millisecond
)

// ErrBusy is a lock on the journal that is not let go.
var ErrBusy = errors.New("the journal is locked by another process")

// Journal is safe for concurrent use.
type Journal struct {
	dir   string
	owner string   // of this process's requests
	alive *os.File // locked while this process lives
	// active are the requests, by ID, that this process carries out now.
	active sync.Map

	mu      sync.Mutex // guards what follows, and is held while the file is locked
	file    *os.File
	read    int64 // how much of it is in records
	records map[ID]Record
}

// Open opens the journal in dir, which is made if it is missing, for this user
// alone.
func Open(dir string) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	j := &Journal{dir: dir, owner: newOwner(), records: map[ID]Record{}}
	// Others look for the dead under the same lock: none takes us for one of them.
	err := j.locked(func() error {
		if err := j.live(); err != nil {
			return fmt.Errorf("open the journal: %w", err)
		}
		j.removeDead()
		return j.compact()
	})
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// live takes the lock that says that this process lives.
func (j *Journal) live() (err error) {
	if j.alive, err = os.OpenFile(j.ownerFile(j.owner), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	return syscall.Flock(int(j.alive.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// Close lets the journal go. Requests that this process has not ended are taken
// for interrupted.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var err error
	if j.file != nil {
		err = j.file.Close()
	}
	if j.alive == nil {
		return err
	}
	return errors.Join(err, os.Remove(j.alive.Name()), j.alive.Close())
}

// Begin is the decision about a request that is to be carried out: with Run its
// line is on disk, and it may be sent. With Recover it is this caller's as well:
// until End nobody else looks for what became of it, or forgets it.
func (j *Journal) Begin(r Record) (before Record, d Decision, err error) {
	err = j.locked(func() error {
		var known bool
		before, known = j.records[r.ID]
		d = decide(before, known, r, j.runs(before))
		switch d {
		case Run:
			r.Submitted = time.Now().UTC()
		case Recover:
			r = before
		default:
			return nil
		}
		return j.run(r)
	})
	return before, d, err
}

// Note writes what has been found out about a request that runs.
func (j *Journal) Note(r Record) error {
	return j.locked(func() error {
		if was, ok := j.records[r.ID]; ok {
			r.Submitted = was.Submitted
		}
		return j.run(r)
	})
}

// run writes that this process carries r out.
func (j *Journal) run(r Record) error {
	r.State, r.Owner, r.Finished = Running, j.owner, nil
	r.Errno, r.Error, r.Hint = "", "", ""
	if err := j.append(line{Record: r}); err != nil {
		return err
	}
	j.active.Store(r.ID, true)
	return nil
}

// End writes what became of a request. If it cannot be written, the request is
// one that was interrupted.
func (j *Journal) End(r Record) error {
	defer j.active.Delete(r.ID)
	now := time.Now().UTC()
	r.Finished, r.Owner = &now, ""
	return j.locked(func() error {
		if was, ok := j.records[r.ID]; ok {
			r.Submitted = was.Submitted
		}
		return j.append(line{Record: r})
	})
}

// Forget drops the record of a request, so that its key is free, and reports
// whether there was one. One that runs stays.
func (j *Journal) Forget(id ID) (was bool, err error) {
	err = j.locked(func() error {
		r, ok := j.records[id]
		if !ok {
			return nil
		}
		if was = true; r.State == Running && j.runs(r) {
			return ErrRuns
		}
		return j.append(line{Record: Record{ID: id}, Forgotten: true})
	})
	return was, err
}

// ErrRuns is a request that cannot be forgotten, because it runs.
var ErrRuns = errors.New("the request is being carried out")

// Get is the record of a request.
func (j *Journal) Get(id ID) (Record, bool, error) {
	var r Record
	var ok bool
	err := j.locked(func() error {
		r, ok = j.records[id]
		return nil
	})
	return r, ok, err
}

// All are the records, in order of their submission.
func (j *Journal) All() ([]Record, error) {
	var all []Record
	err := j.locked(func() error {
		for _, r := range j.records {
			all = append(all, r)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Record) int {
		if c := a.Submitted.Compare(b.Submitted); c != 0 {
			return c
		}
		return strings.Compare(string(a.Verb)+"/"+a.Key, string(b.Verb)+"/"+b.Key)
	})
	return all, err
}

// Interrupted reports whether r was left running by a process that is gone.
func (j *Journal) Interrupted(r Record) bool { return r.State == Running && !j.runs(r) }

// runs reports whether a process that lives is carrying r out.
func (j *Journal) runs(r Record) bool {
	if r.State != Running || r.Owner != j.owner {
		return r.State == Running && j.isAlive(r.Owner)
	}
	_, active := j.active.Load(r.ID)
	return active
}

func (j *Journal) append(l line) error {
	raw, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	raw = append(raw, '\n')
	// A line that was cut off by a crash must not swallow this one.
	if j.read > 0 {
		last := make([]byte, 1)
		if _, err := j.file.ReadAt(last, j.read-1); err == nil && last[0] != '\n' {
			raw = append([]byte{'\n'}, raw...)
		}
	}
	_, err = j.file.WriteAt(raw, j.read)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		// What is not surely on disk has not happened, for nobody.
		return fmt.Errorf("write the journal: %w", errors.Join(err, j.file.Truncate(j.read)))
	}
	j.read += int64(len(raw))
	replay(raw, j.records)
	return nil
}

func newOwner() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (j *Journal) ownerFile(owner string) string {
	return filepath.Join(j.dir, "alive-"+owner)
}

// isAlive reports whether the process of that name lives: it holds its lock.
func (j *Journal) isAlive(owner string) bool {
	if owner == "" || strings.ContainsAny(owner, "/.") {
		return false
	}
	f, err := os.Open(j.ownerFile(owner))
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// removeDead removes the locks of processes that are gone.
func (j *Journal) removeDead() {
	names, _ := filepath.Glob(filepath.Join(j.dir, "alive-*"))
	for _, name := range names {
		if owner := strings.TrimPrefix(filepath.Base(name), "alive-"); owner != j.owner && !j.isAlive(owner) {
			_ = os.Remove(name)
		}
	}
}
