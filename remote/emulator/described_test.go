package emulator_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
	"codeoceanfs/remote/emulator/samples"
)

// TestDescribed writes as little into asset.json as people do, beside the
// bucket lab and the asset exp1 of the folder exp1.
func TestDescribed(t *testing.T) {
	const lab = `{"source_bucket": {"bucket": "lab", "prefix": "run1"}}`
	const deleted = "00000000-0000-4000-8000-000000000000"
	for name, c := range map[string]struct {
		files map[string]string // in assets/
		want  string            // of the asset x: type, external, members; or an error
		warns string
	}{
		"a folder":                    {map[string]string{"x/files/f": "f"}, "dataset false []", ""},
		"a bucket":                    {map[string]string{"x/asset.json": lab}, "dataset true []", ""},
		"a bucket it was copied from": {map[string]string{"x/asset.json": lab, "x/files/f": "f"}, "dataset false []", ""},
		"a bucket and made-up files":  {map[string]string{"x/asset.json": `{"source_bucket": {"bucket": "lab"}, "generate": [{"path": "a"}]}`}, "dataset false []", ""},
		"external all the same":       {map[string]string{"x/asset.json": `{"source_bucket": {"bucket": "lab", "external": true}}`, "x/files/f": "f"}, "dataset true []", ""},
		"internal all the same":       {map[string]string{"x/asset.json": `{"source_bucket": {"bucket": "lab", "external": false}}`}, "dataset false []", ""},
		"a record of an internal one": {map[string]string{"x/asset.json": `{"source_bucket": {"origin": "local", "bucket": "", "external": false}}`}, "dataset false []", ""},
		"no bucket":                   {map[string]string{"x/asset.json": `{"source_bucket": {"prefix": "run1"}}`}, "x/asset.json: source_bucket: bucket is missing", ""},
		"another bucket":              {map[string]string{"x/asset.json": `{"source_bucket": {"bucket": "lba"}}`}, "dataset true []", "buckets/lba"},
		"another prefix":              {map[string]string{"x/asset.json": `{"source_bucket": {"bucket": "lab", "prefix": "run"}}`}, "dataset true []", "prefix=run"},

		"members by folder":      {map[string]string{"x/asset.json": `{"type": "combined", "contained_data_assets": ["exp1", "y"]}`, "y/asset.json": `{"id": "other", "mount": "why"}`}, "combined false [EXP1=exp1 other=why]", ""},
		"members by id":          {map[string]string{"x/asset.json": `{"contained_data_assets": ["other"]}`, "y/asset.json": `{"id": "other"}`}, "combined false [other=y]", ""},
		"an id before a folder":  {map[string]string{"x/asset.json": `{"contained_data_assets": ["exp1"]}`, "y/asset.json": `{"id": "exp1"}`}, "combined false [exp1=y]", ""},
		"members with a mount":   {map[string]string{"x/asset.json": `{"contained_data_assets": [{"id": "exp1", "mount": "raw"}]}`}, "combined false [EXP1=raw]", ""},
		"no such member":         {map[string]string{"x/asset.json": `{"contained_data_assets": ["exp1", "exp2"]}`}, `x/asset.json: contained_data_assets: "exp2" is neither the id nor the folder`, ""},
		"a deleted member":       {map[string]string{"x/asset.json": `{"contained_data_assets": ["` + deleted + `"]}`}, "combined false [" + deleted + "=" + deleted + "]", "member=" + deleted},
		"a member of no name":    {map[string]string{"x/asset.json": `{"contained_data_assets": [{"mount": "raw"}]}`}, "a member has no id", ""},
		"a member of two fields": {map[string]string{"x/asset.json": "{\"contained_data_assets\": [{\n\"id\": \"exp1\",\n\"muont\": \"raw\"}]}"}, `asset.json: contained_data_assets: there is no field "muont"`, ""},
		"a member of a shape":    {map[string]string{"x/asset.json": "{\"contained_data_assets\": [{\n\"id\": 7}]}"}, `asset.json: contained_data_assets: "id" takes a string`, ""},
		"itself":                 {map[string]string{"x/asset.json": `{"contained_data_assets": ["x"]}`}, `"x" is this data asset itself`, ""},
		"members of a dataset":   {map[string]string{"x/asset.json": `{"type": "dataset", "contained_data_assets": ["exp1"]}`}, `"combined", and this says "dataset"`, ""},

		"a mistyped state": {map[string]string{"x/asset.json": `{"state": "redy"}`}, `x/asset.json: state "redy" is none of draft, ready, failed`, ""},
		"a mistyped type":  {map[string]string{"x/asset.json": `{"type": "datset"}`}, `x/asset.json: type "datset" is none of dataset, result, combined, model`, ""},
		"a newer type":     {map[string]string{"x/asset.json": `{"extra": {"type": "atlas"}}`}, "atlas false []", ""},
	} {
		t.Run(name, func(t *testing.T) {
			data := t.TempDir()
			put(t, filepath.Join(data, "assets/exp1/asset.json"), `{"id": "EXP1"}`)
			put(t, filepath.Join(data, "buckets/lab/objects/run1/f"), "f")
			for path, text := range c.files {
				put(t, filepath.Join(data, "assets", path), text)
			}
			got, log := described(t, data)
			if !strings.Contains(got, c.want) {
				t.Errorf("%s, not %s", got, c.want)
			}
			if c.warns == "" && log != "" || !strings.Contains(log, c.warns) {
				t.Errorf("logged %q, not %q", log, c.warns)
			}
		})
	}
}

// described starts a server and returns what it shows of the asset x, or why it
// did not start, and its log.
func described(t *testing.T, data string) (got, log string) {
	var logged bytes.Buffer
	s, err := emulator.New(emulator.Config{Data: data, Logger: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		return err.Error(), logged.String()
	}
	defer s.Close()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	for _, one := range (server{s, t}).must(http.MethodPost, "data_assets/search", object{})["results"].([]any) {
		r := one.(object)
		if r["name"] != "x" {
			continue
		}
		from, _ := r["source_bucket"].(object)
		members := []string{}
		list, _ := r["contained_data_assets"].([]any)
		for _, m := range list {
			members = append(members, fmt.Sprint(m.(object)["id"], "=", m.(object)["mount"]))
		}
		got = fmt.Sprint(r["type"], " ", from["external"] == true, " ", members)
	}
	return got, logged.String()
}

// TestAMemberComesLater describes a combined asset before its member is there,
// and changes it by hand: well, and badly, which is as if it had not been.
func TestAMemberComesLater(t *testing.T) {
	data := t.TempDir()
	s := start(t, emulator.Config{Data: data})
	path := filepath.Join(data, "assets/both/asset.json")
	finds := func(want ...string) {
		t.Helper()
		by := object{"sort_field": "name", "sort_order": "asc"}
		for end := time.Now().Add(10 * time.Second); !slices.Equal(s.search(by), want); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("found %q, not %q", s.search(by), want)
			}
		}
	}
	put(t, path, `{"contained_data_assets": ["late"]}`)
	finds()
	put(t, filepath.Join(data, "assets/late/files/f"), "f")
	finds("both", "late")
	put(t, path, `{"name": "changed", "contained_data_assets": ["late"]}`)
	finds("changed", "late")
	put(t, path, `{"name": "bad", "contained_data_assets": ["later"]}`)
	time.Sleep(1200 * time.Millisecond) // over the pause between two scans
	finds("changed", "late")
	put(t, path, `{"name": "bad"`)
	time.Sleep(1200 * time.Millisecond)
	finds("changed", "late")
}

// TestREADME serves what the README describes, as it is printed there.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(found) != 2 {
		t.Fatalf("%d examples", len(found))
	}
	data := t.TempDir()
	put(t, filepath.Join(data, "assets/exp1/files/f"), "f")
	put(t, filepath.Join(data, "assets/ext1/asset.json"), found[0][1])
	put(t, filepath.Join(data, "assets/x/asset.json"), found[1][1])
	put(t, filepath.Join(data, "buckets/lab/objects/run1/f"), "f")
	got, log := described(t, data)
	if want := regexp.MustCompile(`^combined false \[\S+=exp1 \S+=raw\]$`); !want.MatchString(got) || log != "" {
		t.Errorf("%s, logged %s", got, log)
	}
}

func TestSamplesAreWhole(t *testing.T) {
	data := t.TempDir()
	if err := samples.Extract(data); err != nil {
		t.Fatal(err)
	}
	if _, log := described(t, data); log != "" {
		t.Errorf("a new demo says %s", log)
	}
}
