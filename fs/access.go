package fs

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"codeoceanfs/remote/fault"
)

const (
	// recheckAccess is how long an asset that may be read is taken to be one.
	// What was read of it is in our caches, so that nothing else would show
	// that its owner has taken the right away.
	recheckAccess = 15 * time.Minute
	// retryAccess is how soon a question without an answer is asked again, and
	// accessPatience how long a program waits for one: the question is the
	// listing of a folder, which may be a large one.
	retryAccess    = 30 * time.Second
	accessPatience = 5 * time.Second
)

// errNoAnswer says nothing about an asset.
var errNoAnswer = errors.New("no answer yet")

// access remembers of which assets the platform has given, or refused, the
// data. What is cached needs no request, and so would be given out for ever:
// each open(2), lookup and opendir passes here instead. A program that has a
// file open reads on.
//
// A refusal holds for the refresh interval; then the platform is asked again.
// It is also asked when a read was refused, and when the token was replaced,
// which may be another user's now. When it does not answer, what it said last
// holds. The zero value is ready.
type access struct {
	flights singleflight.Group

	mu       sync.Mutex // guards what follows
	verdicts map[string]verdict
}

// verdict is what the platform has said last of one asset's data.
type verdict struct {
	refused error // nil: it may be read
	token   int64 // api.Client.TokenChanges then
	until   time.Time
	kept    time.Time // when it was kept on disk last
}

// checkAccess refuses an asset whose data may not be read now. One of which
// nothing was listed yet passes: to list it asks the platform.
func (t *tree) checkAccess(ctx context.Context, s *source) error {
	a, token := &t.access, t.dep.API.TokenChanges()
	a.mu.Lock()
	v, known := a.verdicts[s.asset.ID]
	a.mu.Unlock()
	switch {
	case !known:
		return nil
	case v.token == token && time.Now().Before(v.until):
		return v.refused
	}
	// One question for each token: the answer to one is not for the other's user.
	done := a.flights.DoChan(strconv.FormatInt(token, 10)+" "+s.asset.ID, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.cfg.Lookup)
		defer cancel()
		return nil, t.noteAccess(s, token, s.Allowed(ctx))
	})
	if v.token == token && v.refused == nil && !v.until.IsZero() {
		return nil // only its time is over: nobody waits
	}
	patience := time.NewTimer(accessPatience)
	defer patience.Stop()
	select {
	case r := <-done:
		return r.Err
	case <-patience.C:
		return t.noteAccess(s, token, errNoAnswer)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// noteAccess keeps the outcome of a call for the data of s, here and on disk,
// and returns what holds now.
func (t *tree) noteAccess(s *source, token int64, err error) error {
	refused := t.access.note(s.asset.ID, token, err, t.cfg.Refresh)
	if err == nil || refused != nil {
		t.keepAccess(s, refused)
	}
	return refused
}

// note keeps the outcome of a call for the data of an asset, and returns what
// holds now. Only an answer about this asset counts, and none to a token that
// was replaced since another answer came.
func (a *access) note(asset string, token int64, err error, refresh time.Duration) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	v := a.verdicts[asset]
	switch {
	case token < v.token:
		return v.refused
	case err == nil:
		v = verdict{token: token, until: time.Now().Add(recheckAccess), kept: v.kept}
	case fault.IsRefusal(err):
		v = verdict{
			refused: fmt.Errorf("the platform shows this asset and refuses its data (it is discoverable only, or not shared with you any more): %w", err),
			token:   token, until: time.Now().Add(refresh),
		}
	default:
		v.token, v.until = token, time.Now().Add(retryAccess)
	}
	if a.verdicts == nil {
		a.verdicts = make(map[string]verdict)
	}
	a.verdicts[asset] = v
	return v.refused
}

// keepEvery is how often it is kept on disk that an asset may be read: each
// folder that is listed says it again.
const keepEvery = time.Minute

// keepNow reports whether that is due, and counts it as done.
func (a *access) keepNow(asset string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	v, known := a.verdicts[asset]
	if !known || time.Since(v.kept) < keepEvery {
		return false
	}
	v.kept = time.Now()
	a.verdicts[asset] = v
	return true
}

// known reports whether anything was heard of an asset in this mount.
func (a *access) known(asset string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, known := a.verdicts[asset]
	return known
}

// restore takes it that an asset may be read until then, if nothing is known.
func (a *access) restore(asset string, until time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, known := a.verdicts[asset]; known {
		return
	}
	if a.verdicts == nil {
		a.verdicts = make(map[string]verdict)
	}
	a.verdicts[asset] = verdict{until: until}
}

// doubt makes the next look at an asset ask the platform, if err says that
// something of it was refused.
func (a *access) doubt(asset string, err error) {
	if !fault.IsRefusal(err) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if v, known := a.verdicts[asset]; known && v.refused == nil {
		v.until = time.Time{}
		a.verdicts[asset] = v
	}
}
