package request_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"codeoceanfs/control/request"
)

const source = `"source":{"aws":{"bucket":"b","prefix":"p","keep_on_external_storage":true,"public":false}}`

// What is accepted, and what is sent for it.
func TestSent(t *testing.T) {
	for name, c := range map[string]struct {
		verb request.Verb
		body string
		want string // the body for the API; empty: as it came
	}{
		"an external asset": {request.Create, `{"name":"n","tags":[],"mount":"m",` + source + `}`, ""},
		"a public copy": {request.Create, `{"name":"n","tags":["a","b"],"mount":"m","description":"d",
			"source":{"aws":{"bucket":"b","prefix":"","keep_on_external_storage":false,"public":true,"endpoint_name":"e"}}}`, ""},
		"no prefix": {
			request.Create, `{"name":"n","tags":[],"mount":"m","source":{"aws":{"bucket":"b","keep_on_external_storage":true,"public":false}}}`,
			`{"name":"n","tags":[],"mount":"m","source":{"aws":{"bucket":"b","prefix":"","keep_on_external_storage":true,"public":false}}}`,
		},
		"the input bucket": {
			request.Create, `{"name":"n","tags":[],"mount":"m","source":{"aws":{"prefix":"p","use_input_bucket":true}}}`,
			`{"name":"n","tags":[],"mount":"m","source":{"aws":{"bucket":"","prefix":"p","keep_on_external_storage":false,"public":false,"use_input_bucket":true}}}`,
		},
		"from Google": {request.Create, `{"name":"n","tags":[],"mount":"m","source":{"gcp":{"bucket":"b","prefix":"p","client_id":"i","client_secret":"s"}}}`, ""},
		"of a computation": {request.Create, `{"name":"n","tags":[],"mount":"m","source":{"computation":{"id":"c","path":"figures"}},
			"target":{"aws":{"bucket":"b","prefix":"p"}}}`, ""},
		"of a workstation": {request.Create, `{"name":"n","tags":[],"mount":"m","source":{"cloud_workstation":{"id":"c","path":"p","run_script":"r"}}}`, ""},
		"results from elsewhere": {request.Create, `{"name":"n","tags":[],"mount":"m",` + source + `,"results_info":{"pipeline_id":"p","version":3,
			"commit":"c","run_script":"r","data_assets":["x"],"parameters":[{"name":"a","param_name":"b","value":"c"}],"nextflow_profile":"f",
			"processes":[{"name":"a","capsule_id":"b","version":1,"public":true,"parameters":[{"value":"v"}]}]}}`, ""},
		"a version in words": {request.Create, `{"name":"n","tags":[],"mount":"m",` + source + `,"results_info":{"capsule_id":"p","version":"v3"}}`, ""},
		"a combined asset":   {request.Create, `{"name":"n","tags":[],"mount":"m","data_asset_ids":["a","b"]}`, ""},
		"metadata":           {request.Create, `{"name":"n","tags":[],"mount":"m","data_asset_ids":["a","b"],"custom_metadata":{"subject":"x","age":12345678901234567890,"sizes":[1.50,2]}}`, ""},
		"nulls are absent":   {request.Create, `{"name":"n","tags":[],"mount":"m","data_asset_ids":["a","b"],"source":null,"description":null}`, `{"name":"n","tags":[],"mount":"m","data_asset_ids":["a","b"]}`},
		"permissions": {
			request.Permissions, `{"id":"x","users":[{"email":"e","role":"owner"}],"groups":[{"group":"g","role":"discoverable"}],"everyone":"none","share_assets":false}`,
			`{"users":[{"email":"e","role":"owner"}],"groups":[{"group":"g","role":"discoverable"}],"everyone":"none","share_assets":false}`,
		},
		"a transfer": {request.Transfer, `{"id":"x","target":{"aws":{"bucket":"b","prefix":"p"}},"force":true}`, `{"target":{"aws":{"bucket":"b","prefix":"p"}},"force":true}`},
	} {
		r, err := request.Decode(c.verb, []byte(c.body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var sent any
		switch {
		case r.Create != nil:
			sent = r.Create
		case r.Permissions != nil:
			sent = r.Permissions
		case r.Transfer != nil:
			sent = r.Transfer
		}
		want := c.want
		if want == "" {
			want = c.body
		}
		if got := canonical(t, sent); got != canonical(t, json.RawMessage(want)) {
			t.Errorf("%s:\nsent %s\nwant %s", name, got, want)
		}
	}
}

func canonical(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// What is refused, and what is said about it.
func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		verb       request.Verb
		body, want string
	}{
		"nothing":               {request.Create, `{}`, "name: is required"},
		"no name":               {request.Create, `{"mount":"m","tags":[],` + source + `}`, "name: is required"},
		"an empty name":         {request.Create, `{"name":" ","mount":"m","tags":[],` + source + `}`, "name: cannot be empty"},
		"no tags":               {request.Create, `{"name":"n","mount":"m",` + source + `}`, "tags: is required"},
		"tags as text":          {request.Create, `{"name":"n","mount":"m","tags":"a,b",` + source + `}`, "tags: is a list of texts"},
		"a tag of another kind": {request.Create, `{"name":"n","mount":"m","tags":["a",1],` + source + `}`, "tags[1]: is a text"},
		"no source":             {request.Create, `{"name":"n","mount":"m","tags":[]}`, "source: is required"},
		"two sources":           {request.Create, `{"name":"n","mount":"m","tags":[],"source":{"aws":{"bucket":"b"},"gcp":{"bucket":"b"}}}`, "source: has exactly one of"},
		"an empty source":       {request.Create, `{"name":"n","mount":"m","tags":[],"source":{}}`, "source: has exactly one of"},
		"source and members":    {request.Create, `{"name":"n","mount":"m","tags":[],` + source + `,"data_asset_ids":["a","b"]}`, "data_asset_ids: source and data_asset_ids exclude"},
		"one member":            {request.Create, `{"name":"n","mount":"m","tags":[],"data_asset_ids":["a"]}`, "data_asset_ids: a combined asset has two or more"},
		"no bucket":             {request.Create, `{"name":"n","mount":"m","tags":[],"source":{"aws":{"prefix":"p"}}}`, "source.aws.bucket: is required"},
		"where it stays":        {request.Create, `{"name":"n","mount":"m","tags":[],"source":{"aws":{"bucket":"b","public":true}}}`, "source.aws.keep_on_external_storage: is required"},
		"a flag in quotes":      {request.Create, `{"name":"n","mount":"m","tags":[],"source":{"aws":{"bucket":"b","public":"true"}}}`, "source.aws.public: is true or false, without quotes"},
		"a typing error":        {request.Create, `{"nmae":"n"}`, "nmae: there is no such field: did you mean name?"},
		"one further down":      {request.Create, `{"name":"n","mount":"m","tags":[],"source":{"aws":{"bukcet":"b"}}}`, "source.aws.bukcet: there is no such field: did you mean bucket?"},
		"a field of nobody":     {request.Archive, `{"whatever":1}`, "whatever: there is no such field: there are id, path"},
		"a target of a bucket":  {request.Create, `{"name":"n","mount":"m","tags":[],` + source + `,"target":{"aws":{"bucket":"b"}}}`, "target: is for a source of computation"},
		"results of a run":      {request.Create, `{"name":"n","mount":"m","tags":[],"source":{"computation":{"id":"c"}},"results_info":{"capsule_id":"x"}}`, "results_info: is for a source of aws"},
		"results of nothing":    {request.Create, `{"name":"n","mount":"m","tags":[],` + source + `,"results_info":{"commit":"x"}}`, "results_info: has exactly one of"},
		"metadata of objects":   {request.Create, `{"name":"n","mount":"m","tags":[],` + source + `,"custom_metadata":{"a":{"b":1}}}`, "custom_metadata.a: is a text, a number"},
		"no asset":              {request.Archive, `{}`, "which asset? id or path is required"},
		"two assets":            {request.Delete, `{"id":"x","path":"dataset/x"}`, "path: id and path exclude"},
		"an empty id":           {request.Delete, `{"id":""}`, "id: cannot be empty"},
		"no change":             {request.Update, `{"id":"x"}`, "nothing is to be changed"},
		"an empty new name":     {request.Update, `{"id":"x","name":""}`, "name: cannot be empty"},
		"tags in two ways":      {request.Update, `{"id":"x","tags":[],"tags_add":["a"]}`, "tags: are all of them"},
		"an unknown role":       {request.Permissions, `{"id":"x","users":[{"email":"e","role":"boss"}]}`, `users[0].role: "boss" is none of owner, editor, viewer`},
		"a user without a role": {request.Permissions, `{"id":"x","users":[{"email":"e"}]}`, "users[0].role: is required"},
		"no permissions":        {request.Permissions, `{"id":"x"}`, "no permissions are given"},
		"a transfer to nowhere": {request.Transfer, `{"id":"x"}`, "target: is required"},
		"and to no folder":      {request.Transfer, `{"id":"x","target":{"aws":{"bucket":"b"}}}`, "target.aws.prefix: is required"},

		"no JSON":             {request.Archive, "{\n\n id: 1}", "this is not JSON, in line 3"},
		"half of it":          {request.Archive, `{"id":"x"`, "is not complete"},
		"a comma at the end":  {request.Archive, `{"id":"x",}`, "this is not JSON, in line 1"},
		"a list":              {request.Archive, `["id"]`, "a request is a JSON object"},
		"two objects":         {request.Archive, `{"id":"x"}{}`, "there is more behind it"},
		"a field twice":       {request.Archive, `{"id":"x","id":"y"}`, "id: is given twice"},
		"twice further down":  {request.Create, `{"source":{"aws":{"bucket":"a","bucket":"b"}}}`, "source.aws.bucket: is given twice"},
		"other text":          {request.Archive, "{\"id\":\"\xff\"}", "is not UTF-8 text"},
		"half a character":    {request.Archive, `{"id":"\ud800"}`, "id: holds a character that does not exist"},
		"a zero byte":         {request.Archive, `{"id":"a\u0000"}`, "id: holds a zero byte"},
		"depth":               {request.Archive, `{"id":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, "is nested too deep"},
		"a name with a break": {request.Archive, `{"a\nb":1}`, `"a\nb": there is no such field`},
		"a very long name":    {request.Archive, `{"` + strings.Repeat("x", 900_000) + `":1}`, "there is no such field"},
		"an unknown verb":     {"destroy", `{}`, `there is no verb "destroy"`},
	} {
		r, err := request.Decode(c.verb, []byte(c.body))
		var e *request.Error
		if r != nil || !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 500 {
			t.Errorf("%s: %.200v", name, err)
		}
	}
}

// A body means the same in any order and with any spaces.
func TestSum(t *testing.T) {
	sum := func(body string) string {
		r, err := request.Decode(request.Update, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return r.Sum
	}
	one := sum(`{"id":"x","name":"n","tags":["a","b"]}`)
	if one != sum(" {\"tags\":[\"a\",\n\"b\"], \"name\":\"n\",\"id\":\"x\", \"mount\":null} ") {
		t.Error("spaces and order count")
	}
	if one == sum(`{"id":"x","name":"n","tags":["b","a"]}`) || one == sum(`{"id":"x","name":"m","tags":["a","b"]}`) {
		t.Error("a difference does not count")
	}
}

// No secret is in what is kept.
func TestSecrets(t *testing.T) {
	r, err := request.Decode(request.Create, []byte(`{"name":"n","tags":[],"mount":"m","source":{"gcp":{"bucket":"b","client_id":"i","client_secret":"hunter2"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(r.Shown), "hunter2") || strings.Contains(r.Sum, "hunter2") {
		t.Errorf("%s", r.Shown)
	}
	if r.Create.Source.GCP.ClientSecret != "hunter2" {
		t.Error("it is not sent either")
	}
}

// The manual shows what works.
func TestManual(t *testing.T) {
	for verb, example := range request.Examples() {
		if _, err := request.Decode(verb, []byte(example)); err != nil {
			t.Errorf("%s: %v", verb, err)
		}
		if !strings.Contains(request.Manual(), example) {
			t.Errorf("%s is not shown", verb)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for verb, example := range request.Examples() {
		f.Add(string(verb), []byte(example))
	}
	f.Fuzz(func(t *testing.T, verb string, body []byte) {
		r, err := request.Decode(request.Verb(verb), body)
		var e *request.Error
		switch {
		case err != nil && (!errors.As(err, &e) || r != nil):
			t.Errorf("%v, %v", r, err)
		case err == nil && (!json.Valid(body) || r.Sum == "" || !json.Valid(r.Shown)):
			t.Errorf("%q is taken as %+v", body, r)
		}
	})
}

// What is shown of a refused body holds no secret, however broken it is.
func TestConceal(t *testing.T) {
	for _, body := range []string{
		`{"source":{"gcp":{"client_secret":"hunter2"}}}`, `{"client_secret" : "hun\"ter2`, `{"client_secret":"hunter2"`, `"client_secret":"\\hunter2","x":1`,
	} {
		if got := string(request.Conceal([]byte(body))); strings.Contains(got, "ter2") || !strings.Contains(got, request.Hidden) {
			t.Errorf("%s: %s", body, got)
		}
	}
	_, err := request.Decode(request.Create, []byte(`{"name":"n","tags":[],"mount":"m","source":{"gcp":{"bucket":"b","client_secret":"`+request.Hidden+`"}}}`))
	if err == nil || !strings.Contains(err.Error(), "source.gcp.client_secret: the secret itself is needed") {
		t.Errorf("what is shown in its place is sent: %v", err)
	}
}
