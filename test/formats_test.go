package test

import (
	"context"
	"strings"
	"testing"
	"time"

	"codeoceanfs/test/clients"
)

// TestFormats opens the samples with the libraries that researchers use, through
// the mount and beside it: they must see the same.
func TestFormats(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	m := d.mount(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	python, err := clients.Python(ctx)
	if err != nil {
		t.Fatal(err)
	}
	all := records(t, d.data)
	for _, id := range []string{
		"0ae6b5a3-79e7-575d-931c-0d77a8c13704", // MRI, internal
		"00acd66e-2116-5078-9af7-354ba58a950d", // ecephys, internal
		"54c873c7-e3d6-507d-8f3c-2fbe76d4024e", // ecephys, external and public
		"4e7c26fd-6613-5604-8121-91f21e6861cb", // RNAseq, external and private
	} {
		digests := func(dir string) string {
			out, err := clients.Run(ctx, nil, python, "clients/open_formats.py", dir)
			if err != nil {
				m.abort()
				t.Fatal(err)
			}
			var lines []string
			for line := range strings.Lines(string(out)) {
				if !strings.Contains(line, ".meta.json") {
					lines = append(lines, line)
				}
			}
			return strings.Join(lines, "")
		}
		got, want := digests(m.path(".by-id", id)), digests(all[id].source(d.data))
		if got != want || strings.Count(want, "\n") < 3 {
			t.Errorf("%s:\nthrough the mount\n%s\ndirectly\n%s", all[id].Name, got, want)
		}
	}
}
