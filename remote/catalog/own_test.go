package catalog_test

import (
	"testing"

	"codeoceanfs/remote/catalog"
)

func TestOwnChangesHoldAgainstALaggingSearch(t *testing.T) {
	p := newPlatform(t)
	p.add(uuid(1), "old name", 1)
	p.add(uuid(2), "doomed", 2)
	p.add(uuid(3), "stays", 3)
	var ch changes
	c := run(t, p, catalog.Config{OnChange: ch.add})
	wantDirs(t, c, false, "doomed", "old name", "stays")

	put := func(id string) {
		a, err := p.client().Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		c.Put(a)
	}
	p.do(func() { p.lag[uuid(1)] = p.assets[uuid(1)] })
	p.set(uuid(1), "name", "new name")
	put(uuid(1))
	ch.want(t, "gone dataset/old name 00000001", "new dataset/new name 00000001", "updated 00000001 ready→ready")
	p.add(uuid(4), "made", 4)
	p.do(func() { p.hidden[uuid(4)] = true })
	put(uuid(4))
	ch.want(t, "new dataset/made 00000004")
	c.SetArchived(uuid(3), true)
	ch.want(t, "gone dataset/stays 00000003", "new archived dataset/stays 00000003", "updated 00000003 ready→ready")
	c.Remove(uuid(2))
	ch.want(t, "gone dataset/doomed 00000002", "deleted 00000002")

	// Search still has the old name, the deleted and the unarchived one, and
	// not the new one.
	for range 2 {
		refresh(t, c)
		wantDirs(t, c, false, "made", "new name")
		wantDirs(t, c, true, "stays")
	}
	ch.want(t)
}

func TestRecheckNoticesADeletion(t *testing.T) {
	p := newPlatform(t)
	p.add(uuid(1), "mouse", 1)
	c := run(t, p, catalog.Config{})
	wantDirs(t, c, false, "mouse")
	p.set(uuid(1), "name", "rat")
	if e, err := c.Recheck(soon(t), uuid(1)); err != nil || e.Dir != "rat" {
		t.Errorf("Recheck = %+v, %v", e, err)
	}
	p.remove(uuid(1))
	if _, err := c.Recheck(soon(t), uuid(1)); err == nil {
		t.Error("Recheck finds what is gone")
	}
	wantDirs(t, c, false)
}
