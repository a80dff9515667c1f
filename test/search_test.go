package test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// searchCases say what the links in .search/<query> are called.
var searchCases = map[string]struct {
	query string
	finds []string
}{
	"tag: finds by tag":                           {"tag:ecephys", []string{recording}},
	"tag: in quotes finds a tag of several words": {`tag:"probe A"`, []string{recording}},
	"words alone are looked for everywhere":       {"probes", []string{recording}},
	"all words are needed":                        {"probes curated", nil},
	"words in quotes are a phrase":                {`"two probes"`, []string{recording}},
	"case does not matter":                        {"tag:ECEPHYS", []string{recording}},
	"one field twice is one or the other":         {"tag:ecephys tag:odd", []string{recording, "left%2Fright 50%2525"}},
	"two fields are both needed":                  {"tag:sorted run_script:curate", []string{"curated"}},
	"run_script: finds by script":                 {"run_script:curate", []string{"curated"}},
	"run_script: takes a slash as %2F":            {"run_script:code%2Frun", []string{recording + "_sorted"}},
	"commit_id: finds by commit":                  {"commit_id:9c2e7d1f", []string{recording + "_sorted"}},
	"name: finds by words of the name":            {"name:655019", []string{recording, recording + "_sorted"}},
	"name: with more than 20 characters, which the platform misses, finds": {
		"name:" + recording, []string{recording, recording + "_sorted"},
	},
	"a long name: and another field are both needed": {"name:" + recording + " tag:sorted", []string{recording + "_sorted"}},
	"a long name: or a short one": {
		"name:" + recording + "_sorted name:curated", []string{"curated", "curated@0dd00000", recording + "_sorted"},
	},
	"a long name: in quotes finds": {`name:"` + recording + ` sorted"`, []string{recording + "_sorted"}},
	"assets of two types with one name are told apart, and the oldest has it plain": {
		"tag:curated", []string{"curated", "curated@0dd00000"},
	},
	"contained_data_id: finds results and combined assets": {
		"contained_data_id:" + recordingID, []string{"bundle", recording + "_sorted"},
	},
	"archived assets are not found":                         {"name:retired", nil},
	"nothing found is an empty directory":                   {"tag:nothing", nil},
	"a query of %XX is that byte":                           {"tag%3aecephys", []string{recording}},
	"a query of any bytes finds nothing, and harms nothing": {"tag:\xff\n\x1b[2J%00", nil},
	"a query may be longer than a file name":                {"tag:ecephys " + strings.Repeat("tag:none ", 60), []string{recording}},
}

// TestSearch looks into .search on a platform as it is, and on one that finds
// archived assets unasked.
func TestSearch(t *testing.T) {
	t.Parallel()
	d := lab(t)
	for platform, plain := range map[string]bool{"as it is": false, "finds archived assets": true} {
		d.SetQuirks(func(q *emulator.Quirks) { q.PlainArchived = plain })
		m := d.quiet(t)
		for name, c := range searchCases {
			t.Run(platform+"/"+name, func(t *testing.T) {
				m := m.in(t)
				got := m.list(".search", c.query)
				if d := difference(got, c.finds); d != "" {
					t.Error(d)
				}
				for _, name := range got {
					m.run("stat", "-L", m.path(".search", c.query, name, ".meta.json"))
				}
			})
		}
	}
}

// TestSearchLinks is about .search as a directory.
func TestSearchLinks(t *testing.T) {
	t.Parallel()
	d := lab(t)
	m := d.quiet(t)
	t.Run("a link leads to the asset by its path in the mount", func(t *testing.T) {
		m := m.in(t)
		m.shows(m.path(".search", "tag:curated"), map[string]string{"curated": "-> ../../result/curated", "curated@0dd00000": "-> ../../dataset/curated"})
	})
	t.Run("a link has the time of its asset", func(t *testing.T) {
		if got := m.run("stat", "-c", "%Y", m.path(".search", "tag:curated", "curated")); got != "3\n" {
			t.Errorf("mtime %q", got)
		}
	})
	t.Run("a link leads to the asset also where the mount is bound to another place", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("binding a mount takes root")
		}
		to := t.TempDir()
		m.run("mount", "--bind", m.point, to)
		defer exec.Command("umount", "-l", to).Run()
		if got := m.run("cat", to+"/.search/tag:odd/left%2Fright 50%2525/f"); got != "text" {
			t.Errorf("cat: %q", got)
		}
	})
	t.Run("archived assets are found in .archived/.search", func(t *testing.T) {
		m := m.in(t)
		m.shows(m.path(".archived", ".search", "tag:ecephys"), map[string]string{"retired": "-> ../../dataset/retired"})
		if got := m.run("cat", m.path(".archived", ".search", "tag:ecephys", "retired", "f")); got != "text" {
			t.Errorf("cat: %q", got)
		}
		if got := m.list(".search", "tag:ecephys%00.archived"); got != nil {
			t.Errorf("beside the archive: %q", got)
		}
	})
	t.Run(".search lists as empty, and shells that look for .git there find none", func(t *testing.T) {
		d.ResetCounts()
		if got := m.list(".search"); got != nil {
			t.Errorf("ls .search: %q", got)
		}
		for _, name := range []string{".git", ".hg", ".DS_Store"} {
			if _, err := m.try("ls", m.path(".search", name)); err == nil {
				t.Errorf(".search/%s is there", name)
			}
		}
		if n := d.Requests("search"); n != 0 {
			t.Errorf("%d searches", n)
		}
	})
	t.Run("a search is made once, however it is looked at", func(t *testing.T) {
		d.ResetCounts()
		dir := m.path(".search", "tag:sorted")
		m.run("ls", "-la", dir)
		m.run("find", dir, "-type", "l")
		m.run("bash", "-c", `compgen -f "$1/cur"`, "-", dir)
		m.try("ls", dir+"/no-such-result")
		m.run("cat", dir+"/curated/f")
		if n := d.Requests("search"); n != 1 {
			t.Errorf("%d searches", n)
		}
	})
	t.Run("a query that the platform refuses is an invalid argument, and the log has its words", func(t *testing.T) {
		defer d.Inject(emulator.Fault{Route: "search", Status: http.StatusBadRequest, Body: `{"message": "query: unbalanced"}`})()
		m := m.in(t)
		m.fails("Invalid argument", "ls", m.path(".search", `tag:"`))
		m.told("query: unbalanced")
	})
}

// TestSearchChanges looks for assets that come while the mount is there, more of
// them than the platform gives at once.
func TestSearchChanges(t *testing.T) {
	t.Parallel()
	d := lab(t)
	m := d.mount(t)
	m.run("ls", m.path("dataset"))
	if got := m.list(".search", "tag:new"); got != nil {
		t.Fatalf("at first: %q", got)
	}
	d.add(t, emulator.Asset{Record: emulator.Record{Name: "one more", Tags: []string{"new"}}})
	eventually(t, "a new asset is found", func() error {
		if got := m.list(".search", "tag:new"); !slices.Equal(got, []string{"one more"}) {
			return fmt.Errorf("%w: %q", errNotYet, got)
		}
		return nil
	})
	if _, err := d.Populate(1500); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all of more than 1000 results", func() error {
		if got := strings.Count(m.run("ls", "-l", m.path(".search", "2019")), "\n"); got != 1501 {
			return fmt.Errorf("%w: %d", errNotYet, got)
		}
		return nil
	})
}
