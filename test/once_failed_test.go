package test

import (
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// TestFailuresAreWaitedForOnce has calls fail that the kernel makes twice for
// one of a program: a read that it does with more than was asked for, and a
// lookup of a name that it knows.
func TestFailuresAreWaitedForOnce(t *testing.T) {
	t.Parallel()
	d := serve(t)
	d.addExternal(t, "lab", "", emulator.Bucket{Name: "lab", Public: true, Generate: []emulator.Generated{
		{Path: "large", Size: 3 << 20}, {Path: "small", Size: 40_000},
	}})
	const budget = 4 * time.Second
	m := d.mount(t, "--refresh-interval", "1s", "--cache-size", "0", "--read-timeout", budget.String(), "--metadata-timeout", budget.String())
	fails := func(name string, args ...string) {
		t.Helper()
		began := time.Now()
		if out, err := m.try(args[0], args[1:]...); err == nil {
			t.Errorf("%s: %q", name, out)
		}
		if took := time.Since(began); took > budget*3/2 {
			t.Errorf("%s took %v", name, took)
		}
	}
	for _, file := range []string{"large", "small"} {
		m.run("stat", m.path("dataset", "lab", file))
	}
	heal := d.Inject(emulator.Fault{Route: "s3.GetObject", StallAfter: -1})
	for _, file := range []string{"large", "small"} {
		fails("a read of "+file, "head", "-c", "10", m.path("dataset", "lab", file))
	}
	heal()
	m.run("stat", m.path("dataset", "lab", "large"))
	heal = d.Inject(emulator.Fault{Path: "/lab", Delay: time.Hour})
	time.Sleep(2 * time.Second) // until it is not taken as it was
	fails("a lookup", "stat", m.path("dataset", "lab", "large"))
	heal()
	eventually(t, "it heals", func() error {
		_, err := m.try("cat", m.path("dataset", "lab", "large"), m.path("dataset", "lab", "small"))
		return err
	})
}
