package transport

import "time"

const (
	// DownAfter is how long a host must have been out of reach to count as down.
	// A laptop that changes its network, or a service that is started again, is
	// back by then, and until then every caller goes on asking as if alone: what
	// was fine a second ago does not fail at once.
	DownAfter = 10 * time.Second
	// downFailures is how many attempts must have failed by then. Two may be one
	// lost packet each. In a black hole, where each takes the time of a dial, a host
	// counts as down after 15 s.
	downFailures = 3
	// probeEvery is the distance of attempts while a host is down, of all callers
	// together: how late its return may be noticed, with a second for the answer.
	probeEvery = 4 * time.Second
	// probeTime is how soon others look again while one attempt is on its way: a
	// host that is back accepts a connection within it.
	probeTime = time.Second
	// forgetAfter is how long a failure tells about the present: an operation's
	// whole budget. Who comes later starts anew, and pays for finding out.
	forgetAfter = time.Minute
)

// outage is what failed attempts tell about one host, until it is reached
// again. It knows no clock and no network; its zero value is a host without
// failures.
type outage struct {
	since    time.Time // the first attempt failed
	failed   time.Time // the last one did
	failures int
	cause    error // of the last one
	probing  bool  // an attempt is on its way although the host is down
}

// down is how long the host has been down at now, or 0 when it does not count
// as down. What lies between since and failed is proven, and nothing else makes
// a host down; how long it has been down then includes the time since failed.
func (o *outage) down(now time.Time) time.Duration {
	if o.failures < downFailures || o.failed.Sub(o.since) < DownAfter || now.Sub(o.failed) > forgetAfter {
		return 0
	}
	return now.Sub(o.since)
}

// admit says whether an attempt may be made at now: wait is 0 then, and else how
// soon to ask again. An attempt that is a probe is told by ending it.
func (o *outage) admit(now time.Time) (wait time.Duration, probe bool) {
	switch rest := probeEvery - now.Sub(o.failed); {
	case o.down(now) == 0:
		return 0, false
	case o.probing:
		return probeTime, false
	case rest > 0:
		return rest, false
	}
	o.probing = true
	return 0, true
}

// fail counts an attempt that failed at now.
func (o *outage) fail(now time.Time, cause error) {
	if o.failures == 0 || now.Sub(o.failed) > forgetAfter {
		o.since, o.failures = now, 0
	}
	o.failures++
	o.failed, o.cause = now, cause
}
