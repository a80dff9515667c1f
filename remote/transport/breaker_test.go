package transport

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"codeoceanfs/remote/fault"
)

var dialTime = Timeouts{}.WithDefaults().Dial

// network is one that can be unplugged: a RoundTripper of answers and errors.
type network struct {
	dial time.Duration          // how long a failure takes
	err  atomic.Value           // of type *error; nil inside: it works
	sent atomic.Int64           // requests that got to it
	conn *httptrace.GotConnInfo // of each request, if not nil
}

func (n *network) set(err error) { n.err.Store(&err) }

func (n *network) RoundTrip(req *http.Request) (*http.Response, error) {
	n.sent.Add(1)
	if n.conn != nil {
		httptrace.ContextClientTrace(req.Context()).GotConn(*n.conn)
	}
	if p, _ := n.err.Load().(*error); p != nil && *p != nil {
		select {
		case <-time.After(n.dial):
			return nil, *p
		case <-req.Context().Done():
			return nil, context.Cause(req.Context())
		}
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("x")), Request: req}, nil
}

// get asks host for something through rt, as often as r says.
func get(ctx context.Context, r *Retry, rt http.RoundTripper, host string) error {
	return r.Do(ctx, func(ctx context.Context, _ int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host, nil)
		if err != nil {
			return Final(err)
		}
		resp, err := rt.RoundTrip(req)
		if err != nil {
			return &fault.Error{Op: "get", Host: host, Kind: Kind(err), Err: err}
		}
		Drain(resp.Body)
		return nil
	})
}

func prompt() *Retry { return &Retry{Budget: 30 * time.Second, Patience: DownAfter} }

// within checks what a call took of the time and how it ended.
func within(t *testing.T, what string, least, most time.Duration, want error, call func() error) {
	t.Helper()
	start := time.Now()
	err := call()
	if took := time.Since(start); took < least || took > most {
		t.Errorf("%s: took %v, want %v to %v", what, took, least, most)
	}
	if want == nil && err != nil || !errors.Is(err, want) {
		t.Errorf("%s: error is %v, want %v", what, err, want)
	}
}

// The first call finds out; those after it fail at once; the first one 4 s later
// finds the host back.
func TestHostDown(t *testing.T) {
	for name, c := range map[string]struct {
		net   *network
		err   error
		first time.Duration // at most
	}{
		"refused":    {&network{}, refusedConn, 15 * time.Second},
		"black hole": {&network{dial: dialTime}, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, 17 * time.Second},
		"no name":    {&network{}, &net.DNSError{Err: "no such host", Name: "host", IsNotFound: true}, 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, rt := prompt(), Break(c.net)
				once := func() error { return get(t.Context(), r, rt, "host") }
				c.net.set(c.err)
				within(t, "first", DownAfter, c.first, fault.ErrUnreachable, once)
				sent := c.net.sent.Load()
				for range 100 {
					within(t, "next", 0, 0, fault.ErrUnreachable, once)
				}
				if err := once(); !strings.Contains(err.Error(), "host") || !errors.Is(err, c.err) {
					t.Errorf("error is %v", err)
				}
				if n := c.net.sent.Load() - sent; n != 0 {
					t.Errorf("%d requests to a host that is down", n)
				}
				time.Sleep(probeEvery)
				within(t, "probe", c.net.dial, c.net.dial, fault.ErrUnreachable, once)
				within(t, "after the probe", 0, 0, fault.ErrUnreachable, once)
				within(t, "other host", 0, 0, nil, func() error { c.net.set(nil); return get(t.Context(), r, rt, "other") })
				time.Sleep(probeEvery)
				within(t, "back", 0, 0, nil, once)
				c.net.set(c.err)
				within(t, "down again", DownAfter, c.first, fault.ErrUnreachable, once)
			})
		})
	}
}

// A network that is gone for five minutes: reads end within their budget, and
// no later one waits for more than is left of it; one a while after the network
// is back works at its first try.
func TestNetworkGoneForMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{}
		r, rt := new(Retry), Break(n)
		once := func() error { return get(t.Context(), r, rt, "host") }
		n.set(refusedConn)
		time.AfterFunc(5*time.Minute, func() { n.set(nil) })
		gone := time.Now()
		done := make(chan struct{})
		go func() {
			defer close(done)
			time.Sleep(40 * time.Second)
			within(t, "came during it", 19*time.Second, 26*time.Second, fault.ErrUnreachable, once)
		}()
		within(t, "first", 55*time.Second, 60*time.Second, fault.ErrUnreachable, once)
		<-done
		for time.Since(gone) < 5*time.Minute {
			within(t, "later", 0, 0, fault.ErrUnreachable, once)
			time.Sleep(time.Second)
		}
		back := time.Now()
		for once() != nil {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(back); took > probeEvery {
			t.Errorf("noticed %v after it was back", took)
		}
	})
}

// Whatever the length of an outage below their budget: reads that run into it,
// and reads that begin during it, end well, soon after it; so do listings if it
// is a laptop's change of network.
func TestOutageIsSurvived(t *testing.T) {
	for _, length := range []time.Duration{time.Second, 10 * time.Second, 20 * time.Second, 45 * time.Second} {
		t.Run(length.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &network{}
				reads, lists, rt := new(Retry), prompt(), Break(n)
				n.set(refusedConn)
				time.AfterFunc(length, func() { n.set(nil) })
				begin := time.Now()
				var wg sync.WaitGroup
				read := func(after time.Duration) {
					wg.Go(func() {
						time.Sleep(after)
						err := get(t.Context(), reads, rt, "host")
						// The probe, and a second look by those who met it on its way.
						if late := time.Since(begin) - length; err != nil || late > probeEvery+probeTime+200*time.Millisecond {
							t.Errorf("read begun after %v ended %v after the outage: %v", after, late, err)
						}
					})
				}
				for i := range 10 {
					read(time.Duration(i) * length / 10)
				}
				if length <= DownAfter {
					wg.Go(func() {
						if err := get(t.Context(), lists, rt, "host"); err != nil {
							t.Errorf("listing: %v", err)
						}
					})
				}
				wg.Wait()
			})
		})
	}
}

// A hundred callers ask a host that is down no more often than one does, and
// none is left behind when it is back.
func TestHundredCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{dial: dialTime}
		r, rt := new(Retry), Break(n)
		n.set(&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded})
		var wg sync.WaitGroup
		var good atomic.Int64
		for range 100 {
			wg.Go(func() {
				if get(t.Context(), r, rt, "host") == nil {
					good.Add(1)
				}
			})
		}
		time.Sleep(20 * time.Second)
		before := n.sent.Load()
		time.Sleep(20 * time.Second)
		if sent := n.sent.Load() - before; sent == 0 || sent > 3 {
			t.Errorf("%d requests in 20 s", sent)
		}
		n.set(nil)
		wg.Wait()
		if good.Load() != 100 {
			t.Errorf("%d of 100 succeeded", good.Load())
		}
	})
}

// What is not about reaching a host never makes it count as down.
func TestNotAnOutage(t *testing.T) {
	for name, err := range map[string]error{
		"reset":           syscall.ECONNRESET,
		"cut":             io.ErrUnexpectedEOF,
		"TLS handshake":   errors.New("net/http: TLS handshake timeout"),
		"certificate":     x509.UnknownAuthorityError{},
		"policy":          &net.OpError{Op: "dial", Err: fault.ErrRefused},
		"proxy's refusal": &fault.Error{Status: 429, Kind: fault.ErrUnreachable},
		"descriptors":     &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &network{}
				rt := Break(n)
				n.set(err)
				for i := range 60 {
					time.Sleep(time.Second)
					_, got := rt.RoundTrip(request(t, t.Context(), "http://host"))
					if got != err || n.sent.Load() != int64(i+1) {
						t.Fatalf("error is %v after %d requests", got, n.sent.Load())
					}
				}
			})
		})
	}
}

// Callers who leave tell nothing, and do not keep a probe's place.
func TestCallersWhoLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{dial: dialTime}
		rt := Break(n)
		n.set(&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded})
		leave := func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			before := n.sent.Load()
			if _, err := rt.RoundTrip(request(t, ctx, "http://host")); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error is %v", err)
			}
			if n.sent.Load() != before+1 {
				t.Error("nothing was sent")
			}
		}
		for range 30 {
			leave()
		}
		_ = get(t.Context(), prompt(), rt, "host") // now it is down
		time.Sleep(probeEvery)
		leave()
		within(t, "after a probe whose caller left", dialTime, dialTime, fault.ErrUnreachable,
			func() error { return get(t.Context(), prompt(), rt, "host") })
	})
}

// An outage ends with a sign of life, and not with what an old connection says.
func TestWhatEndsAnOutage(t *testing.T) {
	for name, c := range map[string]struct {
		conn *httptrace.GotConnInfo // nil: there was none
		err  error
		ends bool
	}{
		"an answer":               {nil, nil, true},
		"a new connection":        {&httptrace.GotConnInfo{}, syscall.ECONNRESET, true},
		"an old one":              {&httptrace.GotConnInfo{Reused: true}, syscall.ECONNRESET, false},
		"an answer on an old one": {&httptrace.GotConnInfo{Reused: true}, nil, true},
		"a bad certificate":       {nil, x509.UnknownAuthorityError{}, true},
		"no connection":           {nil, refusedConn, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &network{}
				rt := Break(n)
				n.set(refusedConn)
				_ = get(t.Context(), prompt(), rt, "host") // now it is down
				time.Sleep(probeEvery)
				n.set(c.err)
				n.conn = c.conn
				_, _ = rt.RoundTrip(request(t, t.Context(), "http://host"))
				n.set(refusedConn)
				_, err := rt.RoundTrip(request(t, t.Context(), "http://host"))
				var u *Unreachable
				if ended := err == nil || errors.As(err, &u) && u.Down == 0; ended != c.ends {
					t.Errorf("ended: %v, want %v", ended, c.ends)
				}
			})
		})
	}
}

// A stream that an outage cuts goes on where it was.
func TestStreamOutlastsAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{}
		rt := Break(n)
		left := 2 // answers until the network goes
		body := Resume(t.Context(), 0, 5, func(ctx context.Context, _, _ int64) (io.ReadCloser, error) {
			resp, err := rt.RoundTrip(request(t, ctx, "http://host"))
			if err != nil {
				return nil, err
			}
			if left--; left == 0 {
				n.set(refusedConn)
				time.AfterFunc(50*time.Second, func() { n.set(nil) })
			}
			return resp.Body, nil // one byte, and then it is cut
		}, new(Retry))
		defer body.Close()
		if got, err := io.ReadAll(body); string(got) != "xxxxx" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

// age makes all that rt knows d older, for tests with real sockets.
func age(rt http.RoundTripper, d time.Duration) {
	b := rt.(*Breaker)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.hosts {
		o.since, o.failed = o.since.Add(-d), o.failed.Add(-d)
	}
}

// The same over sockets: a server that is stopped, and started again.
func TestServerStoppedAndStarted(t *testing.T) {
	listen := func(addr string) net.Listener {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	arrived, slow := make(chan struct{}), make(chan struct{})
	start := func(l net.Listener) *http.Server {
		s := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				close(arrived)
				<-slow
			}
		})}
		go func() { _ = s.Serve(l) }()
		return s
	}
	l := listen("127.0.0.1:0")
	addr := l.Addr().String()
	s := start(l)
	under := local(t)
	breaks := Break(under)
	rt := Limit(Watch(breaks, Timeouts{}), DefaultMaxConns)
	// Far longer than anything here takes that does not wait for its end.
	r := &Retry{Base: time.Millisecond, Cap: 10 * time.Millisecond, Budget: time.Minute, Patience: time.Second}
	const soon = 10 * time.Second
	once := func() error { return get(t.Context(), r, rt, addr) }
	within(t, "up", 0, soon, nil, once)
	_ = s.Close()
	brief := &Retry{Base: time.Millisecond, Cap: 10 * time.Millisecond, Budget: 300 * time.Millisecond}
	within(t, "just stopped", 200*time.Millisecond, soon, fault.ErrUnreachable, func() error { return get(t.Context(), brief, rt, addr) })
	age(breaks, DownAfter)
	within(t, "first after 10 s", 0, soon, fault.ErrUnreachable, once)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() { within(t, "a hundred", 0, soon, fault.ErrUnreachable, once) })
	}
	wg.Wait()

	s = start(listen(addr))
	defer s.Close()
	if err := once(); !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), addr) {
		t.Errorf("before it is looked at again: %v", err)
	}
	age(breaks, probeEvery)
	// The probe need not have its answer: a connection is enough for the others.
	wg.Go(func() {
		resp, err := rt.RoundTrip(request(t, t.Context(), "http://"+addr+"/slow"))
		if err != nil {
			t.Errorf("probe: %v", err)
			return
		}
		Drain(resp.Body)
	})
	select {
	case <-arrived:
	case <-time.After(5 * time.Second):
		t.Fatal("the probe did not arrive")
	}
	within(t, "back", 0, soon, nil, once)
	close(slow)
	wg.Wait()
	for range 100 {
		wg.Go(func() { within(t, "all are back", 0, soon, nil, once) })
	}
	wg.Wait()
}
