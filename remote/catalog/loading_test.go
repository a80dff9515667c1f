package catalog_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/fault"
)

// listing tells the searches of a load from those for a name.
func listing(s search) bool { return s.SortField != "" }

// hold makes listings wait from that page of the plain one on, until release.
func hold(p *platform, page int) (release func()) {
	gate := make(chan struct{})
	seen := 0
	p.do(func() {
		p.gate = func(s search) chan struct{} {
			if !listing(s) || s.Archived {
				return nil
			}
			if seen++; seen <= page {
				return nil
			}
			return gate
		}
	})
	return sync.OnceFunc(func() { close(gate) })
}

// holdAll makes every listing wait, that of the archive too.
func holdAll(p *platform) (release func()) {
	gate := make(chan struct{})
	p.do(func() {
		p.gate = func(s search) chan struct{} {
			if listing(s) {
				return gate
			}
			return nil
		}
	})
	return sync.OnceFunc(func() { close(gate) })
}

const long = "ecephys_655019_2023-04-03_18-10-10"

func TestLookupWhileLoading(t *testing.T) {
	p := newPlatform(t)
	p.plainArchived = true
	p.add(uuid(1), long+"_sorted", 10)
	p.add(uuid(2), long, 20)
	p.add(uuid(3), "short", 30)
	p.add(uuid(4), "a/b: \"c\"", 40)
	p.add(uuid(5), "put away", 50)
	p.archive(uuid(5), true)
	p.add(uuid(6), "twice", 60)
	p.add(uuid(7), "twice", 70)
	p.add(uuid(8), "twice", 55)
	p.archive(uuid(8), true)
	p.add(uuid(9), strings.Repeat("word ", 60)+"end", 90)
	release := holdAll(p)
	defer release()
	c := run(t, p, catalog.Config{})

	wantID(t, c, long, uuid(2))
	wantID(t, c, "short", uuid(3))
	wantID(t, c, "a%2Fb: \"c\"", uuid(4))
	wantID(t, c, "twice", uuid(6))
	wantID(t, c, "twice@00000007", uuid(7))
	wantID(t, c, strings.Repeat("word ", 60)[:246]+"@00000009", uuid(9))
	if e, err := c.Lookup(soon(t), true, api.Dataset, "put away"); err != nil || !e.Archived {
		t.Errorf("archived: %+v, %v", e, err)
	}
	if e, err := c.ByID(soon(t), uuid(7)); err != nil || e.Dir != "twice@00000007" {
		t.Errorf("ByID: %+v, %v", e, err)
	}
	searches, _ := p.counts()
	n := len(searches)
	wantID(t, c, long, uuid(2)) // known by now
	if searches, _ := p.counts(); len(searches) != n || n > 40 {
		t.Errorf("%d searches, then %d", n, len(searches))
	}
	if c.Status().Loaded {
		t.Error("Loaded, though the listing hangs")
	}

	release()
	wantDirs(t, c, false, "a%2Fb: \"c\"", long, long+"_sorted", "short", "twice", "twice@00000007",
		strings.Repeat("word ", 60)[:246]+"@00000009")
	wantDirs(t, c, true, "put away", "twice")
}

func TestSearchProvesNothing(t *testing.T) {
	p := newPlatform(t)
	p.add(uuid(1), "unfindable", 1)
	release := holdAll(p)
	defer release()
	gate := p.gate
	p.do(func() { // searches for a name find nothing, listings do
		p.gate = func(s search) chan struct{} {
			p.hidden[uuid(1)] = !listing(s)
			return gate(s)
		}
	})
	c := run(t, p, catalog.Config{})

	for _, name := range []string{"unfindable", "no such thing", "@01234567"} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err := c.Lookup(ctx, false, api.Dataset, name)
		cancel()
		if errors.Is(err, fault.ErrNotExist) || fault.KindOf(err) != fault.ErrTimeout {
			t.Errorf("Lookup(%q) before the listing is complete: %v, want a timeout", name, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := c.List(ctx, false, api.Dataset); fault.KindOf(err) != fault.ErrTimeout {
		t.Errorf("List before the listing is complete: %v, want a timeout", err)
	}
	// A name that no text is written as needs no listing.
	wantNone(t, c, false, "%41")

	found := make(chan string)
	go func() {
		e, _ := c.Lookup(soon(t), false, api.Dataset, "unfindable")
		found <- e.Dir
	}()
	p.do(func() { p.hidden = map[string]bool{}; p.gate = nil })
	release()
	if got := <-found; got != "unfindable" {
		t.Errorf("after the listing: %q", got)
	}
	wantNone(t, c, false, "no such thing")
}

func TestWhatIsLoadedNeedsNoSearch(t *testing.T) {
	p := newPlatform(t)
	for i := range 1500 {
		p.add(uuid(i), "m", i)
	}
	release := hold(p, 1)
	defer release()
	c := run(t, p, catalog.Config{})
	for c.Status().Listed < 900 {
		time.Sleep(time.Millisecond)
	}
	wantID(t, c, "m", uuid(0)) // the oldest, which comes first
	searches, _ := p.counts()
	for _, s := range searches {
		if s.Query != "" { // the load's own, which goes on, have none
			t.Errorf("%+v", s)
		}
	}
	if _, err := c.Lookup(t.Context(), false, api.Dataset, "m@00000003"); err != nil {
		t.Error(err)
	}
}

func TestLookupWhileLoadingARestrictedView(t *testing.T) {
	p := newPlatform(t)
	p.add(uuid(1), "mouse", 1)
	p.add(uuid(2), "rat", 2)
	release := holdAll(p)
	defer release()
	c := run(t, p, catalog.Config{Query: "mouse"})
	for _, name := range []string{"mouse", "rat"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := c.Lookup(ctx, false, api.Dataset, name)
		if cancel(); fault.KindOf(err) != fault.ErrTimeout {
			t.Errorf("Lookup(%q): %v", name, err)
		}
	}
	release()
	wantID(t, c, "mouse", uuid(1))
	wantNone(t, c, false, "rat")
}

// TestNameGivenEarlyStays: a program may have that path open.
func TestNameGivenEarlyStays(t *testing.T) {
	p := newPlatform(t)
	p.add(uuid(1), "mouse", 1)
	p.add(uuid(2), "mouse", 2)
	release := holdAll(p)
	defer release()
	p.do(func() { p.hidden[uuid(1)] = true })
	c := run(t, p, catalog.Config{})
	wantID(t, c, "mouse", uuid(2))
	p.do(func() { p.hidden[uuid(1)] = false })
	release()
	wantDirs(t, c, false, "mouse", "mouse@00000001")
	wantID(t, c, "mouse", uuid(2))
	wantID(t, c, "mouse@00000001", uuid(1))
}

func TestFailedLoad(t *testing.T) {
	p := newPlatform(t)
	p.add(uuid(1), "mouse", 1)
	p.do(func() { p.status = 403 })
	c := run(t, p, catalog.Config{Refresh: time.Millisecond})
	for what, err := range map[string]error{
		"List":   second(c.List(soon(t), false, api.Dataset)),
		"Lookup": second(c.Lookup(soon(t), false, api.Dataset, "mouse")),
	} {
		if !errors.Is(err, fault.ErrRefused) {
			t.Errorf("%s: %v, want ErrRefused", what, err)
		}
	}
	if st := c.Status(); st.Loaded || st.LastError == "" {
		t.Errorf("Status = %+v", st)
	}
	p.do(func() { p.status = 0 })
	if err := c.Refresh(soon(t)); err != nil { // at once, not when the retry is due
		t.Fatal(err)
	}
	wantDirs(t, c, false, "mouse")
	if st := c.Status(); st.LastError != "" {
		t.Errorf("Status = %+v", st)
	}
}

func second[T any](_ T, err error) error { return err }

func TestStopEndsEveryWait(t *testing.T) {
	p := newPlatform(t)
	release := holdAll(p)
	defer release()
	c, stop := runStop(t, p, catalog.Config{})
	errs := make(chan error, 3)
	go func() { _, err := c.List(context.Background(), false, api.Dataset); errs <- err }()
	go func() { _, err := c.Lookup(context.Background(), false, api.Dataset, "x"); errs <- err }()
	go func() { errs <- c.Refresh(context.Background()) }()
	stop()
	for range 3 {
		select {
		case err := <-errs:
			if err == nil || errors.Is(err, fault.ErrNotExist) {
				t.Errorf("after the end: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("still waiting")
		}
	}
}

func TestOneCallersEndIsNotTheOthers(t *testing.T) {
	p := newPlatform(t)
	p.add(uuid(1), "mouse", 1)
	release := holdAll(p)
	defer release()
	arrived, gate := make(chan struct{}, 10), make(chan struct{})
	listings := p.gate
	p.do(func() {
		p.gate = func(s search) chan struct{} {
			if !listing(s) {
				arrived <- struct{}{}
				return gate
			}
			return listings(s)
		}
	})
	c := run(t, p, catalog.Config{})
	impatient, leave := context.WithCancel(t.Context())
	first, other := make(chan error), make(chan error)
	go func() { first <- second(c.Lookup(impatient, false, api.Dataset, "mouse")) }()
	<-arrived
	go func() { other <- second(c.Lookup(soon(t), false, api.Dataset, "mouse")) }()
	leave()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the one who left: %v", err)
	}
	close(gate)
	if err := <-other; err != nil {
		t.Errorf("the one who stayed: %v", err)
	}
}

func TestQueries(t *testing.T) {
	for _, c := range []struct {
		name string
		want []string
	}{
		{"short", []string{`name:"short"`, `"short"`}},
		{"two words", []string{`name:"two words"`, `"two words"`, "two words"}},
		{long, []string{`"` + long + `"`, "ecephys 655019 2023"}},
		{"a%2Fb \"c\" name:x", []string{`name:"a/b  c  name:x"`, `"a/b  c  name:x"`, "a b name"}},
		{"mouse@01234567", []string{`name:"mouse"`, `"mouse"`}},
		{strings.Repeat("w", 120) + " " + strings.Repeat("x", 125) + "@01234567", []string{strings.Repeat("w", 120)}},
		{"@01234567", nil},
		{"--", nil},
		{"%41", nil},
	} {
		if got := catalog.Queries(c.name); !slices.Equal(got, c.want) {
			t.Errorf("queries(%q) = %q, want %q", c.name, got, c.want)
		}
	}
}
