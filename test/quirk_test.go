package test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// undocumented are the choices of the platform that nobody documents, each as it
// might be. Whatever it chose, the mount shows one tree.
var undocumented = []struct {
	platform string
	choose   func(*emulator.Config)
}{
	// Listing all assets.
	{"page tokens are numbers", quirk(func(q *emulator.Quirks) { q.NumberTokens, q.PageSize = true, 3 })},
	{"the last page's token is null", quirk(func(q *emulator.Quirks) { q.LastToken, q.PageSize = "null", 3 })},
	{"the last page's token is empty", quirk(func(q *emulator.Quirks) { q.LastToken, q.PageSize = "empty", 3 })},
	{"the last page has a token", quirk(func(q *emulator.Quirks) { q.LastToken, q.PageSize = "present", 3 })},
	{"pages have no tokens", quirk(func(q *emulator.Quirks) { q.NoTokens, q.PageSize = true, 3 })},
	{"a token dies in mid-listing", quirk(func(q *emulator.Quirks) { q.TokenPages, q.PageSize = 2, 3 })},
	{"all pages have one token", quirk(func(q *emulator.Quirks) { q.RepeatToken, q.PageSize = true, 3 })},
	{"pages are shorter than asked for", quirk(func(q *emulator.Quirks) { q.PageSize = 1 })},
	{"offsets are refused over half of the assets", quirk(func(q *emulator.Quirks) { q.NoTokens, q.PageSize, q.Window = true, 3, 1012 })},
	{"offsets are refused over a few assets", quirk(func(q *emulator.Quirks) { q.NoTokens, q.PageSize, q.Window = true, 3, 1010 })},
	{"limits over the maximum are clamped", quirk(func(q *emulator.Quirks) { q.ClampLimit = true })},
	{"a plain search finds archived assets", quirk(func(q *emulator.Quirks) { q.PlainArchived = true })},
	{"search finds long names", quirk(func(q *emulator.Quirks) { q.LongNames = true })},
	{"search lags behind", quirk(func(q *emulator.Quirks) { q.IndexLag = time.Second })},

	// Values.
	{"sizes are strings", quirk(func(q *emulator.Quirks) { q.StringSizes = true })},
	{"sizes are floats", quirk(func(q *emulator.Quirks) { q.FloatSizes = true })},
	{"times are floats", quirk(func(q *emulator.Quirks) { q.FloatTimes = true })},
	{"flags are strings", quirk(func(q *emulator.Quirks) { q.StringFlags = true })},
	{"absent fields are null", quirk(func(q *emulator.Quirks) { q.Nulls = true })},
	{"all fields that can be absent are", quirk(func(q *emulator.Quirks) { q.Sparse = true })},
	{"there are fields that nobody knows", quirk(func(q *emulator.Quirks) { q.ExtraFields = true })},
	{"provenance is spelled in the other way", quirk(func(q *emulator.Quirks) { q.UpperProvenance = true })},

	// Files and their URLs.
	{"files are in no order", quirk(func(q *emulator.Quirks) { q.Unsorted = true })},
	{"folders end in a slash", quirk(func(q *emulator.Quirks) { q.SlashedFolders = true })},
	{"folders have a size", quirk(func(q *emulator.Quirks) { q.FolderSizes = true })},
	{"a missing folder is an empty list", quirk(func(q *emulator.Quirks) { q.MissingIsEmpty = true })},
	{"the files of combined assets are refused", quirk(func(q *emulator.Quirks) { q.RefuseCombined = true })},
	{"URLs of missing files are signed", quirk(func(q *emulator.Quirks) { q.SignMissing = true })},
	{"there is the old download_url only", quirk(func(q *emulator.Quirks) { q.OldURLs = true })},
	{"there is no download_url", quirk(func(q *emulator.Quirks) { q.NoOldURLs = true })},
	{"URLs live for two seconds", func(c *emulator.Config) { c.URLLifetime = 2 * time.Second }},
	{"ranges are ignored", quirk(func(q *emulator.Quirks) { q.NoRanges = true })},
	{"a wrong region is a redirect", quirk(func(q *emulator.Quirks) { q.RedirectRegion = true })},

	// Limits.
	{"too many requests are told when to come back", quirk(func(q *emulator.Quirks) { q.RatePerSecond, q.RetryAfter = 50, time.Second })},
	{"too many requests are told nothing", quirk(func(q *emulator.Quirks) { q.RatePerSecond = 50 })},
	{"the server is an old one", quirk(func(q *emulator.Quirks) { q.MinVersion = "1.0.0" })},
}

func quirk(choose func(*emulator.Quirks)) func(*emulator.Config) {
	return func(c *emulator.Config) { choose(&c.Quirks) }
}

// TestQuirks reads the same tree of every platform that there might be: names,
// bytes, what a search finds, and what does not exist.
func TestQuirks(t *testing.T) {
	t.Parallel()
	settle := func(c *emulator.Config) { c.DraftTime = time.Hour }
	want := everyAnswer(deploy(t, settle).mount(t))
	if len(want) < 150 {
		t.Fatalf("only %d answers to compare", len(want))
	}
	same := func(t *testing.T, choose ...func(*emulator.Config)) {
		m := deploy(t, append(choose, settle)...).mount(t)
		eventually(t, "the same answers, when an index that lags has come round", func() error {
			if d := difference(everyAnswer(m), want); d != "" {
				return errors.New(d)
			}
			return nil
		})
	}
	for _, c := range undocumented {
		t.Run(c.platform, func(t *testing.T) {
			t.Parallel()
			same(t, c.choose)
		})
	}
	for seed := range uint64(6) {
		t.Run(fmt.Sprintf("several at once, %d", seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 0))
			var several []func(*emulator.Config)
			for _, i := range rnd.Perm(len(undocumented))[:len(undocumented)/2] {
				t.Log(undocumented[i].platform)
				several = append(several, undocumented[i].choose)
			}
			same(t, append(several, func(c *emulator.Config) {
				if q := &c.Quirks; q.OldURLs {
					q.NoOldURLs = false // a server without either has no files
				}
			})...)
		})
	}
}

// everyAnswer is what a mount of the samples has to say.
func everyAnswer(m *mounted) []string {
	m.t.Helper()
	var dirs, paths []string
	for _, dir := range []string{
		"dataset", "result", "combined", "model", ".archived/dataset",
		".search/tag:calibration", ".search/ecephys", ".by-id/00acd66e-2116-5078-9af7-354ba58a950d",
	} {
		dirs = append(dirs, m.path(dir))
	}
	const asset = "dataset/ecephys_655019_2023-04-03_18-10-10"
	for _, path := range []string{
		"nothing", "dataset/nothing", ".archived/dataset/nothing", ".by-id/00000000-0000-4000-8000-000000000000",
		asset + "/nothing", asset + "/nothing/at/all", asset + "/behavior/nothing", asset + "/subject.json/below",
		"dataset/ecephys_661398_2023-03-31_17-01-09/nothing", "combined/ecephys_655019_complete/nothing",
		"combined/ecephys_655019_complete/raw/nothing", "dataset/clinical_MR_007/refused",
		"dataset/exaSPIM_705363_2024-06-05_00-00-00/draft",
	} {
		paths = append(paths, m.path(path))
	}
	file := m.path(asset, "ecephys/probeA.lfp.h5")
	// Bytes from a large file's middle and end, before the rest is read.
	middle, _ := m.try("dd", "status=none", "if="+file, "bs=1000", "skip=40", "count=3")
	end, _ := m.try("tail", "-c", "100", file)
	_, missing := m.try("stat", paths...)
	said := strings.ReplaceAll(fmt.Sprint(missing), m.point, "")
	return slices.Concat(m.sums(dirs...), strings.Split(said[strings.Index(said, "\n")+1:], "\n"), []string{middle, end})
}
