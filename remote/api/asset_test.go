package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestDecodeAsset(t *testing.T) {
	raw := `{
		"id": "0a1b", "name": "ecephys_655019", "mount": "m", "description": "d", "type": "result", "state": "ready",
		"created": 1700000000.25, "last_used": 1700000001, "last_transferred": 0,
		"files": 3, "size": "1234567890123", "tags": ["a", "b"], "owner": "o", "owner_email": "o@x",
		"source_bucket": {"origin": "aws", "bucket": "bk", "prefix": "p/", "external": true},
		"provenance": {"commit": "c", "run_script": "r", "docker_image": "i", "capsule": "k", "computation": "n", "data_assets": ["x"]},
		"contained_data_assets": [{"id": "1", "mount": "one", "size": 5}, {"id": "2", "mount": "two"}],
		"custom_metadata": {"date": 1.5e9, "n": 1, "s": "v"}, "failure_reason": "f", "transfer_error": "t",
		"app_parameters": [{"name": "n", "value": "v"}], "something_new": {"deep": [1, 2]}
	}`
	a, err := DecodeAsset([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	want := &Asset{
		ID: "0a1b", Name: "ecephys_655019", Mount: "m", Description: "d", Type: Result, State: Ready,
		Created:  time.Unix(1700000000, 250_000_000).UTC(),
		LastUsed: time.Unix(1700000001, 0).UTC(),
		Files:    3, Size: 1234567890123, Tags: []string{"a", "b"}, Owner: "o", OwnerEmail: "o@x",
		Source: SourceBucket{Origin: "aws", Bucket: "bk", Prefix: "p/", External: true},
		Provenance: &Provenance{
			Commit: "c", RunScript: "r", DockerImage: "i", Capsule: "k", Computation: "n",
			DataAssets: []string{"x"},
		},
		Contained:      []Contained{{"1", "one", 5}, {"2", "two", -1}},
		CustomMetadata: json.RawMessage(`{"date": 1.5e9, "n": 1, "s": "v"}`),
		FailureReason:  "f", TransferError: "t", Raw: json.RawMessage(raw),
	}
	if !reflect.DeepEqual(a, want) {
		t.Errorf("got  %+v\nwant %+v", a, want)
	}
	if !a.External() {
		t.Error("not external")
	}
}

// Only source_bucket.external says external, whatever else is in there.
func TestInternalWithSourceBucket(t *testing.T) {
	a, err := DecodeAsset([]byte(`{"id":"x","source_bucket":{"origin":"aws","external":false,"bucket":"b"}}`))
	if err != nil || a.External() {
		t.Errorf("external: %v, %v", a.External(), err)
	}
}

func TestSizesInEveryForm(t *testing.T) {
	for in, want := range map[string]int64{
		`1`: 1, `"1"`: 1, `1.0`: 1, `1e3`: 1000, `"1e3"`: 1000, `0`: 0, `"0"`: 0,
		`9223372036854775807`: 1<<63 - 1, `9223372036854775808`: -1, `1e19`: -1, `1e999`: -1,
		`-1`: -1, `-5`: -1, `"-5"`: -1, `1.5`: -1, `null`: -1, `""`: -1, `"x"`: -1, `true`: -1,
		`{}`: -1, `[1]`: -1, `"NaN"`: -1, `"Inf"`: -1, `"0x10"`: -1,
	} {
		a, err := DecodeAsset([]byte(`{"id":"x","size":` + in + `,"name":"n"}`))
		if err != nil || a.Name != "n" || a.Size != want {
			t.Errorf("size %s gives %d, %v", in, a.Size, err)
		}
	}
	if a, _ := DecodeAsset([]byte(`{"id":"x"}`)); a.Size != -1 || a.Files != -1 {
		t.Errorf("no size gives %d, %d files", a.Size, a.Files)
	}
}

func TestTimesInEveryForm(t *testing.T) {
	at := time.Unix(1700000000, 0).UTC()
	for in, want := range map[string]time.Time{
		`1700000000`: at, `1700000000.0`: at, `"1700000000"`: at, `1.7e9`: at,
		`"2023-11-14T22:13:20Z"`: at, `1700000000.5`: at.Add(time.Second / 2),
		`0`: {}, `null`: {}, `""`: {}, `"yesterday"`: {}, `{}`: {}, `"NaN"`: {},
		`-1`:   time.Unix(0, 0).UTC(),
		`9e15`: time.Unix(maxStamp, 0).UTC(), `1e400`: time.Unix(maxStamp, 0).UTC(),
	} {
		a, err := DecodeAsset([]byte(`{"id":"x","created":` + in + `}`))
		if err != nil || !a.Created.Equal(want) {
			t.Errorf("created %s gives %v, want %v, %v", in, a.Created, want, err)
		}
	}
}

// One odd field costs that field, and not the record.
func TestOddFields(t *testing.T) {
	odd := []string{`null`, `1`, `-1.5`, `"s"`, `true`, `[]`, `{}`, `[null]`, `[{}]`, `[[]]`, `[1,"a",null]`, `{"a":{"b":[]}}`}
	typ := reflect.TypeFor[record]()
	for i := range typ.NumField() {
		field := typ.Field(i).Tag.Get("json")
		if field == "id" {
			continue
		}
		for _, v := range odd {
			raw := fmt.Sprintf(`{"id":"x","%s":%s,"owner":"me"}`, field, v)
			if a, err := DecodeAsset([]byte(raw)); err != nil || a.ID != "x" || field != "owner" && a.Owner != "me" {
				t.Errorf("%s: %v", raw, err)
			}
		}
	}
}

func TestProvenanceInBothSpellings(t *testing.T) {
	for _, raw := range []string{
		`{"Commit":"c","RunScript":"r","DockerImage":"i","Capsule":"k","Computation":"n","DataAssets":["a"]}`,
		`{"commit":"c","run_script":"r","docker_image":"i","capsule":"k","computation":"n","data_assets":["a"]}`,
	} {
		a, err := DecodeAsset([]byte(`{"id":"x","provenance":` + raw + `}`))
		want := &Provenance{Commit: "c", RunScript: "r", DockerImage: "i", Capsule: "k", Computation: "n", DataAssets: []string{"a"}}
		if err != nil || !reflect.DeepEqual(a.Provenance, want) {
			t.Errorf("%s gives %+v, %v", raw, a.Provenance, err)
		}
	}
}

func TestNoAsset(t *testing.T) {
	for _, raw := range []string{
		``, `null`, `[]`, `"x"`, `{}`, `{"id":null}`, `{"id":""}`, `{"id":{}}`, `{"id":"x"`, `{"id":"x"}{}`,
		`{"id":"x","a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`,
	} {
		if a, err := DecodeAsset([]byte(raw)); err == nil {
			t.Errorf("%.40s gives %+v", raw, a)
		}
	}
}

func FuzzDecodeAsset(f *testing.F) {
	f.Add([]byte(`{"id":"x","size":"12","created":1.5,"tags":"one","provenance":{"DataAssets":["a"]},"contained_data_assets":[{"id":1}]}`))
	f.Add([]byte(`{"id":7,"size":-1e400,"source_bucket":[],"custom_metadata":null,"Type":"MODEL","state":0}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := DecodeAsset(raw)
		if err != nil {
			return
		}
		if a.ID == "" || a.Size < -1 || a.Files < -1 || a.Created.Unix() > maxStamp {
			t.Errorf("%s gives %+v", raw, a)
		}
		again, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		b, err := DecodeAsset(again)
		if err != nil {
			t.Fatal(err)
		}
		a.Raw, b.Raw, a.CustomMetadata, b.CustomMetadata = nil, nil, nil, nil
		if !reflect.DeepEqual(a, b) {
			t.Errorf("its own record gives another: %+v, %+v", a, b)
		}
	})
}
