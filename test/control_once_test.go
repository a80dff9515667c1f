package test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// made counts the assets of a name that there are.
func (d *deployment) made(name string) (n int) {
	for _, id := range d.Assets() {
		if a, ok := d.Asset(id); ok && a.Name == name {
			n++
		}
	}
	return n
}

// TestOnce makes requests again, at once, and with their answers lost: each is
// carried out once.
func TestOnce(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	m := d.mount(t)
	expect := func(what string, err error, says string) {
		t.Helper()
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v", what, err)
		}
	}
	creates := func() int64 { return d.Requests("create") }
	for _, c := range []struct {
		what string
		do   func(name string)
		made int
		sent int64
	}{
		{"a request that is made again is answered, and not sent", func(name string) {
			expect("first", m.request("create", name, external(name)), "")
			expect("again", m.request("create", name, external(name)), "")
			expect("with other spaces", m.request("create", name, "\n "+strings.ReplaceAll(external(name), ": ", ":")), "")
		}, 1, 1},
		{"another request needs another key", func(name string) {
			expect("first", m.request("create", name, external(name)), "")
			expect("another", m.request("create", name, external("another of "+name)), "exit status")
			if r := m.result("create", name); r.Status != "done" {
				t.Errorf("the result of the first is lost: %+v", r)
			}
		}, 1, 1},
		{"a key is free when its request is forgotten", func(name string) {
			expect("first", m.request("create", name, external(name)), "")
			m.run("rm", m.path("control/create", name+".json"))
			expect("again", m.request("create", name, external(name)), "")
		}, 2, 2},
		{"a request that failed may be sent again", func(name string) {
			remove := d.Inject(emulator.Fault{Route: "create", Status: 400, Body: `{"message": "not today"}`})
			expect("first", m.request("create", name, external(name)), "exit status")
			remove()
			if r := m.result("create", name); r.Status != "failed" || r.Errno != "EINVAL" || !strings.Contains(r.Error, "not today") {
				t.Errorf("%+v", r)
			}
			expect("again", m.request("create", name, external(name)), "")
		}, 1, 2},
		{"a platform that is busy is waited for", func(name string) {
			defer d.Inject(emulator.Fault{Route: "create", Status: 429, Header: http.Header{"Retry-After": {"1"}}, Times: 2})()
			expect("first", m.request("create", name, external(name)), "")
		}, 1, 3},
		{"an answer that was lost is looked for, and not sent again", func(name string) {
			defer d.Inject(emulator.Fault{Route: "create", DropReply: true, Times: 1})()
			expect("first", m.request("create", name, external(name)), "")
			if r := m.result("create", name); r.Status != "done" || r.Asset.ID == "" {
				t.Errorf("%+v", r)
			}
			expect("again", m.request("create", name, external(name)), "")
		}, 1, 1},
		{"a create of which nobody knows is not sent again", func(name string) {
			remove := d.Inject(emulator.Fault{Route: "create", Handle: func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
				panic(http.ErrAbortHandler) // it was sent, and not carried out
			}})
			expect("first", m.request("create", name, external(name)), "exit status")
			remove()
			if r := m.result("create", name); r.Status != "unknown" || !strings.Contains(r.Hint, "not sent twice") {
				t.Errorf("%+v", r)
			}
		}, 0, 1},
		{"fifty who make one request make one asset", func(name string) {
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					if err := m.request("create", name, external(name)); err != nil && !strings.Contains(err.Error(), "exit status") {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			expect("after all", m.request("create", name, external(name)), "")
		}, 1, 1},
	} {
		t.Run(c.what, func(t *testing.T) {
			name := strings.ReplaceAll(c.what, " ", "-")
			before := creates()
			c.do(name)
			if n := d.made(name); n != c.made {
				t.Errorf("%d assets were made, not %d", n, c.made)
			}
			if n := creates() - before; n != c.sent {
				t.Errorf("%d requests were sent, not %d", n, c.sent)
			}
		})
	}
}

// TestManyAtOnce makes fifty different requests at once.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	m := d.mount(t)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if err := m.request("create", fmt.Sprint("k", i), external(fmt.Sprint("many ", i))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := d.Requests("create"); n != 50 {
		t.Errorf("%d creates were sent", n)
	}
	if got := strings.Count(m.run("ls", m.path("dataset")), "many "); got != 50 {
		t.Errorf("%d of them show", got)
	}
	if got := strings.Count(m.run("ls", m.path("control/create")), ".result.json"); got != 50 {
		t.Errorf("%d results show", got)
	}
}

// TestKilled kills the program at random moments while requests are made, and
// makes those again that were not answered: no asset is made twice, and none is
// lost that somebody was told of.
func TestKilled(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.SetShape(emulator.Shape{Latency: 5 * time.Millisecond})
	env := d.environment(t)
	point := t.TempDir()
	kills := 25
	if full() {
		kills = 200
	}
	rnd := rand.New(rand.NewPCG(7, 0))
	told, updated, archived := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i := range kills {
		m, err := d.tryMount(t, point, env)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("killed %d", i)
		time.AfterFunc(time.Duration(rnd.IntN(150))*time.Millisecond, func() { m.process.Kill() })
		for n := range 4 {
			one := fmt.Sprintf("%s %d", name, n)
			key := strings.ReplaceAll(one, " ", "-")
			if m.request("create", key, external(one)) != nil {
				continue
			}
			told[one] = true
			if m.request("update", key, fmt.Sprintf(`{"path": "dataset/%s", "tags_add": ["seen"]}`, one)) == nil {
				updated[one] = true
			}
			if m.request("archive", key, fmt.Sprintf(`{"path": "dataset/%s"}`, one)) == nil {
				archived[one] = true
			}
		}
		<-m.exited
		m.run("umount", "-l", point)
	}
	m, err := d.tryMount(t, point, env)
	if err != nil {
		t.Fatal(err)
	}
	// What was not answered is asked for again, as a script does: it is found, or
	// nobody knows, and in no case sent a second time.
	var wg sync.WaitGroup
	for _, key := range strings.Fields(m.run("ls", m.path("control/create"))) {
		if key, ok := strings.CutSuffix(key, ".result.json"); ok && m.result("create", key).Status == "unknown" {
			wg.Go(func() {
				err := m.request("create", key, external(strings.ReplaceAll(key, "-", " ")))
				if r := m.result("create", key); (err == nil) != (r.Status == "done") {
					t.Errorf("%s: %v, %+v", key, err, r)
				}
			})
		}
	}
	wg.Wait()
	twice, lost := 0, 0
	for i := range kills {
		for n := range 4 {
			name := fmt.Sprintf("killed %d %d", i, n)
			switch made := d.made(name); {
			case made > 1:
				twice++
				t.Errorf("%s was made %d times", name, made)
			case made == 0 && told[name]:
				lost++
				t.Errorf("%s was told of, and is lost", name)
			}
		}
	}
	for _, id := range d.Assets() {
		a, _ := d.Asset(id)
		if updated[a.Name] && !slices.Contains(a.Tags, "seen") || archived[a.Name] && !a.Archived {
			lost++
			t.Errorf("a change of %s was told of, and is lost", a.Name)
		}
	}
	var results []string
	for _, key := range strings.Fields(m.run("ls", m.path("control/create"))) {
		if key, ok := strings.CutSuffix(key, ".result.json"); ok {
			results = append(results, m.result("create", key).Status)
		}
	}
	figure(t, ofKills, "requests answered while the program was killed", fmt.Sprintf("%d in %d kills", len(told)+len(updated)+len(archived), kills), "200 kills", kills >= 200)
	figure(t, ofKills, "of them lost", lost, "0", lost == 0)
	figure(t, ofKills, "creates sent twice", twice, "0", twice == 0)
	if len(results) < len(told) {
		t.Errorf("%d results for %d requests that were answered", len(results), len(told))
	}
}

// mountTwice mounts for one user in two places: the mounts share a journal.
func (d *deployment) mountTwice(t *testing.T) (mounts [2]*mounted) {
	t.Helper()
	env := d.environment(t)
	for i := range mounts {
		m, err := d.tryMount(t, t.TempDir(), env)
		if err != nil {
			t.Fatal(err)
		}
		mounts[i] = m
	}
	return mounts
}

// TestTurns adds tags to one asset in many requests at once, in two mounts: none
// is undone by another that read the record before it.
func TestTurns(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.SetShape(emulator.Shape{Latency: 5 * time.Millisecond})
	mounts := d.mountTwice(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			body := fmt.Sprintf(`{"path": "dataset/MRI_721832_2024-02-11_09-30-00", "tags_add": ["turn%d"]}`, i)
			if err := mounts[i%2].request("update", fmt.Sprint("turn", i), body); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	a, _ := d.Asset("0ae6b5a3-79e7-575d-931c-0d77a8c13704")
	for i := range 20 {
		if tag := fmt.Sprint("turn", i); !slices.Contains(a.Tags, tag) {
			t.Errorf("%s is lost: %q", tag, a.Tags)
		}
	}
}

// TestKilledOnTheWay kills the program when an asset has moved away and nobody
// was told: the same request again finds the asset that it was about, and leaves
// another one alone that has the path by then.
func TestKilledOnTheWay(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	env, point := d.environment(t), t.TempDir()
	acted := make(chan bool, 10)
	remove := d.Inject(emulator.Fault{Route: "archive", Handle: func(_ http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(httptest.NewRecorder(), r)
		acted <- true
		<-r.Context().Done()
	}})
	m, err := d.tryMount(t, point, env)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.request("create", "way", external("on the way")); err != nil {
		t.Fatal(err)
	}
	const body = `{"path": "dataset/on the way"}`
	first := make(chan error, 1)
	go func() { first <- m.request("archive", "way", body) }()
	<-acted
	m.process.Kill()
	<-m.exited
	m.run("umount", "-l", point)
	if <-first == nil {
		t.Error("what was killed succeeded")
	}
	remove()
	if m, err = d.tryMount(t, point, env); err != nil {
		t.Fatal(err)
	}
	id := m.result("create", "way").Asset.ID
	if err := m.request("create", "other", external("on the way")); err != nil {
		t.Fatal(err)
	}
	if err := m.request("archive", "way", body); err != nil {
		t.Error(err)
	}
	if r := m.result("archive", "way"); r.Status != "done" || r.Asset.ID != id {
		t.Errorf("%+v, not about %s", r, id)
	}
	if a, _ := d.Asset(m.result("create", "other").Asset.ID); a.Archived {
		t.Error("another asset was archived")
	}
}

// TestRivals loses the answers to two creates that say the same, of which one was
// carried out: nobody can tell which, and not both are told of success.
func TestRivals(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	m := d.mount(t)
	var sent atomic.Int64
	defer d.Inject(emulator.Fault{Route: "create", Handle: func(_ http.ResponseWriter, r *http.Request, next http.Handler) {
		if sent.Add(1) == 1 {
			next.ServeHTTP(httptest.NewRecorder(), r)
		}
		panic(http.ErrAbortHandler)
	}})()
	var wg sync.WaitGroup
	var told atomic.Int64
	for i := range 2 {
		wg.Go(func() {
			if m.request("create", fmt.Sprint("rival", i), external("rivals")) == nil {
				told.Add(1)
			}
		})
	}
	wg.Wait()
	if told.Load() > 1 || sent.Load() != 2 {
		t.Errorf("%d were told of success, %d were sent", told.Load(), sent.Load())
	}
}

// TestPermissionsOfAnother copies the permissions of one asset into the file of
// another, and waits for a create that failed: neither is about another asset.
func TestPermissionsOfAnother(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	m := d.mount(t)
	const a = "0ae6b5a3-79e7-575d-931c-0d77a8c13704"
	if err := m.request("create", "b", external("b")); err != nil {
		t.Fatal(err)
	}
	b := m.result("create", "b").Asset.ID
	_, err := m.try("sh", "-c", `cat "$1" > "$2"`, "sh", m.path("control/permissions", a+".json"), m.path("control/permissions", b+".json"))
	if err == nil || !strings.Contains(err.Error(), "Invalid argument") {
		t.Errorf("a copy of another's: %v", err)
	}
	err = m.request("permissions", b, `{"path": "dataset/MRI_721832_2024-02-11_09-30-00", "users": [], "groups": [], "everyone": "viewer"}`)
	if n := d.Requests("permissions.set"); err == nil || n > 0 {
		t.Errorf("what is another's by its path: %v, %d were sent", err, n)
	}
	if err := m.request("update", "same", `{"id": "`+a+`", "tags_add": ["x"]}`); err != nil {
		t.Error(err)
	}
	if err := m.request("create", "same", `{}`); err == nil {
		t.Error("an empty create succeeded")
	}
	if out, err := m.try("cat", m.path("control/wait/same")); err == nil {
		t.Errorf("the wait gives %s", out)
	}
	// Commands that fail before they write leave room for others.
	m.run("sh", "-c", `for i in $(seq 120); do : > "$1/empty$i.json" || exit 1; done`, "sh", m.path("control/create"))
}

// TestNoKeys writes requests into files whose names are no keys: that is an error,
// and no success that does nothing, or does it each time.
func TestNoKeys(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	m := d.mount(t)
	for _, key := range []string{"caf\xe9", strings.Repeat("x", 230), "a\tb"} {
		for range 2 {
			if err := m.request("create", key, external("no key")); err == nil {
				t.Errorf("%q is a key", key)
			}
		}
		if _, err := m.try("sh", "-c", `echo '{}' > "$1.tmp" && mv "$1.tmp" "$1.json"`, "sh", m.path("control/create", key)); err == nil {
			t.Errorf("%q is a name for a request", key)
		}
	}
	for _, name := range []string{"mine", "mine.txt", "mine.JSON", "mine.jsn"} {
		if _, err := m.try("sh", "-c", `echo '{}' > "$1"`, "sh", m.path("control/create", name)); err == nil || !strings.Contains(err.Error(), "Invalid argument") {
			t.Errorf("%s takes a request: %v", name, err)
		}
	}
	if got := m.run("tail", "-1", m.path("control/errors.jsonl")); !strings.Contains(got, "a request is called KEY.json") {
		t.Errorf("the reason is %s", got)
	}
	if n := d.Requests("create"); n != 0 {
		t.Errorf("%d were sent", n)
	}
	if err := m.request("create", "café", external("a key")); err != nil {
		t.Error(err)
	}
}
