package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"codeoceanfs/control/journal"
	"codeoceanfs/remote"
	"codeoceanfs/remote/api"
)

func TestRetag(t *testing.T) {
	for _, c := range []struct{ tags, add, remove, want string }{
		{"a b", "", "", "a b"},
		{"a b", "c b c", "", "a b c"},
		{"a b", "", "b x", "a"},
		{"a", "b", "b", "a"},
		{"a a b", "", "b", "a"},
		{"", "", "a", ""},
	} {
		got := retag(strings.Fields(c.tags), strings.Fields(c.add), strings.Fields(c.remove))
		if got == nil || strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestIsAlready(t *testing.T) {
	a := &api.Asset{Name: "n", Mount: "m", Tags: []string{"a", "b"}, CustomMetadata: json.RawMessage(`{"x": 1, "y": ["p"]}`)}
	for body, want := range map[string]bool{
		`{}`:                                         true,
		`{"name": "n", "mount": "m"}`:                true,
		`{"name": "other"}`:                          false,
		`{"description": ""}`:                        true,
		`{"description": "d"}`:                       false,
		`{"tags": ["a", "b"]}`:                       true,
		`{"tags": ["b", "a"]}`:                       false,
		`{"tags": []}`:                               false,
		`{"custom_metadata": {"x": 1.0}}`:            true,
		`{"custom_metadata": {"x": "1"}}`:            false,
		`{"custom_metadata": {"y": ["p"]}}`:          true,
		`{"custom_metadata": {"x": null}}`:           false,
		`{"custom_metadata": {"z": null}}`:           true,
		`{"custom_metadata": {"z": ""}}`:             false,
		`{"name": "n", "custom_metadata": {"x": 2}}`: false,
	} {
		var change api.UpdateRequest
		if err := json.Unmarshal([]byte(body), &change); err != nil {
			t.Fatal(err)
		}
		if got := isAlready(a, change); got != want {
			t.Errorf("%s: %t", body, got)
		}
	}
}

func TestExpected(t *testing.T) {
	a := &api.Asset{Raw: json.RawMessage(`{"name": "n", "state": "ready", "tags": ["a"], "custom_metadata": {"x": 1, "y": "z"}}`)}
	for body, says := range map[string]string{
		`{}`:                                      "",
		`{"name": "n", "state": "ready"}`:         "",
		`{"description": ""}`:                     "", // the record has none
		`{"tags": ["a"]}`:                         "",
		`{"tags": []}`:                            `expect.tags: the record has ["a"]`,
		`{"state": "draft"}`:                      `expect.state: the record has "ready"`,
		`{"custom_metadata": {"x": 1}}`:           "",
		`{"custom_metadata": {"x": 2, "y": "q"}}`: "expect.custom_metadata.x: the record has 1",
		`{"custom_metadata": {"none": 1}}`:        "expect.custom_metadata.none: the record has nothing",
	} {
		var expect map[string]json.RawMessage
		if err := json.Unmarshal([]byte(body), &expect); err != nil {
			t.Fatal(err)
		}
		tells(t, body, expected(a, expect), syscall.ESTALE, says)
	}
}

// tells looks for words in an error, or for none if they are empty.
func tells(t *testing.T, what string, err error, errno syscall.Errno, says string) {
	t.Helper()
	var ours *Error
	switch {
	case says == "" && err == nil:
	case says == "" || err == nil:
		t.Errorf("%s: %v", what, err)
	case !errors.As(err, &ours) || ours.Errno != errno || !strings.Contains(err.Error(), says):
		t.Errorf("%s: %v", what, err)
	}
}

func TestShorten(t *testing.T) {
	if got := shorten(nil); got != "nothing" {
		t.Error(got)
	}
	// The cut is in the middle of a character.
	if got := shorten(json.RawMessage(`"` + strings.Repeat("ü", 200) + `"`)); !strings.HasSuffix(got, "ü…") {
		t.Error(got)
	}
}

func TestSame(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{``, `null`, true},
		{``, `""`, true},
		{`[ ]`, `{ }`, true},
		{`"a"`, `"a"`, true},
		{`"a"`, ``, false},
		{`[""]`, `[]`, false},
		{`1.0`, `1`, true},
		{`{"a": 1, "b": 2}`, `{"b":2,"a":1}`, true},
		{`0`, ``, false},
		{`[1e2]`, `[100]`, true},
		{`9007199254740993`, `9007199254740992`, false},
		{`{"a": 9007199254740993}`, `{"a":9007199254740993}`, true},
		{`false`, `null`, false},
	} {
		if got := same(json.RawMessage(c.a), json.RawMessage(c.b)); got != c.want {
			t.Errorf("%s, %s: %t", c.a, c.b, got)
		}
	}
}

func TestSet(t *testing.T) {
	for _, c := range []struct{ name, value, now, want, says string }{
		{name: "name", value: `"n"`, want: `{"name":"n"}`},
		{name: "name", value: `" "`, says: "not empty"},
		{name: "name", value: `null`, says: "not empty"},
		{name: "mount", value: `7`, says: "is a text"},
		{name: "description", value: `null`, want: `{"description":""}`},
		{name: "description", value: `""`, want: `{"description":""}`},
		{name: "tags", value: `["a"]`, want: `{"tags":["a"]}`},
		{name: "tags", value: `null`, want: `{"tags":[]}`},
		{name: "tags", value: `"a"`, says: "is a list"},
		{name: "custom_metadata", value: `{"x":1}`, now: `{"y":2}`, want: `{"custom_metadata":{"x":1,"y":null}}`},
		{name: "custom_metadata", value: `{}`, now: `{"y":2}`, want: `{"custom_metadata":{"y":null}}`},
		{name: "custom_metadata", value: `null`, now: `{"y":2}`, want: `{"custom_metadata":{"y":null}}`},
		{name: "custom_metadata", value: `[]`, says: "is an object"},
	} {
		var change api.UpdateRequest
		err := set(&change, c.name, json.RawMessage(c.value), json.RawMessage(c.now))
		tells(t, c.name+" "+c.value, err, syscall.EINVAL, c.says)
		if got, _ := json.Marshal(change); err == nil && string(got) != c.want {
			t.Errorf("%s %s: %s", c.name, c.value, got)
		}
	}
}

func TestLike(t *testing.T) {
	aws := func(bucket, prefix string) *api.Source {
		return &api.Source{AWS: &api.AWSSource{Bucket: bucket, Prefix: prefix}}
	}
	for what, c := range map[string]struct {
		a    api.Asset
		body api.CreateRequest
		want bool
	}{
		"nothing to compare":  {api.Asset{Name: "n"}, api.CreateRequest{Name: "n"}, false},
		"another name":        {api.Asset{Name: "n"}, api.CreateRequest{Name: "o", Source: aws("b", "p")}, false},
		"other tags":          {api.Asset{Tags: []string{"a"}}, api.CreateRequest{Source: aws("b", "p")}, false},
		"its bucket":          {api.Asset{Source: api.SourceBucket{Bucket: "b", Prefix: "p/"}}, api.CreateRequest{Source: aws("b", "p")}, true},
		"another bucket":      {api.Asset{Source: api.SourceBucket{Bucket: "c", Prefix: "p"}}, api.CreateRequest{Source: aws("b", "p")}, false},
		"another folder":      {api.Asset{Source: api.SourceBucket{Bucket: "b", Prefix: "q"}}, api.CreateRequest{Source: aws("b", "p")}, false},
		"a bucket not shown":  {api.Asset{}, api.CreateRequest{Source: aws("b", "p")}, true},
		"a combined asset":    {api.Asset{Type: api.Combined}, api.CreateRequest{Source: aws("b", "p")}, false},
		"its members":         {api.Asset{Type: api.Combined, Contained: []api.Contained{{ID: "2"}, {ID: "1"}}}, api.CreateRequest{DataAssetIDs: []string{"1", "2"}}, true},
		"other members":       {api.Asset{Type: api.Combined, Contained: []api.Contained{{ID: "1"}}}, api.CreateRequest{DataAssetIDs: []string{"1", "2"}}, false},
		"its computation":     {api.Asset{Provenance: &api.Provenance{Computation: "c"}}, api.CreateRequest{Source: &api.Source{Computation: &api.ComputationSource{ID: "c"}}}, true},
		"another computation": {api.Asset{Provenance: &api.Provenance{Computation: "d"}}, api.CreateRequest{Source: &api.Source{Computation: &api.ComputationSource{ID: "c"}}}, false},
	} {
		if got := like(&c.a, c.body); got != c.want {
			t.Errorf("%s: %t", what, got)
		}
	}
	body := api.CreateRequest{DataAssetIDs: []string{"2", "1"}}
	like(&api.Asset{Type: api.Combined}, body)
	if !slices.Equal(body.DataAssetIDs, []string{"2", "1"}) {
		t.Errorf("the request was sorted: %q", body.DataAssetIDs)
	}
}

func TestCheckValue(t *testing.T) {
	low, high := 1.0, 9.0
	for _, c := range []struct {
		f    api.MetadataField
		v    any
		says string
	}{
		{api.MetadataField{Type: "number", Min: &low, Max: &high}, json.Number("1"), ""},
		{api.MetadataField{Type: "number", Min: &low}, json.Number("0.5"), "out of its range"},
		{api.MetadataField{Type: "number", Max: &high}, json.Number("10"), "out of its range"},
		{api.MetadataField{Type: "number"}, "1", "is a number, without quotes"},
		{api.MetadataField{Type: "date"}, "2024-01-01", "unix seconds"},
		{api.MetadataField{Type: "string"}, json.Number("1"), "is a text"},
		{api.MetadataField{Type: "string", AllowedValues: []string{"a", "b"}}, "b", ""},
		{api.MetadataField{Type: "string", AllowedValues: []string{"a", "b"}}, "c", "none of a, b"},
		{api.MetadataField{Type: "string"}, []any{"a"}, "not a list"},
		{api.MetadataField{Type: "string", Multiple: true}, []any{"a", "b"}, ""},
		{api.MetadataField{Type: "string", Multiple: true}, []any{"a", true}, "is a text"},
		{api.MetadataField{Type: "of the future"}, true, ""},
	} {
		tells(t, c.f.Type, checkValue(c.f, c.v), syscall.EINVAL, c.says)
	}
}

// A mistake of ours ends one change, and not the mount.
func TestSurvive(t *testing.T) {
	j, err := journal.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	r := New(Config{Deployment: &remote.Deployment{}, Journal: j, Errno: func(error) syscall.Errno { return syscall.EIO }})
	defer r.Close(context.Background())
	var ours *Error
	if err := r.Edit(context.Background(), "id", []byte(`{}`), nil); !errors.As(err, &ours) {
		t.Errorf("edit: %v", err)
	}
	if err := r.Submit(context.Background(), "archive", "k", []byte(`{"id": "x"}`)); !errors.As(err, &ours) {
		t.Errorf("archive: %v", err)
	}
	if rec, _, err := j.Get(journal.ID{Verb: "archive", Key: "k"}); err != nil || rec.State != journal.Unknown {
		t.Errorf("%+v, %v", rec, err)
	}
}

func TestCheckMetadata(t *testing.T) {
	r := New(Config{Errno: func(error) syscall.Errno { return syscall.EIO }})
	r.schema.fields = &api.MetadataSchema{Fields: []api.MetadataField{{Name: "id", Type: "string", Required: true}, {Name: "age", Type: "number"}}}
	r.schema.asked = time.Now()
	for _, c := range []struct {
		values map[string]any
		whole  bool
		says   string
	}{
		{map[string]any{"id": "x", "age": json.Number("1")}, true, ""},
		{map[string]any{"age": json.Number("1")}, false, ""},
		{map[string]any{"age": json.Number("1")}, true, "id: the deployment requires it"},
		{nil, true, "id: the deployment requires it"},
		{nil, false, ""},
		{map[string]any{"ags": "x"}, false, "no such field: it has age, id"},
	} {
		tells(t, fmt.Sprint(c.values), r.checkMetadata(context.Background(), c.values, c.whole), syscall.EINVAL, c.says)
	}
}
