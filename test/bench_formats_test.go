package test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
	"codeoceanfs/test/clients"
)

// The patterns of libraries have no goal: what counts is how many requests they
// cause, and how much is fetched for what they read. Their floor is the same
// program on the local disk.
var formatRows = []row{
	libraryRow("h5py: 8 planes and 8 blocks of 128 MiB", "hdf5_slices"),
	libraryRow("h5py: attributes of 200 datasets", "hdf5_metadata"),
	libraryRow("h5py: all of it", "hdf5_whole"),
	libraryRow("zarr: one plane, 64 of 512 chunks", "zarr_plane"),
	libraryRow("zarr: all of it", "zarr_whole"),
	libraryRow("nibabel: two planes, mapped", "nifti_plane"),
	libraryRow("pyarrow: 2 of 20 columns", "parquet_columns"),
	libraryRow("pysam: 20 regions by index", "bam_regions"),
	libraryRow("pysam: all of it", "bam_whole"),
}

// patternsScript is a program of clients; it is run in test/.
const patternsScript = "clients/patterns.py"

func libraryRow(name, pattern string) row {
	read := func(x *bench, m *mounted, dir string) (r measured) {
		x.b.Helper()
		out, err := m.try(x.python, patternsScript, "read", pattern, dir)
		must(x.b, err)
		must(x.b, json.Unmarshal([]byte(out), &r))
		return r
	}
	formats := func(x *bench) string { return x.m.path("dataset", "formats-"+x.asset()) }
	return row{
		name: name, unit: "s", flags: noDisk, formats: true,
		prepare: func(x *bench, _ *mounted, _ string, _ int) {
			x.remount() // every round reads for the first time
			x.m.run("ls", "-l", formats(x))
		},
		read:  func(x *bench, m *mounted, _ string, _ int) measured { return read(x, m, formats(x)) },
		floor: func(x *bench, _ int) measured { return read(x, x.m, formatFiles(x.data)) },
		goal:  func(*bench) goal { return goal{} },
		wants: func(x *bench) bool { return x.shaped },
	}
}

// formatFiles is where the emulator has them.
func formatFiles(data string) string {
	return filepath.Join(data, "assets", "formats-internal", "files")
}

// makeFormats makes the files once for all networks, and says which Python has
// the libraries.
func makeFormats(b *testing.B, wanted *regexp.Regexp) (python, dir string) {
	b.Helper()
	if !slices.ContainsFunc(formatRows, func(r row) bool {
		return slices.ContainsFunc(networks, func(n benchNet) bool {
			return wanted.MatchString(n.Name+"/external/"+r.name) || wanted.MatchString(n.Name+"/internal/"+r.name)
		})
	}) {
		return "", ""
	}
	ctx, cancel := context.WithTimeout(b.Context(), 5*time.Minute)
	defer cancel()
	python, err := clients.Python(ctx)
	if err != nil {
		b.Logf("no patterns of libraries: %v", err)
		return "", ""
	}
	dir = b.TempDir()
	_, err = clients.Run(ctx, nil, python, patternsScript, "make", dir)
	must(b, err)
	return python, dir
}

// addFormats puts the files into an emulator's data, as an internal asset and,
// linked, as an external one.
func addFormats(b *testing.B, dir, data string) {
	b.Helper()
	objects := filepath.Join(data, "buckets", "formats", "objects")
	for _, to := range []string{formatFiles(data), filepath.Join(objects, "all")} {
		must(b, os.MkdirAll(filepath.Dir(to), 0o755))
		if out, err := exec.Command("cp", "-al", dir, to).CombinedOutput(); err != nil {
			b.Fatalf("cp: %v: %s", err, out)
		}
	}
	for name, source := range map[string]*emulator.SourceBucket{"formats-internal": nil, "formats-external": inBucket("formats", "all")} {
		must(b, os.MkdirAll(filepath.Join(data, "assets", name), 0o755))
		raw, err := json.Marshal(map[string]any{"name": name, "source_bucket": source})
		must(b, err)
		must(b, os.WriteFile(filepath.Join(data, "assets", name, "asset.json"), raw, 0o644))
	}
}
