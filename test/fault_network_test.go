package test

import (
	"crypto/tls"
	"net/http"
	"strconv"
	"strings"
	"time"

	"codeoceanfs/remote/emulator"
)

// gone are the errnos of a host that cannot be reached.
var gone = []string{"EHOSTUNREACH", "ETIMEDOUT", "EIO"}

// bothWays does the same to the way to the platform and to the store.
func bothWays(does, undoes func(*proxy)) func(*rig) func() {
	return func(r *rig) func() {
		does(r.api)
		does(r.store)
		return func() {
			undoes(r.api)
			undoes(r.store)
		}
	}
}

func nothing(*proxy) {}

var networkFaults = []faultRow{
	{
		number: 1, fault: "connections are refused: reads fail within their time, and go on when they are not",
		run: phases{begin: bothWays((*proxy).refuse, (*proxy).listen), ends: gone, late: true, lines: 4, says: "refused"}.run,
	},
	{
		number: 2, long: true, fault: "connections are not answered at all: reads fail within their time",
		run: phases{begin: bothWays((*proxy).blackHole, (*proxy).listen), ends: gone, late: true, lines: 4}.run,
	},
	{
		number: 3, fault: "a connection goes silent in the middle of an answer: what is missing is asked for again, and no byte twice",
		run: resumes(emulator.Fault{StallAfter: 70_000}),
	},
	{
		number: 4, long: true, fault: "an answer comes a byte at a time: the read fails within its time",
		run: lasts(emulator.Fault{Drip: 700 * time.Millisecond}, "ETIMEDOUT", "EIO"),
	},
	{
		number: 5, fault: "connections are reset in the middle of an answer: it is resumed where it broke off",
		run: resumes(emulator.Fault{CutAfter: 70_000, Reset: true}),
	},
	{
		number: 6, fault: "an answer ends before its length: it is resumed where it broke off",
		run: resumes(emulator.Fault{CutAfter: 70_000}),
	},
	{
		number: 7, fault: "an answer without a length ends early: it is found too short, and resumed",
		run: resumes(emulator.Fault{CutAfter: 70_000, NoLength: true}),
	},
	{
		number: 8, fault: "every answer takes half a second: reads are slower, and right",
		run: phases{begin: slowed(emulator.Shape{Latency: 500 * time.Millisecond}), ends: []string{"ok"}}.run,
	},
	{
		number: 9, fault: "the network carries 1 Mbit/s: nothing is given up while bytes flow",
		run: phases{begin: slowed(emulator.Shape{TotalRate: 125_000}), ends: []string{"ok"}}.run,
	},
	{
		number: 10, fault: "names do not resolve: what needs the platform fails, the message names the host, and it heals",
		run: namesFail, root: true,
	},
	{
		number: 11, fault: "the platform moves to another address: it is looked up again",
		run: addressMoves, root: true,
	},
	{
		number: 12, fault: "the first of several addresses is dead: another one is taken",
		run: firstAddressDead, root: true,
	},
	{
		number: 13, long: true, fault: "the network is gone for longer than any call waits, and comes back: reads succeed within seconds",
		run: networkGone, held: []string{"TestNetworkGoneForMinutes", "TestOutageIsSurvived"},
	},
	{
		number: 14, fault: "connections that were kept are dead, as after a suspend: nobody notices",
		run: allOf(
			phases{begin: bothWays((*proxy).freeze, nothing), ends: []string{"ok"}}.run,
			phases{begin: bothWays((*proxy).reset, nothing), ends: []string{"ok"}}.run,
		),
	},
	{
		number: 15, fault: "the platform's certificate has expired, is another host's, or of nobody known: it is not mounted, at once",
		run: badCertificates, held: []string{"TestCertificates"},
	},
	{
		number: 16, fault: "a bit flips in an encrypted answer: it is noticed, and asked for again",
		run: encryptedFlip,
	},
	{
		number: 17, fault: "a web proxy is the only way out, wants a login, and is down: it is used, and named in the message",
		run: webProxied, held: []string{"TestProxyThatWantsALogin", "TestProxyOnThisMachineIsTrusted"},
	},
	{
		number: 18, fault: "a login page answers everything with success: no byte of it is taken for data",
		run: loginPage,
	},
	{
		number: 19, fault: "500 readers at once share the connections that there may be",
		run: crowded,
	},
}

func slowed(s emulator.Shape) func(*rig) func() {
	return func(r *rig) func() {
		r.SetShape(s)
		return func() { r.SetShape(emulator.Shape{}) }
	}
}

// resumes is an answer that breaks off after 70,000 bytes: the next request is
// for what comes after them.
func resumes(f emulator.Fault) func(*rig) {
	return func(r *rig) {
		resumed := map[string]int{}
		begin := func(r *rig) func() {
			f.Times = 1
			r.Inject(emulator.Fault{Route: "s3.GetObject", Match: func(req *http.Request) bool {
				from, _, _ := strings.Cut(strings.TrimPrefix(req.Header.Get("Range"), "bytes="), "-")
				if from == strconv.Itoa(16<<20+70_000) {
					r.outcome.mu.Lock()
					resumed[req.URL.Path]++
					r.outcome.mu.Unlock()
				}
				return false
			}})
			return r.injectEach(f, "middle")
		}
		phases{begin: begin, ends: []string{"ok"}, most: 8}.run(r)
		r.outcome.mu.Lock()
		defer r.outcome.mu.Unlock()
		if len(resumed) != 2 {
			r.t.Errorf("resumed where it broke off: %v", resumed)
		}
	}
}

// networkGone takes the network away for two budgets, or five minutes.
func networkGone(r *rig) {
	down := 2*r.read + time.Second
	if full() {
		down = 5 * time.Minute
	}
	phases{ends: gone, within: down, late: true, lines: int(down/(10*time.Second)) + 3, begin: func(r *rig) func() {
		r.api.refuse()
		r.store.refuse()
		s := r.open("internal", "middle")
		defer s.close()
		folder := r.nextFolder()
		for start := time.Now(); time.Since(start) < down; {
			said, took := s.read(32<<20, 64<<10)
			if r.outcome.faulty(said, took); !contains(gone, said) || took > r.read+slack {
				r.t.Errorf("while it is gone: %s after %s", said, took)
			}
			_, err := r.answersWithin(r.metadata, "ls", folder)
			if err == nil {
				r.t.Error("a folder that nobody knows was listed")
			}
			time.Sleep(100 * time.Millisecond)
		}
		return func() {
			r.api.listen()
			r.store.listen()
		}
	}}.run(r)
	eventually(r.t, "the folder", func() error {
		_, err := r.m.try("ls", r.lastFolder())
		return err
	})
}

func badCertificates(r *rig) {
	ca, other := newAuthority(r.t), newAuthority(r.t)
	for what, c := range map[string]struct {
		conf *tls.Config
		says string
	}{
		"expired":      {ca.config(r.t, -time.Hour, "127.0.0.1"), "certificate"},
		"another host": {ca.config(r.t, time.Hour, "elsewhere.test"), "certificate"},
		"unknown":      {other.config(r.t, time.Hour, "127.0.0.1"), "certificate"},
	} {
		p := newProxy(r.t, c.conf)
		p.to(hostOf(r.APIURL()))
		env := append(r.environment(r.t), "CODEOCEAN_DOMAIN="+p.url(), "SSL_CERT_FILE="+ca.file)
		start := time.Now()
		_, err := r.tryMount(r.t, r.t.TempDir(), env, r.flags...)
		r.outcome.faulty("not mounted", time.Since(start))
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "exit status 32") {
			r.t.Errorf("%s: %v", what, err)
		}
	}
	for route, n := range r.Counts() {
		if n.Requests > 0 {
			r.t.Errorf("%d requests of %s were sent to a stranger", n.Requests, route)
		}
	}
}

// encryptedFlip puts the store behind TLS, and a flip in front of that.
func encryptedFlip(r *rig) {
	ca := newAuthority(r.t)
	front := newProxy(r.t, ca.config(r.t, time.Hour, hostOnly(r.store.addr)))
	front.to(hostOf(r.S3URL()))
	r.store.to(front.addr)
	r.name(strings.Replace(r.store.url(), "http:", "https:", 1))
	r.mountWith([]string{"SSL_CERT_FILE=" + ca.file}, "--cache-size", "0", "--s3-endpoint", "https://"+r.store.addr)
	for _, asset := range assets {
		phases{assets: []string{asset}, ends: []string{"ok"}, begin: func(r *rig) func() {
			r.store.reset() // the answer to come is on a new connection
			r.store.flipByte(100_000)
			return func() {
				r.store.mu.Lock()
				defer r.store.mu.Unlock()
				if r.store.flip != 0 {
					r.t.Error("no byte was flipped")
				}
			}
		}}.run(r)
	}
}

// webProxied gives platform and store names that only a web proxy knows.
func webProxied(r *rig) {
	ca := newAuthority(r.t)
	api, store := newProxy(r.t, ca.config(r.t, time.Hour, "api.faults.test")), newProxy(r.t, ca.config(r.t, time.Hour, "store.faults.test"))
	api.to(hostOf(r.APIURL()))
	store.to(hostOf(r.S3URL()))
	r.name("https://store.faults.test")
	w := newWebProxy(r.t, map[string]string{"api.faults.test:443": api.addr, "store.faults.test:443": store.addr})
	r.mountWith([]string{"CODEOCEAN_DOMAIN=https://api.faults.test", "HTTPS_PROXY=http://" + w.addr, "SSL_CERT_FILE=" + ca.file},
		"--cache-size", "0", "--s3-endpoint", "https://store.faults.test")
	if w.to("api.faults.test:443") == 0 || w.to("store.faults.test:443") == 0 {
		r.t.Error("the proxy was gone around")
	}
	phases{ends: gone, says: "proxy", begin: func(*rig) func() {
		w.refuse(http.StatusProxyAuthRequired)
		api.reset()
		store.reset()
		return func() { w.refuse(0) }
	}}.run(r)
}

// loginPage is what a hotel's network says to everything.
func loginPage(r *rig) {
	page := emulator.Fault{Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>please log in</html>"}
	phases{ends: []string{"EIO", "ETIMEDOUT"}, most: 60, begin: func(r *rig) func() {
		heal := r.Inject(page)
		out, err := r.answersWithin(r.metadata, "ls", r.nextFolder())
		if err == nil {
			r.t.Errorf("a login page was listed: %q", out)
		}
		return heal
	}}.run(r)
	if out := r.m.run("ls", r.lastFolder()); out != "f\n" {
		r.t.Errorf("after it: %q", out)
	}
}

func crowded(r *rig) {
	r.mount("--memory-limit", "64M", "--cache-size", "0", "--read-timeout", "1m")
	stop := r.bystander("internal")
	over, most := make(chan struct{}), make(chan int64)
	go func() {
		peak := int64(0)
		for tick := time.Tick(10 * time.Millisecond); ; {
			select {
			case <-tick:
				_, now := r.Conns()
				peak = max(peak, now.Open)
			case <-over:
				most <- peak
				return
			}
		}
	}()
	for _, asset := range assets {
		start := time.Now()
		if _, err := r.m.helper("crowd", r.file(asset, "middle"), contentName(asset, "middle"), "500", strconv.Itoa(middleSize)); err != nil {
			r.t.Error(err)
		}
		r.outcome.faulty("ok", time.Since(start))
	}
	stop()
	close(over)
	// 32 for signed URLs, and as many for buckets. One that was given up may be
	// open at the store's end a little longer.
	if peak := <-most; peak > 2*32+8 {
		r.t.Errorf("%d connections at once", peak)
	}
	r.leftNothing()
}
