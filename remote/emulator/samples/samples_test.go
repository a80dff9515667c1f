package samples_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator/samples"
)

// record is what these tests look at of an asset.json.
type record struct {
	ID, Name, Type, State string
	Files, Size           int64
	Archived              bool
	ReadyAfter            int    `json:"ready_after"`
	RefuseFiles           bool   `json:"refuse_files"`
	FailureReason         string `json:"failure_reason"`
	SourceBucket          struct {
		Bucket, Prefix string
		External       bool
	} `json:"source_bucket"`
	Provenance struct {
		DataAssets []string `json:"data_assets"`
	}
	Contained []struct{ ID string } `json:"contained_data_assets"`

	folder string
}

func TestEveryKindIsThere(t *testing.T) {
	dir := extract(t)
	all := records(t, dir)
	ids := map[string]record{}
	for _, r := range all {
		ids[r.ID] = r
	}
	external := func(id string) bool { return ids[id].SourceBucket.External }
	slash := func(r record) bool { return strings.HasSuffix(r.SourceBucket.Prefix, "/") }
	in := func(bucket string) func(record) bool {
		return func(r record) bool { return r.SourceBucket.External && r.SourceBucket.Bucket == bucket }
	}
	kinds := map[string]func(record) bool{
		"dataset": func(r record) bool { return r.Type == "dataset" },
		"model":   func(r record) bool { return r.Type == "model" },
		"result with its lineage": func(r record) bool {
			return r.Type == "result" && len(r.Provenance.DataAssets) > 0 && ids[r.Provenance.DataAssets[0]].ID != ""
		},
		"combined of internal": func(r record) bool {
			return len(r.Contained) >= 2 && !slices.ContainsFunc(r.Contained, func(c struct{ ID string }) bool { return external(c.ID) })
		},
		"combined with an external": func(r record) bool {
			return slices.ContainsFunc(r.Contained, func(c struct{ ID string }) bool { return external(c.ID) })
		},
		"external, public":           in("demo-open-data"),
		"external, private":          in("demo-lab-private"),
		"external, slash at the end": func(r record) bool { return r.SourceBucket.External && slash(r) },
		"external, no slash":         func(r record) bool { return r.SourceBucket.External && !slash(r) },
		"draft that becomes ready":   func(r record) bool { return r.State == "draft" && r.ReadyAfter > 0 && r.Files > 0 },
		"draft that stays":           func(r record) bool { return r.State == "draft" && r.ReadyAfter == 0 },
		"failed":                     func(r record) bool { return r.State == "failed" && r.FailureReason != "" },
		"archived":                   func(r record) bool { return r.Archived },
		"refuses its files":          func(r record) bool { return r.RefuseFiles },
		"name with a slash":          func(r record) bool { return strings.Contains(r.Name, "/") },
		"name with a leading dot":    func(r record) bool { return strings.HasPrefix(r.Name, ".") },
		"one of two of one name": func(r record) bool {
			return slices.ContainsFunc(all, func(o record) bool { return o.ID != r.ID && o.Name == r.Name && o.Type == r.Type })
		},
	}
	for kind, is := range kinds {
		if !slices.ContainsFunc(all, is) {
			t.Errorf("no asset is: %s", kind)
		}
	}
	if len(ids) != len(all) {
		t.Errorf("%d ids of %d assets", len(ids), len(all))
	}
}

func TestRecordsTellTheirFiles(t *testing.T) {
	dir := extract(t)
	sizes := map[int64]bool{}
	for _, r := range records(t, dir) {
		if r.Type == "combined" {
			continue
		}
		root := filepath.Join(r.folder, "files")
		if r.SourceBucket.External {
			root = filepath.Join(dir, "buckets", r.SourceBucket.Bucket, "objects", r.SourceBucket.Prefix)
		}
		var files, size int64
		for _, n := range tree(t, root) {
			files, size = files+1, size+int64(len(n))
			sizes[int64(len(n))] = true
		}
		if files != r.Files || size != r.Size {
			t.Errorf("%s: record says %d files of %d bytes, there are %d of %d", r.Name, r.Files, r.Size, files, size)
		}
	}
	if !sizes[0] || !sizes[1] {
		t.Error("files of 0 bytes and of 1 byte are missing")
	}
}

func TestSamplesStaySmall(t *testing.T) {
	// Every byte of them is in the binary.
	const limit = 6 << 20
	total := 0
	for _, content := range tree(t, extract(t)) {
		total += len(content)
	}
	if total > limit {
		t.Errorf("samples are %d bytes, more than %d", total, limit)
	}
}

func TestExtractAgainKeepsWhatChanged(t *testing.T) {
	dir := extract(t)
	created := filepath.Join(dir, "assets", "created", "asset.json")
	changed := filepath.Join(dir, "assets", "legacy-rig-export", "asset.json")
	deleted := filepath.Join(dir, "assets", "name-dot")
	for _, path := range []string{created, changed} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(`{"name": "mine"}`), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(deleted); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	if err := samples.Extract(dir); err != nil {
		t.Fatal(err)
	}
	after := tree(t, dir)
	if len(after) != len(before) {
		t.Errorf("%d files became %d", len(before), len(after))
	}
	for path, content := range before {
		if !bytes.Equal(after[path], content) {
			t.Errorf("%s was written over", path)
		}
	}
}

func TestExtractFinishesWhatWasCutShort(t *testing.T) {
	dir := extract(t)
	want := tree(t, dir)
	missing := filepath.Join(dir, "assets", "legacy-rig-export", "files", "line\nbreak.txt")
	half := filepath.Join(dir, "deployment.json")
	untouched := filepath.Join(dir, "buckets", "demo-open-data", "objects", "README.md")
	earlier := time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(untouched, earlier, earlier); err != nil {
		t.Fatal(err)
	}
	// The stamp is written last: without it, this is an extraction that died.
	for _, path := range []string{missing, filepath.Join(dir, ".samples")} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(half, 3); err != nil {
		t.Fatal(err)
	}
	if err := samples.Extract(dir); err != nil {
		t.Fatal(err)
	}
	got := tree(t, dir)
	for path, content := range want {
		if !bytes.Equal(got[path], content) {
			t.Errorf("%s is not as it was", path)
		}
	}
	info, err := os.Stat(untouched)
	if err != nil {
		t.Fatal(err)
	}
	if !info.ModTime().Equal(earlier) {
		t.Error("a whole file was written again, under its readers")
	}
}

func extract(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := samples.Extract(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func records(t *testing.T, dir string) []record {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "assets", "*", "asset.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no assets: %v", err)
	}
	var all []record
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r := record{folder: filepath.Dir(path)}
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, r)
	}
	return all
}

// tree reads every file below a directory; one that is absent has none.
func tree(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) || err == nil && d.IsDir() {
			return nil
		}
		if err != nil {
			return err
		}
		files[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
