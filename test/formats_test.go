package test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
	"codeoceanfs/remote/emulator/samples"
	"codeoceanfs/test/clients"
)

// libraries are what researchers open files with, and the reader of
// clients/open_formats.py that does it with each.
var libraries = map[string]string{
	"pandas": "read_frame", "h5py": "read_hdf5", "zarr": "read_zarr", "nibabel": "read_nifti", "pynwb": "read_nwb",
	"tifffile": "read_tiff", "samtools": "read_bam", "samtools faidx": "read_fasta",
}

// session is one folder of every format, made of folders of the samples.
var session = map[string]string{
	"mri":      "assets/MRI_721832_2024-02-11_09-30-00/files",
	"ecephys":  "assets/ecephys_655019_2023-04-03_18-10-10/files",
	"imaging":  "assets/SmartSPIM_692911_2023-11-16_12-00-00/files",
	"nwb":      "buckets/demo-open-data/objects/ecephys_661398_2023-03-31_17-01-09",
	"sequence": "buckets/demo-lab-private/objects/sequencing/RNAseq_726088",
}

// TestFormats opens the same session in an internal, in an external and in a
// combined asset with the libraries that researchers use: each gives the answers
// that it gives on the plain directory.
func TestFormats(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	if err := samples.Extract(data); err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(data, "assets", "session", "files")
	for _, to := range []string{plain, filepath.Join(data, "buckets", "lab", "objects", "session")} {
		for folder, from := range session {
			if err := os.CopyFS(filepath.Join(to, folder), os.DirFS(filepath.Join(data, from))); err != nil {
				t.Fatal(err)
			}
		}
	}
	record := `{"id": "` + firstID + `", "name": "internal", "mount": "internal", "type": "dataset", "state": "ready", "created": 1}`
	if err := os.WriteFile(filepath.Join(data, "assets", "session", "asset.json"), []byte(record), 0o644); err != nil {
		t.Fatal(err)
	}
	d := serve(t, func(c *emulator.Config) { c.Data = data })
	d.add(t, emulator.Asset{Record: emulator.Record{
		ID: secondID, Name: "external", SourceBucket: inBucket("lab", "session"),
	}})
	d.add(t, emulator.Asset{Record: emulator.Record{
		Name: "combined", Type: "combined", Contained: members(firstID, "inside", secondID, "outside"),
	}})
	m := d.mount(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	python, err := clients.Python(ctx)
	if err != nil {
		t.Fatal(err)
	}
	// read gives what each reader saw of each file: reader and name → digest.
	read := func(dir string) map[[2]string]string {
		out, err := clients.Run(ctx, nil, python, "clients/open_formats.py", dir)
		if err != nil {
			m.abort()
			t.Fatal(err)
		}
		seen := make(map[[2]string]string)
		for line := range strings.Lines(string(out)) {
			digest, rest, _ := strings.Cut(strings.TrimSpace(line), "  ")
			reader, name, _ := strings.Cut(rest, "  ")
			if name = strings.Trim(name, `"`); !strings.HasSuffix(name, ".meta.json") {
				seen[[2]string{reader, name}] = digest
			}
		}
		return seen
	}
	want := read(plain)
	for kind, c := range map[string]struct {
		path    string
		folders []string // that the session is in
	}{
		"an internal asset": {"dataset/internal", []string{""}},
		"an external asset": {"dataset/external", []string{""}},
		"a combined asset":  {"combined/combined", []string{"inside/", "outside/"}},
	} {
		got := read(m.path(c.path))
		if len(got) != len(want)*len(c.folders) {
			t.Errorf("%s: %d files, not %d times %d", kind, len(got), len(c.folders), len(want))
		}
		for library, reader := range libraries {
			t.Run(library+" reads "+kind+" as it reads the plain directory", func(t *testing.T) {
				files := 0
				for file, digest := range want {
					if file[0] != reader {
						continue
					}
					for _, folder := range c.folders {
						files++
						if seen := got[[2]string{reader, folder + file[1]}]; seen != digest {
							t.Errorf("%s%s: %q, not %q", folder, file[1], seen, digest)
						}
					}
				}
				if files == 0 {
					t.Error("it was not used")
				}
			})
		}
	}
}
