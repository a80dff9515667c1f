package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// lab is a deployment of a few assets that stand to each other as those of a
// laboratory do: a recording, what was made of it, and what was made of that.
//
// The catalog of its mounts does not change by itself, so that what is counted
// at the platform is what the programs under test make it do.
func lab(t *testing.T, edit ...func(*emulator.Config)) *deployment {
	t.Helper()
	d := serve(t, edit...)
	d.parts(t)
	file := []emulator.Generated{{Path: "f", Text: "text"}}
	made := func(commit, script string, from ...string) *emulator.Provenance {
		return &emulator.Provenance{Commit: commit, RunScript: script, DataAssets: from, Capsule: "c", Computation: "r"}
	}
	for _, r := range []emulator.Record{
		{ID: recordingID, Name: recording, Created: 1, Tags: []string{"ecephys", "probe A"}, Description: "two probes"},
		{ID: sortedID, Name: recording + "_sorted", Created: 2, Type: "result", Tags: []string{"sorted"}, Provenance: made("9c2e7d1f", "code/run", recordingID)},
		{ID: curatedID, Name: "curated", Created: 3, Type: "result", Tags: []string{"sorted", "curated"}, Provenance: made("aa00bb11", "code/curate.sh", sortedID)},
		{ID: bundleID, Name: "bundle", Created: 4, Type: "combined", Contained: members(recordingID, "raw", sortedID, "sorted")},
		{ID: twinID, Name: "curated", Created: 5, Tags: []string{"curated"}},
		{ID: oddID, Name: "left/right 50%25", Created: 6, Tags: []string{"odd"}},
	} {
		d.add(t, emulator.Asset{Record: r, Generate: file})
	}
	d.add(t, emulator.Asset{Record: emulator.Record{ID: retiredID, Name: "retired", Created: 7, Tags: []string{"ecephys"}}, Generate: file, Archived: true})
	d.add(t, emulator.Asset{Record: emulator.Record{ID: retired2ID, Name: "retired", Created: 8}, Generate: file, Archived: true})
	return d
}

const (
	recording   = "ecephys_655019_2023-04-03_18-10-10"
	recordingID = "ec655019-0000-4000-8000-000000000001"
	sortedID    = "ec655019-0000-4000-8000-000000000002"
	curatedID   = "ec655019-0000-4000-8000-000000000003"
	bundleID    = "ec655019-0000-4000-8000-000000000004"
	twinID      = "0dd00000-0000-4000-8000-000000000005"
	oddID       = "0dd00000-0000-4000-8000-000000000006"
	retiredID   = "01d00000-0000-4000-8000-000000000007"
	retired2ID  = "01d00000-0000-4000-8000-000000000008"
)

// quiet mounts d and waits until its catalog is there and asks no more.
func (d *deployment) quiet(t *testing.T, flags ...string) *mounted {
	t.Helper()
	m := d.mount(t, append([]string{"--refresh-interval", "1h"}, flags...)...)
	m.run("ls", m.path("dataset"))
	return m
}

// TestByID finds assets by their ids.
func TestByID(t *testing.T) {
	t.Parallel()
	m := lab(t).quiet(t)
	for name, c := range map[string]struct {
		path string
		want []string
		errs string
	}{
		"an asset is there by its id":                        {recordingID, []string{".meta.json", "f"}, ""},
		"an id in upper case is the same id":                 {strings.ToUpper(recordingID), []string{".meta.json", "f"}, ""},
		"an archived asset is there by its id":               {retiredID, []string{".meta.json", "f"}, ""},
		"a combined asset is there by its id":                {bundleID, []string{".meta.json", "raw", "sorted"}, ""},
		"a draft is there by its id, and has its record":     {draftID, []string{".meta.json"}, ""},
		"an asset whose files are refused has its record":    {refusedID, []string{".meta.json"}, ""},
		"an asset that you may only discover has its record": {discoverableID, []string{".meta.json"}, ""},
		"an asset that is not shared with you is refused":    {privateID, nil, "Permission denied"},
		"an id that there is not does not exist":             {goneID, nil, "No such file or directory"},
		"what is no id does not exist":                       {"curated", nil, "No such file or directory"},
		"the directory lists as empty":                       {".", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := m.try("ls", "-A", m.path(".by-id", c.path))
			if got := strings.Fields(out); !slices.Equal(got, c.want) {
				t.Errorf("ls: %q, not %q", got, c.want)
			}
			if c.errs == "" && err != nil || c.errs != "" && (err == nil || !strings.Contains(err.Error(), c.errs)) {
				t.Errorf("%v, not %q", err, c.errs)
			}
		})
	}
}

// TestArchived moves assets into the archive and out of it.
func TestArchived(t *testing.T) {
	t.Parallel()
	d := lab(t)
	m := d.mount(t)
	there := func(what string, want bool, parts ...string) {
		t.Helper()
		name := parts[len(parts)-1]
		eventually(t, what, func() error {
			if got := m.list(parts[:len(parts)-1]...); slices.Contains(got, name) != want {
				return fmt.Errorf("%s: %q", parts, got)
			}
			return nil
		})
	}
	archive := func(archived bool) {
		t.Helper()
		d.change(t, recordingID, func(a *emulator.Asset) { a.Archived = archived })
	}
	there("archived assets of one name are told apart as others are", true, ".archived", "dataset", "retired")
	there("archived assets of one name are told apart as others are", true, ".archived", "dataset", "retired@01d00000")
	there("an archived asset is not among the others", false, "dataset", "retired")
	there("the archive has the types, and its search is not listed", false, ".archived", ".search")
	archive(true)
	there("an asset that is archived moves to the archive", true, ".archived", "dataset", recording)
	there("an asset that is archived leaves its place", false, "dataset", recording)
	if got := m.run("cat", m.path(".archived", "dataset", recording, "f")); got != "text" {
		t.Errorf("the files of an archived asset: %q", got)
	}
	archive(false)
	there("an asset taken out of the archive moves back", true, "dataset", recording)
	there("an asset taken out of the archive leaves it", false, ".archived", "dataset", recording)
}
