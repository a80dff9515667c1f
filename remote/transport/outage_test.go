package transport

import (
	"testing"
	"time"
)

// What becomes of a host, second by second.
func TestOutage(t *testing.T) {
	const free, probe = "", "probe"
	type step struct {
		at   float64 // seconds
		fail bool    // an attempt fails then; else somebody asks
		want string  // the answer to who asks: free, probe, or the wait
	}
	fail := func(at float64) step { return step{at: at, fail: true} }
	ask := func(at float64, want string) step { return step{at: at, want: want} }
	for name, steps := range map[string][]step{
		"no failure":               {ask(0, free)},
		"many at once":             {fail(0), fail(0), fail(0), fail(0), fail(0.1), ask(1, free)},
		"not long enough":          {fail(0), fail(3), fail(6), fail(9.9), ask(9.9, free)},
		"long, but two":            {fail(0), fail(11), ask(11, free)},
		"nobody asked since":       {fail(0), fail(1), fail(2), ask(30, free)},
		"down":                     {fail(0), fail(5), fail(10), ask(10, "4s"), ask(13, "1s"), ask(14, probe)},
		"one probe at a time":      {fail(0), fail(5), fail(10), ask(15, probe), ask(15, "1s"), ask(19, "1s")},
		"a probe failed":           {fail(0), fail(5), fail(10), ask(15, probe), fail(20), ask(20, "4s"), ask(25, probe)},
		"still down after a while": {fail(0), fail(5), fail(10), ask(70, probe), ask(70, "1s")},
		"long ago":                 {fail(0), fail(5), fail(10), ask(71, free), ask(71, free)},
		"anew":                     {fail(0), fail(5), fail(10), fail(71), fail(72), fail(80), ask(80, free), fail(81), ask(81, "4s")},
	} {
		t.Run(name, func(t *testing.T) {
			var o outage
			for _, s := range steps {
				now := time.Unix(1e9, 0).Add(time.Duration(s.at * float64(time.Second)))
				if s.fail {
					o.probing = false
					o.fail(now, refusedConn)
					continue
				}
				wait, isProbe := o.admit(now)
				got := free
				switch {
				case isProbe:
					got = probe
				case wait > 0:
					got = wait.String()
				}
				if got != s.want {
					t.Errorf("at %v: %q, want %q", s.at, got, s.want)
				}
			}
		})
	}
}

func TestOutageSaysForHowLong(t *testing.T) {
	var o outage
	begin := time.Unix(1e9, 0)
	for _, s := range []time.Duration{0, 9, 10} {
		if d := o.down(begin.Add(s * time.Second)); d != 0 {
			t.Errorf("down for %v after %d failures", d, o.failures)
		}
		o.fail(begin.Add(s*time.Second), refusedConn)
	}
	if d := o.down(begin.Add(40 * time.Second)); d != 40*time.Second {
		t.Errorf("down for %v", d)
	}
}
