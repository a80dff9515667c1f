package test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// TestLineage follows assets to what they were made from, by their records, and
// to what was made of them, by .search.
func TestLineage(t *testing.T) {
	t.Parallel()
	d := lab(t)
	m := d.quiet(t)
	madeFrom := func(t *testing.T, id string) []string {
		var r struct {
			Provenance struct {
				DataAssets  []string `json:"data_assets"`
				Computation string
				Capsule     string
				Commit      string
				RunScript   string `json:"run_script"`
			}
		}
		if err := json.Unmarshal([]byte(m.run("cat", m.path(".by-id", id, ".meta.json"))), &r); err != nil {
			t.Fatal(err)
		}
		if p := r.Provenance; len(p.DataAssets) > 0 && (p.Computation == "" || p.Capsule == "" || p.Commit == "" || p.RunScript == "") {
			t.Errorf("provenance of %s: %+v", id, p)
		}
		return r.Provenance.DataAssets
	}
	t.Run("an asset's record says what it was made from, back to the recording", func(t *testing.T) {
		chain := []string{curatedID}
		for from := madeFrom(t, curatedID); len(from) > 0; from = madeFrom(t, from[0]) {
			chain = append(chain, from[0])
		}
		if want := []string{curatedID, sortedID, recordingID}; !slices.Equal(chain, want) {
			t.Errorf("%q, not %q", chain, want)
		}
	})
	t.Run("a search by contained id gives what was made of an asset, on to the last result", func(t *testing.T) {
		for id, want := range map[string][]string{
			recordingID: {"bundle", recording + "_sorted"},
			sortedID:    {"bundle", "curated"},
			curatedID:   nil,
			bundleID:    nil,
		} {
			if got := m.list(".search", "contained_data_id:"+id); !slices.Equal(got, want) {
				t.Errorf("made of %s: %q, not %q", id, got, want)
			}
		}
	})
}

// TestLineageOfSamples is what the demo shows.
func TestLineageOfSamples(t *testing.T) {
	t.Parallel()
	m := deploy(t).quiet(t)
	m.shows(m.path(".search", "contained_data_id:00acd66e-2116-5078-9af7-354ba58a950d"), map[string]string{
		"ecephys_655019_2023-04-03_18-10-10_sorted_2023-06-01_14-50-08": "-> ../../result/ecephys_655019_2023-04-03_18-10-10_sorted_2023-06-01_14-50-08",
		"ecephys_655019_complete": "-> ../../combined/ecephys_655019_complete",
	})
}

// TestRecords compares records, byte for byte but for the white space, with what
// the platform sends.
func TestRecords(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*emulator.Quirks){
		"a record is shown as the platform has it":         func(*emulator.Quirks) {},
		"a record is shown in the platform's own spelling": func(q *emulator.Quirks) { q.UpperProvenance = true },
		"a record is shown with its nulls, its floats and its sizes as strings": func(q *emulator.Quirks) {
			q.Nulls, q.FloatTimes, q.StringSizes = true, true, true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := lab(t, func(c *emulator.Config) { edit(&c.Quirks) })
			const odd = `{"z":1,"a":12345678901234567890123,"f":[0.10,1e400,-0.0,1.0,3],"é":"<&>\u2028\ud83e\udde0","n":null,"dup":1,"dup":2}`
			id := d.add(t, emulator.Asset{
				Record: emulator.Record{Name: "odd", Provenance: &emulator.Provenance{DataAssets: []string{recordingID}, Capsule: "c"}},
				Extra:  map[string]any{"a_new_field": json.RawMessage(odd)},
			})
			m := d.quiet(t)
			for _, id := range []string{id, sortedID, bundleID} {
				shown := m.run("cat", m.path(".by-id", id, ".meta.json"))
				sent := m.run("curl", "-sS", "-u", "cop_demo:", d.APIURL()+"/api/v1/data_assets/"+id)
				if a, b := compact(t, shown), compact(t, sent); a != b {
					t.Errorf("shown %s\n sent %s", a, b)
				}
				if strings.Count(shown, "\n") < 10 {
					t.Errorf("not indented: %s", shown)
				}
			}
			if shown := m.run("cat", m.path("dataset", "odd", ".meta.json")); !strings.Contains(shown, "12345678901234567890123") {
				t.Errorf("a field that is not known: %s", shown)
			}
		})
	}
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return b.String()
}
