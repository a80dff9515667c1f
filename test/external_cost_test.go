package test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// costs are what programs do in a row, in one mount of an asset whose folder
// "many" holds 5,000 files, and how many requests of the store each takes.
var costs = []struct {
	name string
	run  string // in the asset's directory
	most int64
}{
	{"a known file of a huge folder that nobody listed is found in five requests", "stat many/f4999", 5},
	{"to read it takes one more", "cat many/f4999", 1},
	{"another file of the folder takes two", "stat many/f2500", 2},
	{"a name that is not there takes two", "! stat many/gone", 2},
	{"a name that desktops look for everywhere takes none", "! stat many/.DS_Store many/._f2500", 0},
	{"what was found takes none while the refresh interval lasts", "stat many/f4999; cat many/f4999", 0},
	{"to list the folder takes one for each thousand files", "ls many", 5},
	{"in a listed folder a file takes none", "stat many/f0000 many/f1234", 0},
	{"nor does a name that is not there", "! stat many/gone", 0},
	{"a file of a folder with few takes one", "stat deep/a", 1},
	{"and then its data alone, and others there none", "cat deep/a; stat deep/er", 1},
	{"a walk takes one for each folder that was not listed", "find .", 1},
}

// TestExternalCosts counts the requests that the store gets.
func TestExternalCosts(t *testing.T) {
	t.Parallel()
	d := serve(t)
	d.addExternal(t, "huge", "p", emulator.Bucket{Name: "huge", Region: "us-west-2", Public: true, Generate: []emulator.Generated{
		{Path: "p/many/f%04d", Count: []int{5000}, Size: 10},
		{Path: "p/deep/a", Text: "a"},
		{Path: "p/deep/er/b", Text: "b"},
	}})
	m := d.mount(t, "--refresh-interval", "1h")
	m.run("stat", m.path("dataset", "huge")) // the asset itself is the platform's
	for _, cost := range costs {
		d.ResetCounts()
		m.run("sh", "-c", `cd "$1" && { `+cost.run+`; }`, "-", m.path("dataset", "huge"))
		var asked int64
		var routes []string
		for route, count := range d.Counts() {
			if strings.HasPrefix(route, "s3.") {
				asked += count.Requests
				routes = append(routes, fmt.Sprintf("%s %d", route, count.Requests))
			}
		}
		if asked > cost.most {
			t.Errorf("%s: %d requests, not %d: %q", cost.name, asked, cost.most, routes)
		}
	}
}

// TestExternalOutage looks at the assets of one store while another does not
// answer, and a third is not there at all: they wait for neither.
func TestExternalOutage(t *testing.T) {
	t.Parallel()
	d := serve(t)
	for _, name := range []string{"well", "slow", "down"} {
		d.addExternal(t, name, "", emulator.Bucket{Name: name, Public: true, Generate: []emulator.Generated{{Path: "a", Text: "a"}}})
	}
	heal := d.Inject(emulator.Fault{Path: "/slow", Delay: time.Hour})
	defer heal()
	m := d.mountAs(t, t.TempDir(), "buckets:\n  down: {endpoint: \"http://127.0.0.1:1\"}\n  slow: {endpoint: \""+d.S3URL()+"\"}\n  well: {endpoint: \""+d.S3URL()+"\"}\n")
	slow, down := make(chan string, 1), make(chan string, 1)
	for name, ended := range map[string]chan string{"slow": slow, "down": down} {
		go func() {
			out, err := m.try("ls", m.path("dataset", name))
			ended <- fmt.Sprint(out, err)
		}()
	}
	eventually(t, "requests that wait", func() error {
		if d.Requests("s3.HeadBucket") == 0 {
			return errNotYet
		}
		return nil
	})
	start := time.Now()
	m.run("ls", "-l", m.path("dataset"))
	if got := m.run("cat", m.path("dataset", "well", "a")); got != "a" {
		t.Errorf("%q", got)
	}
	m.run("cat", m.path("dataset", "slow", ".meta.json"), m.path("dataset", "down", ".meta.json"))
	if took := time.Since(start); took > patience {
		t.Errorf("others took %s", took)
	}
	heal()
	if got := <-slow; got != "a\n<nil>" {
		t.Errorf("when it answers: %s", got)
	}
	if got := <-down; !strings.Contains(got, "No route to host") {
		t.Errorf("a store that is not there: %s", got)
	}
	m.told("127.0.0.1:1")
}
