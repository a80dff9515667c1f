package transport

import (
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"codeoceanfs/remote/fault"
)

// Break makes requests through rt to a host that is down fail at once, with the
// error of the last attempt, instead of each finding out anew. A host is down
// when nobody could reach it for [DownAfter]: no name, no route, no connection.
// An answer of any status, or a new connection, ends that; a connection that
// breaks or stalls says nothing, and neither does a caller who left. While a
// host is down, one request each 5 s is let through to see whether it is back.
//
// How long to wait for a host that is down is up to each caller, see
// [Retry.Patience]: errors of unreachable hosts are, or wrap, [*Unreachable].
func Break(rt http.RoundTripper) *Breaker {
	return &Breaker{next: rt, hosts: map[string]*outage{}}
}

// Unreachable is the error of a request that did not reach its host. It is the
// cause, in its own words; its kind is [fault.ErrUnreachable].
type Unreachable struct {
	Host string        // with its port if that is not the usual one
	Down time.Duration // for how long the host has been down, 0 if that is not sure yet
	Err  error

	next time.Duration // not before will anything be sent; 0: this was sent
}

// Error implements error.
func (u *Unreachable) Error() string { return u.Err.Error() }

// Unwrap implements the errors package's interface.
func (u *Unreachable) Unwrap() error { return u.Err }

// Breaker is what [Break] makes. It is safe for concurrent use.
type Breaker struct {
	next http.RoundTripper

	mu    sync.Mutex // guards hosts and what is in it
	hosts map[string]*outage
}

// RoundTrip implements http.RoundTripper.
func (b *Breaker) RoundTrip(req *http.Request) (*http.Response, error) {
	host := req.URL.Host
	probe, err := b.admit(host)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	if probe != nil {
		defer b.probed(probe)
	}
	var reused atomic.Bool
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(c httptrace.GotConnInfo) {
			// The answer may take long; the way there is proven now.
			if reused.Store(c.Reused); !c.Reused {
				b.reached(host)
			}
		},
	})
	resp, err := b.next.RoundTrip(req.WithContext(ctx))
	switch {
	case err == nil:
		b.reached(host)
	case req.Context().Err() != nil, ours(err):
	case unreached(err):
		return nil, b.failed(host, err)
	case !reused.Load(): // it got somewhere, and failed there
		b.reached(host)
	}
	return resp, err
}

// admit lets a request through, as a probe if the host is down, or says why not.
func (b *Breaker) admit(host string) (probe *outage, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.hosts[host]
	if o == nil {
		return nil, nil
	}
	now := time.Now()
	wait, isProbe := o.admit(now)
	switch {
	case wait > 0:
		return nil, &Unreachable{Host: host, Down: o.down(now), Err: o.cause, next: wait}
	case isProbe:
		return o, nil
	}
	return nil, nil
}

// probed ends a probe, whatever it brought.
func (b *Breaker) probed(o *outage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o.probing = false
}

func (b *Breaker) reached(host string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.hosts, host)
}

func (b *Breaker) failed(host string, cause error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	o := b.hosts[host]
	if o == nil {
		for h, o := range b.hosts { // hosts that nobody asks any more
			if now.Sub(o.failed) > forgetAfter {
				delete(b.hosts, h)
			}
		}
		o = new(outage)
		b.hosts[host] = o
	}
	o.fail(now, cause)
	return &Unreachable{Host: host, Down: o.down(now), Err: cause}
}

// Outage is a host that nobody has reached since some time, for people to see.
type Outage struct {
	Host     string    `json:"host"` // with its port if that is not the usual one
	Since    time.Time `json:"since"`
	Attempts int       `json:"attempts"`
	Error    string    `json:"error"` // of the last attempt
}

// Outages are the hosts that could not be reached when they were last asked, in
// the last minute.
func (b *Breaker) Outages() (all []Outage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for host, o := range b.hosts {
		if time.Since(o.failed) <= forgetAfter {
			all = append(all, Outage{host, o.since, o.failures, o.cause.Error()})
		}
	}
	return all
}

// unreached reports whether err says that the host could not be connected to. A
// proxy that answers was, and has said what it thinks by a status.
func unreached(err error) bool {
	var e *fault.Error
	return Unsent(err) && !(errors.As(err, &e) && e.Status != 0)
}

// ours reports whether err is about this machine, which ran out of descriptors.
func ours(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
