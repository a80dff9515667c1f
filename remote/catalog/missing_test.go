package catalog_test

import (
	"fmt"
	"testing"
	"time"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
)

func TestNotListedIsNotDeleted(t *testing.T) {
	p := newPlatform(t)
	for i := range 200 {
		p.add(uuid(i), fmt.Sprintf("m%d", i), i)
	}
	c := run(t, p, catalog.Config{})
	all := dirs(t, c, false, api.Dataset)
	p.do(func() { // the index is empty, as when it is built anew
		for id := range p.assets {
			p.hidden[id] = true
		}
	})
	refresh(t, c)
	wantDirs(t, c, false, all...)

	p.do(func() { clear(p.assets) }) // and now they are gone
	refresh(t, c)
	wantDirs(t, c, false)
	if _, gets := p.counts(); gets > 200 {
		t.Errorf("%d gets", gets)
	}
}

func TestRefusedTwiceIsGone(t *testing.T) {
	p := newPlatform(t)
	p.add(uuid(1), "mine", 1)
	p.add(uuid(2), "shared", 2)
	c := run(t, p, catalog.Config{})
	wantDirs(t, c, false, "mine", "shared")
	p.do(func() { p.hidden[uuid(2)], p.refused[uuid(2)] = true, true })
	refresh(t, c)
	wantDirs(t, c, false, "mine", "shared") // a token may be refused for a moment
	refresh(t, c)
	wantDirs(t, c, false, "mine")
}

// The second look at an asset that is refused takes no second full listing.
func TestRefusedIsAskedAgainSoon(t *testing.T) {
	p := newPlatform(t)
	p.add(uuid(1), "mine", 1)
	p.add(uuid(2), "shared", 2)
	c := run(t, p, catalog.Config{Refresh: 20 * time.Millisecond, Sweep: time.Hour})
	wantDirs(t, c, false, "mine", "shared")
	p.do(func() { p.hidden[uuid(2)], p.refused[uuid(2)] = true, true })
	refresh(t, c)
	for ctx := soon(t); ; time.Sleep(time.Millisecond) {
		if all, err := c.List(ctx, false, api.Dataset); err != nil {
			t.Fatal(err)
		} else if len(all) == 1 {
			break
		}
	}
}

// A colleague leaves a group, and hundreds of assets are refused at once: all
// go, without a request for each; and they come back with the colleague.
func TestUnsharedByHundreds(t *testing.T) {
	p := newPlatform(t)
	p.add(uuid(0), "mine", 0)
	for i := range 300 {
		p.add(uuid(i+1), fmt.Sprintf("m%d", i), i)
	}
	c := run(t, p, catalog.Config{})
	all := dirs(t, c, false, api.Dataset)
	share := func(yes bool) {
		p.do(func() {
			for i := range 300 {
				p.hidden[uuid(i+1)], p.refused[uuid(i+1)] = !yes, !yes
			}
		})
	}
	share(false)
	refresh(t, c)
	wantDirs(t, c, false, all...)
	refresh(t, c)
	wantDirs(t, c, false, "mine")
	if _, gets := p.counts(); gets > 200 {
		t.Errorf("%d gets", gets)
	}
	share(true)
	refresh(t, c)
	wantDirs(t, c, false, all...)
}
