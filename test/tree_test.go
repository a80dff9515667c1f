package test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// record is what the tests need of a sample's asset.json.
type record struct {
	ID          string
	Name        string
	Type        string
	State       string
	Archived    bool
	RefuseFiles bool `json:"refuse_files"`
	Source      struct {
		Bucket, Prefix string
		External       bool
	} `json:"source_bucket"`
	Contained []struct{ ID, Mount string } `json:"contained_data_assets"`

	dir string // its folder among the samples
}

// records reads the samples' own files, beside the program under test.
func records(t *testing.T, data string) map[string]record {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(data, "assets/*/asset.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	all := make(map[string]record)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := record{dir: filepath.Dir(file)}
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		all[r.ID] = r
	}
	return all
}

// source is the directory that holds the data of r, or "" if it has none.
func (r record) source(data string) string {
	switch {
	case r.State != "ready" || r.RefuseFiles || r.Contained != nil:
		return ""
	case r.Source.External:
		return filepath.Join(data, "buckets", r.Source.Bucket, "objects", r.Source.Prefix)
	}
	return filepath.Join(r.dir, "files")
}

// shown are the samples' files whose names the mount has to change, as the
// helper quotes both.
var shown = strings.NewReplacer(
	`".meta.json"`, `"%2Emeta.json"`,
	`"line\nbreak.txt"`, `"line%0Abreak.txt"`,
	`"notes@file"`, `"notes%40file"`,
	`"percent%2Fencoded.txt"`, `"percent%252Fencoded.txt"`,
)

// want is what a directory of the mount must show of a source directory.
func (m *mounted) want(source string) []string {
	m.t.Helper()
	lines := m.allSums(source)
	for i := range lines {
		lines[i] = shown.Replace(lines[i])
	}
	return lines
}

// TestSamples reads every file of every sample through the mount and compares
// it with its source: the bytes, the names, and that nothing is missing or new.
func TestSamples(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	m := d.mount(t)
	var files int
	all := records(t, d.data)
	for id, r := range all {
		if r.State == "draft" {
			continue // it has its own test
		}
		got := m.sums(m.path(".by-id", id))
		var want []string
		switch source := r.source(d.data); {
		case source != "":
			want = m.want(source)
		case r.Contained != nil:
			want = []string{`dir "."`}
			for _, c := range r.Contained {
				want = append(want, fmt.Sprintf("dir %q", c.Mount))
				for _, line := range m.want(all[c.ID].source(d.data))[1:] {
					kind, path, _ := strings.Cut(line, ` "`)
					want = append(want, fmt.Sprintf(`%s "%s/%s`, kind, c.Mount, path))
				}
			}
		default:
			want = []string{`dir "."`}
		}
		if d := difference(got, want); d != "" {
			t.Errorf("%s:%s", r.Name, d)
		}
		files += len(want)
	}
	if files < 80 {
		t.Errorf("only %d files and folders were compared", files)
	}
}

// TestSampleNames lists the types by the names that the samples' names make.
func TestSampleNames(t *testing.T) {
	t.Parallel()
	m := deploy(t).mount(t)
	for dir, want := range map[string][]string{
		".": {"combined", "control", "dataset", "model", "result"},
		"dataset": {
			".calibration-draft",
			"50%2525 duty cycle",
			"FIP_668294_2023-08-01_15-22-31",
			"Größenmessung Ca²⁺ 日本語 🧠",
			"MRI_721832_2024-02-11_09-30-00",
			"RNAseq_726088_2024-05-21_09-12-00",
			"SmartSPIM_692911_2023-11-16_12-00-00",
			"behavior_655019_2023-04-02_11-03-20",
			"calibration_2023-02-14",
			"calibration_2023-02-14@7af1e973",
			"clinical_MR_007",
			"ecephys_655019_2023-04-03_18-10-10",
			"ecephys_661398_2023-03-31_17-01-09",
			"exaSPIM_705363_2024-06-05_00-00-00",
			"legacy-rig-export",
			"mouse 12%2Fleft hemisphere",
			"multiplane-ophys_677594_2023-05-04_10-00-00",
		},
		"result": {
			"ecephys_655019_2023-04-03_18-10-10_sorted_2023-06-01_14-50-08",
			"ecephys_661398_2023-03-31_17-01-09_sorted_2023-07-12_08-00-00",
		},
		"combined":          {"ecephys_655019_complete", "visual-cortex-collection"},
		"model":             {"unit-quality-classifier-v2"},
		".by-id":            nil,
		".search":           nil,
		".archived":         {"combined", "dataset", "model", "result"},
		".archived/dataset": {"ecephys_612090_2022-07-08_10-00-00_pilot"},
		".archived/model":   nil,
		"control":           {"README", "archive", "create", "delete", "errors.jsonl", "permissions", "refresh", "stats", "status.json", "transfer", "unarchive", "update", "wait"},
	} {
		if d := difference(m.list(dir), want); d != "" {
			t.Errorf("ls %s:%s", dir, d)
		}
	}
	for _, name := range []string{"calibration_2023-02-14@662cd2b5", "ecephys_655019_2023-04-03_18-10-10@00acd66e"} {
		m.run("ls", m.path("dataset", name))
	}
}

// TestInodes looks at the numbers and times of files in two mounts of two
// deployments: they follow from the assets, and from nothing else.
func TestInodes(t *testing.T) {
	t.Parallel()
	d, other := deploy(t), deploy(t)
	one, two := d.mount(t), other.mount(t)
	stat := func(m *mounted, path string) string {
		return strings.TrimSpace(m.run("stat", "-c", "%i %Y", m.path(path)))
	}
	seen := map[string]string{} // inode number → path
	for path, modified := range map[string]string{
		"dataset/MRI_721832_2024-02-11_09-30-00":                            "1707643800", // the asset's created
		"dataset/MRI_721832_2024-02-11_09-30-00/participants.tsv":           "1707643800",
		"dataset/MRI_721832_2024-02-11_09-30-00/.meta.json":                 "1707643800",
		"dataset/ecephys_661398_2023-03-31_17-01-09/subject.json":           "1719835200", // the object's own
		"dataset/behavior_655019_2023-04-02_11-03-20/data_description.json": "1719835200",
		".by-id/00acd66e-2116-5078-9af7-354ba58a950d/data_description.json": "1680545410",
	} {
		a, b := stat(one, path), stat(two, path)
		number, when, _ := strings.Cut(a, " ")
		if a != b || when != modified {
			t.Errorf("%s: %s in one mount, %s in the other, not of %s", path, a, b, modified)
		}
		if first, ok := seen[number]; ok {
			t.Errorf("%s has the number of %s", path, first)
		}
		seen[number] = path
	}
	if a, b := stat(one, "combined/ecephys_655019_complete/raw/subject.json"), stat(one, "dataset/ecephys_655019_2023-04-03_18-10-10/subject.json"); a != b {
		t.Errorf("one file in two places: %s and %s", a, b)
	}
	// What getdents(2) says of a directory and of the one above it.
	const entries = `import ctypes, os, sys
buf = ctypes.create_string_buffer(4096)
ctypes.CDLL(None).syscall(217, os.open(sys.argv[1], os.O_RDONLY), buf, 4096)
first = int.from_bytes(buf.raw[16:18], "little")
print(*(int.from_bytes(buf.raw[i:i+8], "little") == os.stat(sys.argv[1] + name).st_ino for i, name in ((0, ""), (first, "/.."))))`
	for _, dir := range []string{"dataset", "dataset/MRI_721832_2024-02-11_09-30-00", "dataset/ecephys_655019_2023-04-03_18-10-10/ecephys"} {
		if got := one.run("python3", "-c", entries, one.path(dir)); got != "True True\n" {
			t.Errorf("%s: %q", dir, got)
		}
	}
}

// TestMeta compares records with what the platform answers.
func TestMeta(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	m := d.mount(t)
	for id, r := range records(t, d.data) {
		var shown, sent map[string]any
		if err := json.Unmarshal([]byte(m.run("cat", m.path(".by-id", id, ".meta.json"))), &shown); err != nil {
			t.Errorf("%s: %v", r.Name, err)
		}
		raw := m.run("curl", "-sS", "-u", "cop_demo:", d.APIURL()+"/api/v1/data_assets/"+id)
		if err := json.Unmarshal([]byte(raw), &sent); err != nil {
			t.Fatal(err)
		}
		delete(shown, "last_used") // changes with use
		delete(sent, "last_used")
		if r.State == "draft" {
			continue // may have become ready in between
		}
		if a, b := fmt.Sprint(shown), fmt.Sprint(sent); a != b {
			t.Errorf("%s:\nshown %s\n sent %s", r.Name, a, b)
		}
	}
}

// TestReadOnly tries to change the tree in every way there is.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	m := d.mount(t)
	asset := m.path("dataset", "MRI_721832_2024-02-11_09-30-00")
	before := m.sums(m.path("dataset"))
	for _, command := range [][]string{
		{"touch", asset + "/new"},
		{"touch", asset + "/participants.tsv"},
		{"mkdir", asset + "/new"},
		{"rm", "-f", asset + "/participants.tsv"},
		{"rmdir", asset + "/sub-721832"},
		{"mv", asset + "/participants.tsv", asset + "/other.tsv"},
		{"mv", asset, m.path("dataset", "other")},
		{"ln", "-s", "x", asset + "/link"},
		{"ln", asset + "/participants.tsv", asset + "/hard"},
		{"chmod", "600", asset + "/participants.tsv"},
		{"chown", "1", asset + "/participants.tsv"},
		{"truncate", "-s", "0", asset + "/participants.tsv"},
		{"sh", "-c", "echo x > " + asset + "/participants.tsv"},
		{"mkfifo", asset + "/pipe"},
		{"python3", "-c", "import os, sys; os.setxattr(sys.argv[1], 'user.x', b'y')", asset},
		{"python3", "-c", "import os, sys; os.open(sys.argv[1], os.O_TMPFILE | os.O_RDWR)", asset},
		{"mkdir", m.path("dataset", "new")},
		{"mkdir", m.path("new")},
	} {
		m.fails("Read-only file system", command[0], command[1:]...)
	}
	m.try("rm", "-rf", "--one-file-system", asset, m.path("dataset"))
	if after := m.sums(m.path("dataset")); !slices.Equal(before, after) {
		t.Error("rm -rf changed something")
	}
}
