package test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// refusals is what a user sees of what the platform refuses: with which tokens,
// of which assets, and when rights come and go under a mount. Grace mounts; Ada
// is a colleague of hers.
var refusals = map[string]func(*testing.T, *ward){
	"a read-only token reads all that its user may see": func(t *testing.T, w *ward) {
		w.token("cop_demo_readonly")
		w.mount()
		w.reads("mine/a", "mine/sub/b", "shared/a")
		w.m.fails("No such file or directory", "ls", w.m.path("dataset", "private"))
	},

	"an asset that is not shared with the user is not there, and by its id it is refused": func(t *testing.T, w *ward) {
		w.mount()
		w.lists("discoverable", "mine", "shared")
		w.m.fails("No such file or directory", "ls", w.m.path("dataset", "private@"+w.ids["private"][:8]))
		w.refuses("ls", w.m.path(".by-id", w.ids["private"]))
		w.told("forbidden", w.ids["private"])
	},

	"a discoverable asset shows its record, and refuses its data with the reason": func(t *testing.T, w *ward) {
		w.mount()
		dir := w.m.path("dataset", "discoverable")
		if got := w.m.run("ls", "-A", dir); got != ".meta.json\n" {
			t.Errorf("listed: %q", got)
		}
		if got := w.m.run("cat", dir+"/.meta.json"); !strings.Contains(got, w.ids["discoverable"]) {
			t.Errorf("the record: %s", got)
		}
		w.refuses("cat", dir+"/a")
		w.told("refuses its data (it is discoverable only, or not shared with you any more)", w.ids["discoverable"])
	},

	"a recursive copy leaves out the data of what is refused, and has all the rest": func(t *testing.T, w *ward) {
		w.mount()
		to := t.TempDir()
		w.m.run("cp", "-r", w.m.path("dataset"), to)
		for file, want := range map[string]bool{
			"mine/sub/b": true, "shared/a": true, "discoverable/.meta.json": true, "discoverable/a": false,
		} {
			if _, err := os.Stat(filepath.Join(to, "dataset", file)); (err == nil) != want {
				t.Errorf("%s is in the copy: %t", file, !want)
			}
		}
	},

	"a refused asset costs one request in the refresh interval, however often it is looked at": func(t *testing.T, w *ward) {
		w.flags = append(w.flags, "--refresh-interval", "1h")
		w.mount()
		w.ResetCounts()
		w.m.run("sh", "-c", "for i in $(seq 50); do ls -R "+w.m.path("dataset", "discoverable")+"; test ! -e "+w.m.path("dataset", "discoverable")+"/f$i; done")
		if n := w.Requests("files"); n != 1 {
			t.Errorf("%d requests", n)
		}
	},

	"a token that the platform does not know is refused before anything is mounted": func(t *testing.T, w *ward) {
		w.token("cop_demo_nobody")
		w.doesNotMount("refuses the token: make a new one there, with the Datasets scope")
	},

	"a token without the right to list assets is refused before anything is mounted": func(t *testing.T, w *ward) {
		w.Inject(emulator.Fault{Route: "search", Status: http.StatusForbidden})
		w.doesNotMount("it needs the Datasets scope")
	},

	"when the right to list assets is lost while mounted, the assets known stay, and can be read": func(t *testing.T, w *ward) {
		w.mount()
		w.lists("discoverable", "mine", "shared")
		w.Inject(emulator.Fault{Route: "search", Status: http.StatusForbidden})
		w.m.eventuallyStatus(func(s status) bool { return strings.Contains(s.Catalog.LastError, "status 403") })
		w.lists("discoverable", "mine", "shared")
		w.reads("mine/a", "shared/a")
		if s := w.m.status(); !s.Token.Accepted {
			t.Errorf("status %+v", s)
		}
		w.logged(1, "catalog not refreshed, what is known stays")
	},

	"a token that may list assets and not read them shows their records alone": func(t *testing.T, w *ward) {
		w.Inject(emulator.Fault{Route: "files", Status: http.StatusForbidden})
		w.mount()
		w.lists("discoverable", "mine", "shared")
		if got := w.m.run("ls", "-A", w.m.path("dataset", "mine")); got != ".meta.json\n" {
			t.Errorf("listed: %q", got)
		}
		w.refuses("cat", w.m.path("dataset", "mine", "a"))
		w.told("refuses its data", w.ids["mine"])
	},

	"a token revoked while mounted: what was read stays readable, and all else is refused": func(t *testing.T, w *ward) {
		w.mount()
		w.reads("mine/a")
		w.SetTokens(w.ada)
		w.m.eventuallyStatus(func(s status) bool { return !s.Token.Accepted && s.Token.Since != "" })
		w.reads("mine/a")
		w.lists("discoverable", "mine", "shared")
		w.refuses("cat", w.m.path("dataset", "mine", "sub", "b"))
		w.told("permission denied: the token is not accepted", w.ids["mine"])
	},

	"a revoked token makes no asset look empty: ls and cp fail": func(t *testing.T, w *ward) {
		w.mount()
		w.lists("discoverable", "mine", "shared")
		w.SetTokens(w.ada)
		w.m.eventuallyStatus(func(s status) bool { return !s.Token.Accepted })
		w.refuses("ls", w.m.path("dataset", "mine"))
		w.refuses("cp", "-r", w.m.path("dataset", "mine"), t.TempDir())
	},

	"a revoked token is told once in the log, and not sent for every file": func(t *testing.T, w *ward) {
		w.mount()
		w.m.run("ls", w.m.path("dataset", "mine", "many"))
		w.SetTokens(w.ada)
		w.m.eventuallyStatus(func(s status) bool { return !s.Token.Accepted })
		w.ResetCounts()
		start := time.Now()
		w.refuses("sh", "-c", "cat "+w.m.path("dataset", "mine", "many")+"/*")
		var calls int64
		for _, n := range w.Counts() {
			calls += n.Requests
		}
		if most := 2 + int64(time.Since(start)/time.Second)*2; calls > most {
			t.Errorf("200 files took %d requests", calls)
		}
		w.logged(1, "the platform refuses the token")
		if lines := strings.Count(w.m.log.String(), "\n"); lines > 30 {
			t.Errorf("%d lines in the log", lines)
		}
	},

	"a token that is replaced in its file heals the mount within seconds": func(t *testing.T, w *ward) {
		w.mount()
		w.reads("mine/a")
		w.SetTokens(w.ada)
		w.m.eventuallyStatus(func(s status) bool { return !s.Token.Accepted })
		w.refuses("cat", w.m.path("dataset", "mine", "sub", "b"))
		next := w.grace
		next.Token = "cop_demo_next"
		w.SetTokens(w.ada, next)
		w.token(next.Token)
		w.eventuallyReads("mine/sub/b")
		w.m.eventuallyStatus(func(s status) bool { return s.Token.Accepted && s.Catalog.LastError == "" })
		w.reads("mine/a", "shared/a")
		w.logged(1, "the platform accepts the token again")
	},

	"a token that the platform accepts again heals the mount by itself": func(t *testing.T, w *ward) {
		w.mount()
		w.reads("mine/a")
		w.SetTokens(w.ada)
		w.refuses("cat", w.m.path("dataset", "mine", "sub", "b"))
		w.SetTokens(w.ada, w.grace)
		w.eventuallyReads("mine/sub/b")
	},

	"a token file that is empty, away or open to others for a moment stops nobody": func(t *testing.T, w *ward) {
		w.mount()
		for spoilt, spoil := range map[string]func() error{
			"holds no token":           func() error { return os.Truncate(w.file, 0) },
			"no such file":             func() error { return os.Remove(w.file) },
			"can be read by others":    func() error { return os.Chmod(w.file, 0o640) },
			"is not a regular file":    func() error { return errors.Join(os.Remove(w.file), os.Mkdir(w.file, 0o700)) },
			"it should be one word":    func() error { return os.WriteFile(w.file, []byte("two words"), 0o600) },
			"symbolic link: name the ": func() error { return errors.Join(os.Remove(w.file), os.Symlink("/dev/null", w.file)) },
		} {
			must(t, spoil())
			w.m.eventuallyStatus(func(s status) bool { return s.Token.Accepted && strings.Contains(s.Token.File, spoilt) })
			w.reads("mine/a", "mine/sub/b")
			w.m.run("ls", "-R", w.m.path("dataset"))
			w.m.logged(spoilt)
			must(t, os.RemoveAll(w.file))
			w.token(w.grace.Token)
			w.m.eventuallyStatus(func(s status) bool { return s.Token.Accepted && s.Token.File == "" })
		}
	},

	"an asset that is shared while mounted appears by itself": func(t *testing.T, w *ward) {
		w.mount()
		w.lists("discoverable", "mine", "shared")
		w.share("private", "viewer")
		w.eventuallyReads("private/a")
		w.share("discoverable", "viewer")
		w.eventuallyReads("discoverable/a")
	},

	"an asset that is no longer shared disappears by itself, and a file that is open reads on": func(t *testing.T, w *ward) {
		w.mount()
		w.reads("shared/a")
		sum := strings.Fields(w.m.run("sha256sum", w.m.path("dataset", "shared", "a")))[0]
		open := w.m.hold(w.m.path("dataset", "shared", "a"))
		w.share("shared", "")
		w.eventuallyLists("discoverable", "mine")
		w.m.fails("No such file or directory", "cat", w.m.path("dataset", "shared", "a"))
		w.refuses("cat", w.m.path(".by-id", w.ids["shared"], "a"))
		if got := open(); got != sum {
			t.Errorf("the open file: %s", got)
		}
	},

	"an asset that is shared again is there again": func(t *testing.T, w *ward) {
		w.mount()
		w.reads("shared/a")
		w.share("shared", "")
		w.eventuallyLists("discoverable", "mine")
		w.share("shared", "viewer")
		w.eventuallyReads("shared/a", "shared/sub/b")
	},

	"once the platform refuses the data of an asset, no file of it opens, cached or not": func(t *testing.T, w *ward) {
		w.mount()
		w.reads("shared/a")
		w.share("shared", "discoverable")
		w.refuses("cat", w.m.path("dataset", "shared", "sub", "b"))
		w.refuses("cat", w.m.path("dataset", "shared", "a"))
		if got := w.m.run("ls", "-A", w.m.path("dataset", "shared")); got != ".meta.json\n" {
			t.Errorf("listed: %q", got)
		}
		w.told("refuses its data", w.ids["shared"])
		w.share("shared", "viewer")
		w.eventuallyReads("shared/a", "shared/sub/b")
	},

	"a platform that calls a forbidden asset not found makes no difference": func(t *testing.T, w *ward) {
		w.SetQuirks(func(q *emulator.Quirks) { q.HideForbidden = true })
		w.mount()
		w.reads("shared/a")
		w.m.fails("No such file or directory", "ls", w.m.path(".by-id", w.ids["private"]))
		w.share("shared", "")
		w.eventuallyLists("discoverable", "mine")
		w.m.fails("No such file or directory", "cat", w.m.path(".by-id", w.ids["shared"], "a"))
	},

	"the cache on disk gives the next mount what it would have given this one: a refusal ends that, for all mounts to come": func(t *testing.T, w *ward) {
		w.mount()
		w.reads("shared/a")
		w.m.run("ls", w.m.path("dataset", "shared", "sub"))
		w.m.stop()
		w.share("shared", "discoverable")
		w.mount()
		w.reads("shared/a")
		w.refuses("cat", w.m.path("dataset", "shared", "sub", "b"))
		w.refuses("cat", w.m.path("dataset", "shared", "a"))
		w.m.stop()
		w.mount()
		w.refuses("cat", w.m.path("dataset", "shared", "a"))
		w.m.stop()
		w.share("shared", "")
		w.mount()
		w.refuses("cat", w.m.path(".by-id", w.ids["shared"], "a"))
		w.eventuallyLists("discoverable", "mine")
	},

	"another user with the same cache directory sees and reads nothing of the first": func(t *testing.T, w *ward) {
		w.mount()
		w.reads("mine/a", "shared/a")
		w.m.stop()
		w.token(w.ada.Token)
		w.mount()
		w.lists("discoverable", "private", "shared")
		w.refuses("cat", w.m.path(".by-id", w.ids["mine"], "a"))
		w.ResetCounts()
		w.reads("shared/a")
		if w.Requests("s3.GetObject") == 0 {
			t.Error("one user read from the cache of another")
		}
	},

	"another user's token in the token file shows the assets of that user, and opens nothing of the first": func(t *testing.T, w *ward) {
		w.mount()
		w.reads("mine/a", "shared/a")
		w.token(w.ada.Token)
		w.eventuallyLists("discoverable", "private", "shared")
		w.m.fails("No such file or directory", "cat", w.m.path("dataset", "mine", "a"))
		w.refuses("cat", w.m.path(".by-id", w.ids["mine"], "a"))
		w.eventuallyReads("private/a", "shared/a")
		w.logged(1, "the token was replaced")
	},

	"what a token in the token file showed of another user's assets, the next mount with the first token does not show": func(t *testing.T, w *ward) {
		w.mount()
		w.lists("discoverable", "mine", "shared")
		w.token(w.ada.Token)
		w.eventuallyLists("discoverable", "private", "shared")
		w.m.stop()
		w.token(w.grace.Token)
		w.mount()
		w.lists("discoverable", "mine", "shared")
	},

	"a member of a combined asset that the user may not see is listed there, and refused": func(t *testing.T, w *ward) {
		w.add(emulator.Asset{Record: emulator.Record{
			Name: "both", Type: "combined", OwnerEmail: w.grace.Email,
			Contained: []emulator.Contained{{ID: w.ids["mine"], Mount: "m"}, {ID: w.ids["private"], Mount: "p"}},
		}})
		w.mount()
		if got := w.m.run("ls", w.m.path("combined", "both")); got != "m\np\n" {
			t.Errorf("listed: %q", got)
		}
		w.m.run("cat", w.m.path("combined", "both", "m", "a"))
		w.refuses("ls", w.m.path("combined", "both", "p"))
	},
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, check := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, newWard(t))
		})
	}
}
