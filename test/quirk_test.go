package test

import (
	"slices"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// quirks are what nobody documents of the platform, each as it might be.
var quirks = map[string]func(*emulator.Quirks){
	"tokens are numbers":      func(q *emulator.Quirks) { q.NumberTokens, q.PageSize = true, 3 },
	"the last token is null":  func(q *emulator.Quirks) { q.LastToken, q.PageSize = "null", 3 },
	"the last token is empty": func(q *emulator.Quirks) { q.LastToken, q.PageSize = "empty", 3 },
	"the last token is there": func(q *emulator.Quirks) { q.LastToken, q.PageSize = "present", 3 },
	"no tokens":               func(q *emulator.Quirks) { q.NoTokens, q.PageSize = true, 3 },
	"tokens die":              func(q *emulator.Quirks) { q.TokenPages, q.PageSize = 2, 3 },
	"limits are clamped":      func(q *emulator.Quirks) { q.ClampLimit = true },
	"archived ones are found": func(q *emulator.Quirks) { q.PlainArchived = true },
	"search lags behind":      func(q *emulator.Quirks) { q.IndexLag = time.Second },
	"values are of other types": func(q *emulator.Quirks) {
		q.StringSizes, q.FloatTimes, q.Nulls, q.UpperProvenance = true, true, true, true
	},
	"folders are told otherwise": func(q *emulator.Quirks) {
		q.Unsorted, q.SlashedFolders, q.FolderSizes, q.MissingIsEmpty, q.SignMissing = true, true, true, true, true
	},
	"combined ones are refused": func(q *emulator.Quirks) { q.RefuseCombined = true },
	"old URLs only":             func(q *emulator.Quirks) { q.OldURLs = true },
	"new URLs only":             func(q *emulator.Quirks) { q.NoOldURLs = true },
	"no ranges":                 func(q *emulator.Quirks) { q.NoRanges = true },
	"few requests":              func(q *emulator.Quirks) { q.RatePerSecond, q.RetryAfter = 50, time.Second },
	"regions are redirected":    func(q *emulator.Quirks) { q.RedirectRegion = true },
}

// TestQuirks reads the same tree, byte by byte, of every platform that there
// might be.
func TestQuirks(t *testing.T) {
	t.Parallel()
	walk := func(m *mounted) (all []string) {
		for _, dir := range []string{"dataset", "result", "combined", "model", ".archived/dataset"} {
			all = append(all, m.tree(m.path(dir))...)
		}
		return all
	}
	settle := func(c *emulator.Config) { c.DraftTime = time.Hour }
	want := walk(deploy(t, settle).mount(t))
	for name, choose := range quirks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, settle, func(c *emulator.Config) { choose(&c.Quirks) })
			m := d.mount(t)
			eventually(t, "the same tree", func() error {
				if got := walk(m); !slices.Equal(got, want) {
					return errNotYet
				}
				return nil
			})
		})
	}
}
