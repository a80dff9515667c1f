// Package run carries out requests to change assets: each once, with its outcome
// in the journal, and with what it changed made known to the catalog before
// anybody is told of success.
//
//	Submit ── decode, check ── journal: begin ── send ── catalog ── journal: end
//	             │                │ it is there                        │
//	             └── refused      └── answered, taken, busy, recover ──┘
//
// A request runs to its end, within a budget of its own, whoever stops waiting
// for it.
package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"codeoceanfs/control/journal"
	"codeoceanfs/control/request"
	"codeoceanfs/remote"
	"codeoceanfs/remote/fault"
)

// budget is the longest a request may take: what writes it waits as long, and a
// write that takes over a minute looks like one that hangs.
const budget = 55 * time.Second

// Config says what may be done. Deployment, Journal and Errno are needed.
type Config struct {
	Deployment *remote.Deployment
	Journal    *journal.Journal
	// Errno is how an error of the platform shows to programs.
	Errno func(error) syscall.Errno

	// Point is where the mount is: a path that begins with it is one in the mount.
	Point string

	AllowDelete   bool
	AllowTransfer bool
	Logger        *slog.Logger // nil logs nothing
}

// Runner is safe for concurrent use.
type Runner struct {
	cfg    Config
	dep    *remote.Deployment
	log    *slog.Logger
	life   context.Context
	end    context.CancelFunc
	active sync.WaitGroup
	schema schema

	mu      sync.Mutex // guards what follows
	refused map[journal.ID]refusal
}

// New returns a Runner.
func New(cfg Config) *Runner {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	life, end := context.WithCancel(context.Background())
	return &Runner{
		cfg: cfg, dep: cfg.Deployment, log: cfg.Logger, life: life, end: end,
		refused: map[journal.ID]refusal{},
	}
}

// Close waits for requests that run, until ctx ends; those that are left then
// are interrupted, and found by the next mount.
func (r *Runner) Close(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		r.active.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	r.end()
	<-done
}

// Submit carries out the request that body is, once for its key. It returns when
// that is done, or with ctx's error when ctx ends first: then the request goes
// on. Every other error is an [*Error].
func (r *Runner) Submit(ctx context.Context, verb request.Verb, key string, body []byte) error {
	id := journal.ID{Verb: verb, Key: key}
	req, err := request.Decode(verb, body)
	if err != nil {
		return r.Refuse(id, &Error{Errno: syscall.EINVAL, Err: err}, body)
	}
	if err := r.allowed(verb); err != nil {
		return r.Refuse(id, err, body)
	}
	rec := journal.Record{ID: id, Sum: req.Sum, Request: req.Shown}
	before, decision, err := r.cfg.Journal.Begin(rec)
	if err != nil {
		return r.Refuse(id, &Error{Errno: syscall.EIO, Hint: "nothing was sent", Err: err}, body)
	}
	switch decision {
	case journal.Answered:
		return nil
	case journal.Taken:
		return fail(syscall.EEXIST, "use another key, or rm this one to make room",
			"%s/%s.json is another request, which is %s", verb, key, before.State)
	case journal.Busy:
		return fail(syscall.EBUSY, "wait for it", "%s/%s.json is being carried out", verb, key)
	case journal.Recover:
		rec = before
	}
	r.forgive(id)
	return r.wait(ctx, func(ctx context.Context) error { return r.finish(ctx, req, rec, decision == journal.Recover) })
}

// allowed are the flags' word about a verb.
func (r *Runner) allowed(verb request.Verb) *Error {
	switch {
	case verb == request.Delete && !r.cfg.AllowDelete:
		return fail(syscall.EPERM, "mount with --allow-delete", "this mount does not delete assets")
	case verb == request.Transfer && !r.cfg.AllowTransfer:
		return fail(syscall.EPERM, "mount with --allow-transfer", "this mount does not transfer assets")
	}
	return nil
}

// wait runs work to its end, in the background, and waits for that or for ctx.
func (r *Runner) wait(ctx context.Context, work func(context.Context) error) error {
	done := make(chan error, 1)
	r.active.Go(func() {
		ctx, cancel := context.WithTimeout(r.life, budget)
		defer cancel()
		done <- work(ctx)
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// finish carries out a request whose line is in the journal, and writes what
// became of it.
func (r *Runner) finish(ctx context.Context, req *request.Request, rec journal.Record, again bool) error {
	if again {
		r.log.Info("looking for what became of a request", "verb", rec.Verb, "key", rec.Key)
	}
	asset, err := r.carryOut(ctx, req, rec, again)
	if again && err != nil && stillUnknown(rec.Verb, err) {
		err = &fault.Error{Op: "find out what became of a request", Kind: fault.ErrUnknown, Err: err}
		if asset == nil {
			asset = rec.Asset
		}
	}
	rec.Asset, rec.State, rec.Errno, rec.Error, rec.Hint = asset, journal.Done, "", "", ""
	var failed *Error
	if err != nil {
		failed = concealed(r.explain(err), req)
		rec.State = journal.Failed
		if errors.Is(err, fault.ErrUnknown) {
			rec.State = journal.Unknown
		}
		rec.Errno, rec.Error, rec.Hint = unix.ErrnoName(failed.Errno), fault.Redact(failed.Err.Error()), failed.Hint
	}
	if err := r.cfg.Journal.End(rec); err != nil {
		// It has happened, or not: the next Begin will ask the platform.
		r.log.Error("the outcome of a request is not in the journal", "verb", rec.Verb, "key", rec.Key, "status", rec.State, "error", err)
	}
	if failed != nil {
		return failed
	}
	r.log.Info("request carried out", "verb", rec.Verb, "key", rec.Key, "asset", asset.ID)
	return nil
}

// survive, deferred, makes of a mistake of ours an outcome that nobody knows,
// where it would end the mount.
func (r *Runner) survive(op string, err *error) {
	if what := recover(); what != nil {
		r.log.Error("panic in a request: please report this", "panic", fault.Redact(fmt.Sprint(what)), "stack", string(debug.Stack()))
		*err = &fault.Error{Op: op, Kind: fault.ErrUnknown}
	}
}

// carryOut does what is asked for.
func (r *Runner) carryOut(ctx context.Context, req *request.Request, rec journal.Record, again bool) (asset *journal.Asset, err error) {
	defer r.survive(string(req.Verb), &err)
	if req.Verb == request.Create {
		return r.create(ctx, req, rec, again)
	}
	id, err := r.which(ctx, req, rec)
	if err != nil {
		return nil, err
	}
	switch req.Verb {
	case request.Update:
		var done func()
		if done, err = r.cfg.Journal.Turn(ctx, id); err == nil {
			err = r.update(ctx, id, req.Update)
			done()
		}
	case request.Archive, request.Unarchive:
		err = r.archive(ctx, id, req.Verb == request.Archive)
	case request.Permissions:
		err = r.dep.API.SetPermissions(ctx, id, *req.Permissions)
	case request.Delete:
		err = r.remove(ctx, id, again)
	case request.Transfer:
		err = r.transfer(ctx, id, *req.Transfer, rec.Submitted, again)
	}
	if err != nil {
		return &journal.Asset{ID: id}, err
	}
	return r.asset(ctx, id), nil
}

// which is the asset that a request is about. A path is looked up once, and what
// it led to is in the journal before anything is sent: once the request is
// carried out, the path may lead nowhere, or to another asset.
func (r *Runner) which(ctx context.Context, req *request.Request, rec journal.Record) (string, error) {
	if rec.Asset != nil {
		return rec.Asset.ID, nil
	}
	id, err := r.Resolve(ctx, req.ID, req.Path)
	if err != nil || req.Path == "" {
		return id, err
	}
	rec.Asset = &journal.Asset{ID: id}
	if err := r.cfg.Journal.Note(rec); err != nil {
		return "", &Error{Errno: syscall.EIO, Hint: "nothing was sent", Err: err}
	}
	return id, nil
}
