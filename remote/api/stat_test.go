package api_test

import (
	"errors"
	"testing"
	"time"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/emulator"
	"codeoceanfs/remote/fault"
)

// One name is found without its folder's listing, whatever the platform chose
// where nothing is documented.
func TestStat(t *testing.T) {
	srv, c := emulate(t, emulator.Config{})
	files := []emulator.Generated{
		{Path: "top", Size: 3},
		{Path: "sub/file", Size: 5_000_000_000},
		{Path: "sub/empty"},
		{Path: "both", Size: 1},
		{Path: "both/inner", Size: 1},
		{Path: "odd %2F+?#", Size: 7},
		{Path: "page.html", Size: 9},
	}
	ready := add(t, srv, emulator.Asset{Record: emulator.Record{Name: "a"}, Generate: files})
	refused := add(t, srv, emulator.Asset{Record: emulator.Record{Name: "b"}, Generate: files, RefuseFiles: true})
	for platform, q := range map[string]emulator.Quirks{
		"as its SDK shows it":       {},
		"missing files are signed":  {SignMissing: true},
		"missing folders are empty": {MissingIsEmpty: true, SlashedFolders: true, FolderSizes: true},
		"no ranges":                 {NoRanges: true, SignMissing: true},
		"old URLs":                  {OldURLs: true},
	} {
		srv.SetQuirks(func(now *emulator.Quirks) { *now = q })
		for _, tc := range []struct {
			id, path string
			want     api.File
			err      error
		}{
			{ready, "top", api.File{Name: "top", Path: "top", Size: 3}, nil},
			{ready, "sub", api.File{Name: "sub", Path: "sub", Folder: true, Size: -1}, nil},
			{ready, "sub/file", api.File{Name: "file", Path: "sub/file", Size: 5_000_000_000}, nil},
			{ready, "sub/empty", api.File{Name: "empty", Path: "sub/empty"}, nil},
			{ready, "both", api.File{Name: "both", Path: "both", Folder: true, Size: -1}, nil},
			{ready, "odd %2F+?#", api.File{Name: "odd %2F+?#", Path: "odd %2F+?#", Size: 7}, nil},
			{ready, "page.html", api.File{Name: "page.html", Path: "page.html", Size: 9}, nil},
			{ready, "missing", api.File{}, fault.ErrNotExist},
			{ready, "sub/missing", api.File{}, fault.ErrNotExist},
			{ready, "top/below", api.File{}, fault.ErrNotExist},
			{refused, "top", api.File{}, fault.ErrRefused},
			{"00000000-0000-4000-8000-000000000000", "top", api.File{}, fault.ErrNotExist},
		} {
			got, err := c.Stat(t.Context(), tc.id, tc.path)
			if got != tc.want || !errors.Is(err, tc.err) || tc.err == nil && err != nil {
				t.Errorf("%s: Stat(%q) = %+v, %v; want %+v, %v", platform, tc.path, got, err, tc.want, tc.err)
			}
		}
	}
}

// A failure of one of the two questions is no answer.
func TestStatHalfAnswered(t *testing.T) {
	srv, c := emulate(t, emulator.Config{})
	id := add(t, srv, emulator.Asset{Record: emulator.Record{Name: "a"}, Generate: []emulator.Generated{{Path: "files", Size: 1}, {Path: "urls", Size: 1}}})
	for _, route := range []string{"files", "urls"} {
		remove := srv.Inject(emulator.Fault{Route: route, Status: 403})
		if f, err := c.Stat(t.Context(), id, route); !errors.Is(err, fault.ErrRefused) {
			t.Errorf("%s refused: %+v, %v", route, f, err)
		}
		remove()
		if f, err := c.Stat(t.Context(), id, route); err != nil || f.Size != 1 {
			t.Errorf("%+v, %v", f, err)
		}
	}
}

// What is still asked for when a folder was found ends with the client: the
// test binary looks for goroutines that are left.
func TestStatLeavesNothing(t *testing.T) {
	srv, c := emulate(t, emulator.Config{})
	id := add(t, srv, emulator.Asset{Record: emulator.Record{Name: "a"}, Generate: []emulator.Generated{{Path: "sub/f", Size: 1}}})
	for _, route := range []string{"urls", "download_url"} {
		srv.Inject(emulator.Fault{Route: route, Status: 503, Delay: 100 * time.Millisecond})
	}
	if f, err := c.Stat(t.Context(), id, "sub"); err != nil || !f.Folder {
		t.Errorf("%+v, %v", f, err)
	}
}
