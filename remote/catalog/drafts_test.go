package catalog_test

import (
	"testing"
	"time"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
)

func TestDraftsTurnReady(t *testing.T) {
	p := newPlatform(t)
	now := int(time.Now().Unix())
	p.add(uuid(1), "draft", now, "state", "draft")
	p.add(uuid(2), "doomed", now, "state", "draft")
	p.add(uuid(3), "gone", now, "state", "draft")
	told := make(chan catalog.Change, 10)
	c := run(t, p, catalog.Config{PollTime: 5 * time.Millisecond, OnChange: func(c catalog.Change) { told <- c }})
	wantDirs(t, c, false, "doomed", "draft", "gone")
	if got := c.Status().Drafts; got != 3 {
		t.Errorf("%d drafts", got)
	}
	p.do(func() { // search does not know of it yet
		for id, r := range p.assets {
			p.lag[id] = r
		}
	})
	p.set(uuid(1), "state", "ready")
	p.set(uuid(2), "state", "failed")
	p.remove(uuid(3))
	for c.Status().Drafts > 0 {
		select {
		case <-told:
		case <-time.After(10 * time.Second):
			t.Fatal("the drafts stay drafts")
		}
	}
	refresh(t, c)
	for id, want := range map[string]api.State{uuid(1): api.Ready, uuid(2): api.Failed} {
		if e, err := c.ByID(soon(t), id); err != nil || e.State != want {
			t.Errorf("%s: %+v, %v", want, e.Asset, err)
		}
	}
	wantDirs(t, c, false, "doomed", "draft")
	_, before := p.counts()
	time.Sleep(20 * time.Millisecond)
	if _, after := p.counts(); after != before {
		t.Error("what is no draft is still polled")
	}
}

func TestOldDraftsArePolledLess(t *testing.T) {
	p := newPlatform(t)
	p.add(uuid(1), "draft", 1, "state", "draft")
	c := run(t, p, catalog.Config{PollTime: time.Minute}) // after this test
	wantDirs(t, c, false, "draft")
	met := time.Now()
	due := func(after time.Duration) bool { return len(c.DueDrafts(met.Add(after))) > 0 }
	for _, step := range []struct {
		after time.Duration
		want  bool
	}{
		{0, true},
		{10 * time.Second, false},
		{time.Minute, true},
		{2 * time.Hour, true},
		{2*time.Hour + 3*time.Minute, false},
		{2*time.Hour + 5*time.Minute, true},
		{200 * time.Hour, true},
		{200*time.Hour + 5*time.Minute, true},
	} {
		if got := due(step.after); got != step.want {
			t.Errorf("due after %v: %v", step.after, got)
		}
	}
}
