package catalog_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/fault"
)

// kept runs a catalog once, so that its file is there.
func kept(t *testing.T) (*platform, catalog.Config, string) {
	p := newPlatform(t)
	for i := range 100 {
		p.add(uuid(i), fmt.Sprintf("m%02d", i%50), i, "description", fmt.Sprintf("the %dth", i))
	}
	p.archive(uuid(7), true)
	cfg := catalog.Config{Dir: filepath.Join(t.TempDir(), "catalog"), Identity: "me"}
	c, stop := runStop(t, p, cfg)
	dirs(t, c, false, api.Dataset)
	stop()
	return p, cfg, c.File()
}

func TestNextMountStartsAtOnce(t *testing.T) {
	p, cfg, _ := kept(t)
	release := holdAll(p)
	defer release()
	before, _ := p.counts()
	c := run(t, p, cfg)
	if got := dirs(t, c, false, api.Dataset); len(got) != 99 || got[0] != "m00" || got[1] != "m00@00000032" {
		t.Errorf("listed %q", got)
	}
	wantDirs(t, c, true, "m07")
	e, err := c.Lookup(soon(t), false, api.Dataset, "m03@00000035")
	if err != nil || e.ID != uuid(53) {
		t.Fatalf("Lookup = %+v, %v", e, err)
	}
	if full, err := e.Record(); err != nil || full.Description != "the 53th" {
		t.Errorf("Record = %+v, %v", full, err)
	}
	if st := c.Status(); !st.Loaded || st.Assets != 100 || st.LastSweep.IsZero() || !st.LastRefresh.IsZero() {
		t.Errorf("Status = %+v", st)
	}
	// A name that is not there may be new: this waits for one look.
	p.add(uuid(500), "new", 500)
	found := make(chan string)
	go func() {
		e, _ := c.Lookup(soon(t), false, api.Dataset, "new")
		found <- e.ID
	}()
	release()
	if got := <-found; got != uuid(500) {
		t.Errorf("the new asset: %q", got)
	}
	after, _ := p.counts()
	if n := len(after) - len(before); n != 2 {
		t.Errorf("%d searches, want the two of one look", n)
	}
}

func TestNextMountIsWhatTheLastBecame(t *testing.T) {
	p, cfg, _ := kept(t)
	c, stop := runStop(t, p, cfg)
	wantDirs(t, c, true, "m07")
	p.set(uuid(1), "name", "renamed")
	p.remove(uuid(2))
	p.add(uuid(600), "new", 600)
	refresh(t, c)
	want := dirs(t, c, false, api.Dataset)
	stop()
	// Names that were kept for assets of that mount are free in the next.
	for i, name := range want {
		if name == "m01@00000033" || name == "m02@00000034" {
			want[i] = name[:3]
		}
	}

	p.do(func() { p.status = 403 })
	c = run(t, p, cfg)
	if got := dirs(t, c, false, api.Dataset); !slices.Equal(got, want) {
		t.Errorf("listed\n%q, want\n%q", got, want)
	}
	for _, name := range want {
		e, err := c.Lookup(soon(t), false, api.Dataset, name)
		if err != nil {
			t.Fatal(err)
		}
		if full, err := e.Record(); err != nil || full.ID != e.ID {
			t.Errorf("record of %s: %v", e.ID, err)
		}
	}
}

func TestOldFileIsSweptSoon(t *testing.T) {
	p, cfg, _ := kept(t)
	p.remove(uuid(5))
	cfg.Sweep = time.Millisecond
	gone := make(chan string, 1)
	cfg.OnChange = func(c catalog.Change) { gone <- c.Deleted[0] }
	run(t, p, cfg)
	select {
	case id := <-gone:
		if id != uuid(5) {
			t.Errorf("gone: %s", id)
		}
	case <-time.After(10 * time.Second):
		t.Error("what was deleted between two mounts stays")
	}
}

// What nobody has heard of does not wait for a listing of everything, which takes
// longer than a lookup may in a large deployment.
func TestMissingNameDoesNotWaitForASweep(t *testing.T) {
	p, cfg, _ := kept(t)
	p.add(uuid(500), "new", 500)
	cfg.Sweep = time.Millisecond
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	sweeps := 0
	p.do(func() {
		p.gate = func(s search) chan struct{} {
			if s.SortOrder == "asc" {
				sweeps++
				return never
			}
			return nil
		}
	})
	c := run(t, p, cfg)
	if e, err := c.Lookup(soon(t), false, api.Dataset, "new"); err != nil || e.ID != uuid(500) {
		t.Errorf("the new asset: %+v, %v", e, err)
	}
	if _, err := c.Lookup(soon(t), false, api.Dataset, "mistyped"); fault.KindOf(err) != fault.ErrNotExist {
		t.Errorf("a name that is not there: %v", err)
	}
	p.do(func() {
		if sweeps == 0 {
			t.Error("there was no sweep to wait for")
		}
	})
}

// TestUnusableFile: whatever is wrong with the file, it is as if it were not
// there, and the next mount has a good one again.
func TestUnusableFile(t *testing.T) {
	flip := func(at int) func(*testing.T, *catalog.Config, string) {
		return func(t *testing.T, _ *catalog.Config, file string) {
			edit(t, file, func(b []byte) []byte {
				b[(at+len(b))%len(b)] ^= 0x10
				return b
			})
		}
	}
	for what, spoil := range map[string]func(t *testing.T, cfg *catalog.Config, file string){
		"a bit flipped in the version": flip(20),
		"a bit flipped in the key":     flip(30),
		"a bit flipped in a record":    flip(900),
		"a bit flipped in the sum":     flip(-1),
		"cut short": func(t *testing.T, _ *catalog.Config, file string) {
			edit(t, file, func(b []byte) []byte { return b[:len(b)/2] })
		},
		"empty": func(t *testing.T, _ *catalog.Config, file string) {
			edit(t, file, func([]byte) []byte { return nil })
		},
		"of another user": func(_ *testing.T, cfg *catalog.Config, _ string) { cfg.Identity = "somebody else" },
		"of another view": func(_ *testing.T, cfg *catalog.Config, _ string) { cfg.Query = "m" },
		"another user's put in our place": func(t *testing.T, cfg *catalog.Config, file string) {
			cfg.Identity = "somebody else"
			if err := os.Rename(file, catalog.New(*cfg).File()); err != nil {
				t.Fatal(err)
			}
		},
		"readable by others": func(t *testing.T, _ *catalog.Config, file string) {
			if err := os.Chmod(file, 0o644); err != nil {
				t.Fatal(err)
			}
		},
		"a link": func(t *testing.T, _ *catalog.Config, file string) {
			if err := os.Rename(file, file+".moved"); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(file+".moved", file); err != nil {
				t.Fatal(err)
			}
		},
		"a directory": func(t *testing.T, _ *catalog.Config, file string) {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(file, 0o700); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			p, cfg, file := kept(t)
			cfg.API = p.client() // which the name of the file depends on
			spoil(t, &cfg, file)
			release := holdAll(p)
			defer release()
			c, stop := runStop(t, p, cfg)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_, err := c.List(ctx, false, api.Dataset)
			if cancel(); fault.KindOf(err) != fault.ErrTimeout {
				t.Errorf("List: %v", err)
			}
			if c.Status().Loaded {
				t.Fatal("the file was used")
			}
			release()
			if got := dirs(t, c, false, api.Dataset); len(got) != 99 {
				t.Errorf("%d listed", len(got))
			}
			stop()
			info, err := os.Lstat(c.File())
			if err != nil || what != "a directory" && info.Mode() != 0o600 {
				t.Errorf("the file now: %v, %v", info, err)
			}
		})
	}
}

func edit(t *testing.T, file string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestHalfWrittenFilesGo(t *testing.T) {
	p, cfg, file := kept(t)
	old, young := file+".1.tmp", file+".2.tmp"
	for _, f := range []string{old, young} {
		if err := os.WriteFile(f, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	yesterday := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(old, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	c := run(t, p, cfg)
	dirs(t, c, false, api.Dataset)
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Error("a killed mount's file is still there")
	}
	if _, err := os.Stat(young); err != nil {
		t.Error("a file that another mount may be writing was removed")
	}
	if info, err := os.Stat(cfg.Dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory: %v, %v", info.Mode(), err)
	}
}

func TestNothingIsKeptWithoutAnIdentity(t *testing.T) {
	p := newPlatform(t)
	dir := t.TempDir()
	c, stop := runStop(t, p, catalog.Config{Dir: dir})
	dirs(t, c, false, api.Dataset)
	stop()
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("kept %v", left)
	}
}
