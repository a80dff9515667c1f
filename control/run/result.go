package run

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"codeoceanfs/control/journal"
	"codeoceanfs/control/request"
	"codeoceanfs/remote/fault"
)

// Result is how a request is doing, as its file shows it.
type Result struct {
	Status    journal.State  `json:"status"`
	Errno     string         `json:"errno,omitempty"`
	Error     string         `json:"error,omitempty"`
	Hint      string         `json:"hint,omitempty"`
	Asset     *journal.Asset `json:"asset,omitempty"`
	Submitted time.Time      `json:"submitted"`
	Finished  *time.Time     `json:"finished,omitempty"`
}

// refusal is a request that was not begun: what came of it, and its body, as it
// may be shown, for an editor to mend.
type refusal struct {
	Result
	body []byte
}

// maxRefused bounds the refusals that are remembered, and maxKept their bodies.
const (
	maxRefused = 200
	maxKept    = 64 << 10
)

// Refuse remembers a request that was not begun, for its result to be read,
// unless there is one of that name. It returns e.
func (r *Runner) Refuse(id journal.ID, e *Error, body []byte) error {
	if _, ok, _ := r.cfg.Journal.Get(id); ok {
		return e
	}
	if body = request.Conceal(body); len(body) > maxKept {
		body = nil
	}
	now := time.Now().UTC()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.refused) >= maxRefused {
		clear(r.refused)
	}
	r.refused[id] = refusal{Result{
		Status: journal.Failed, Errno: unix.ErrnoName(e.Errno), Error: fault.Redact(e.Err.Error()), Hint: e.Hint,
		Submitted: now, Finished: &now,
	}, body}
	return e
}

// forgive drops the refusal of that name, if there is one.
func (r *Runner) forgive(id journal.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.refused, id)
}

// Result is what is known of a request, and its body as it may be shown; false
// if it was never made.
func (r *Runner) Result(id journal.ID) (Result, []byte, bool, error) {
	r.mu.Lock()
	refused, ok := r.refused[id]
	r.mu.Unlock()
	if ok {
		return refused.Result, refused.body, true, nil
	}
	rec, ok, err := r.cfg.Journal.Get(id)
	if !ok || err != nil {
		return Result{}, nil, false, err
	}
	return r.result(rec), rec.Request, true, nil
}

func (r *Runner) result(rec journal.Record) Result {
	res := Result{
		Status: rec.State, Errno: rec.Errno, Error: rec.Error, Hint: rec.Hint,
		Asset: rec.Asset, Submitted: rec.Submitted, Finished: rec.Finished,
	}
	if r.cfg.Journal.Interrupted(rec) {
		res.Status = journal.Unknown
		res.Hint = "the mount that sent it was killed: " + askAgain
	}
	if res.Asset != nil {
		asset := *res.Asset
		if e, ok := r.dep.Catalog.Known(asset.ID); ok { // nothing is asked: there are results by the thousand
			asset.State, asset.Path = string(e.State), Path(e)
		}
		res.Asset = &asset
	}
	return res
}

// Keys are the requests of a verb that there are.
func (r *Runner) Keys(verb request.Verb) (map[string]Result, error) {
	all, err := r.cfg.Journal.All()
	if err != nil {
		return nil, err
	}
	keys := map[string]Result{}
	for _, rec := range all {
		if rec.Verb == verb {
			keys[rec.Key] = r.result(rec)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, res := range r.refused {
		if id.Verb == verb {
			keys[id.Key] = res.Result
		}
	}
	return keys, nil
}

// Forget drops what is known of a request. It changes no asset.
func (r *Runner) Forget(id journal.ID) error {
	r.forgive(id)
	_, err := r.cfg.Journal.Forget(id)
	if errors.Is(err, journal.ErrRuns) {
		return &Error{Errno: syscall.EBUSY, Err: err}
	}
	if err != nil {
		return &Error{Errno: syscall.EIO, Err: err}
	}
	return nil
}
