package emulator_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// workshop is a deployment with something to make assets from; on disk, or in
// memory where data is empty.
func workshop(t *testing.T, data string) server {
	s := start(t, emulator.Config{Data: data})
	for _, b := range []emulator.Bucket{
		{Name: "open", Public: true, Generate: []emulator.Generated{{Path: "foo/a", Size: 10}, {Path: "foo/b/c", Size: 20}, {Path: "foobar/d"}}},
		{Name: "results"},
		{Name: "closed", Generate: []emulator.Generated{{Path: "x", Text: "x"}}},
	} {
		if err := s.AddBucket(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.AddComputation(emulator.Computation{
		ID:            "run",
		Provenance:    emulator.Provenance{Commit: "abc", RunScript: "code/run", Capsule: "capsule", DataAssets: []string{"in"}},
		AppParameters: []emulator.AppParameter{{Name: "n", Value: "1"}},
		Generate:      []emulator.Generated{{Path: "out/r", Text: "result"}, {Path: "log", Text: "log"}},
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// body is a create request with the fields that each has.
func body(fields object) object {
	b := object{"name": "new", "mount": "new", "tags": []string{"t"}}
	for k, v := range fields {
		b[k] = v
	}
	return b
}

func (s server) create(fields object) string {
	s.t.Helper()
	r := s.must(http.MethodPost, "data_assets", body(fields))
	if r["state"] != "draft" {
		s.t.Errorf("created as %v", r["state"])
	}
	return r["id"].(string)
}

func source(kind string, fields object) object { return object{"source": object{kind: fields}} }

func with(o object, key string, value any) object {
	o[key] = value
	return o
}

func TestCreateFromEverySource(t *testing.T) {
	for _, where := range []string{"in memory", "on disk"} {
		t.Run(where, func(t *testing.T) {
			data := ""
			if where == "on disk" {
				data = t.TempDir()
			}
			s := workshop(t, data)
			a, b := s.add(named("a")), s.add(named("b"))
			all := []string{"file a a 10", "folder b b <nil>"}
			for name, tt := range map[string]struct {
				body   object
				record object   // what the record must say
				root   []string // its files; nil: it has none of its own
			}{
				"bucket": {
					source("aws", object{"bucket": "open", "prefix": "foo", "public": true}),
					object{"type": "dataset", "files": 2., "size": 30., "source_bucket": object{"origin": "aws", "bucket": "open", "prefix": "foo", "external": false}},
					all,
				},
				"bucket, prefix with a slash": {source("aws", object{"bucket": "open", "prefix": "foo/"}), object{"files": 2.}, all},
				"bucket, no prefix":           {source("aws", object{"bucket": "closed"}), object{"files": 1.}, []string{"file x x 1"}},
				"bucket, kept outside": {
					source("aws", object{"bucket": "open", "prefix": "foo", "keep_on_external_storage": true}),
					object{"files": 2., "source_bucket": object{"origin": "aws", "bucket": "open", "prefix": "foo", "external": true}},
					nil,
				},
				"gcp": {
					source("gcp", object{"bucket": "open", "prefix": "foo", "client_id": "i", "client_secret": "s"}),
					object{"files": 2., "source_bucket": object{"origin": "gcp", "bucket": "open", "prefix": "foo", "external": false}},
					all,
				},
				"computation": {
					source("computation", object{"id": "run"}),
					object{
						"type": "result", "files": 2., "app_parameters": []any{object{"name": "n", "value": "1"}},
						"provenance": object{"commit": "abc", "run_script": "code/run", "capsule": "capsule", "data_assets": []any{"in"}, "computation": "run"},
					},
					[]string{"file log log 3", "folder out out <nil>"},
				},
				"computation, one folder": {source("computation", object{"id": "run", "path": "out"}), object{"files": 1.}, []string{"file r r 6"}},
				"computation to a bucket": {
					with(source("computation", object{"id": "run"}), "target", object{"aws": object{"bucket": "results", "prefix": "res"}}),
					object{"type": "result", "source_bucket": object{"origin": "aws", "bucket": "results", "prefix": "res", "external": true}},
					nil,
				},
				"workstation":           {source("cloud_workstation", object{"id": "run", "path": "out"}), object{"type": "dataset"}, []string{"file r r 6"}},
				"workstation, a result": {source("cloud_workstation", object{"id": "run", "path": "out", "run_script": "x.sh"}), object{"type": "result"}, []string{"file r r 6"}},
				"result from elsewhere": {
					with(source("aws", object{"bucket": "open", "prefix": "foo"}), "results_info", object{
						"capsule_id": "c", "version": 3, "commit": "def", "run_script": "r", "data_assets": []string{"in"},
						"parameters": []object{{"name": "n", "param_name": "p", "value": "v"}}, "nextflow_profile": "p",
					}),
					object{
						"type": "result", "nextflow_profile": "p", "app_parameters": []any{object{"name": "n", "value": "v"}},
						"provenance": object{"commit": "def", "run_script": "r", "capsule": "c", "data_assets": []any{"in"}},
					},
					all,
				},
				"combined": {
					object{"data_asset_ids": []string{a, b}},
					object{"type": "combined", "contained_data_assets": []any{
						object{"id": a, "mount": "a", "size": 100_000.}, object{"id": b, "mount": "b", "size": 100_000.},
					}},
					[]string{"folder a a <nil>", "folder b b <nil>"},
				},
			} {
				t.Run(name, func(t *testing.T) {
					s := server{s.Server, t}
					id := s.create(tt.body)
					r := s.until(id, "ready")
					for field, want := range tt.record {
						if !reflect.DeepEqual(r[field], want) {
							t.Errorf("%s is %v, want %v", field, r[field], want)
						}
					}
					if tt.root == nil {
						s.refused("cop_demo", http.MethodPost, "data_assets/"+id+"/files", object{}, 400, "external")
					} else if got := s.list(id, ""); !reflect.DeepEqual(got, tt.root) {
						t.Errorf("holds %q, want %q", got, tt.root)
					}
				})
			}
			if _, got := fetch(t, s.S3URL()+"/open/foo/a"); len(got) != 10 {
				t.Errorf("the source has now %d bytes", len(got))
			}
		})
	}
}

func TestCreateFails(t *testing.T) {
	s := workshop(t, "")
	for _, src := range []object{
		{"bucket": "missing"}, {"bucket": "open", "prefix": "nothing"}, {"bucket": "closed", "public": true},
	} {
		if r := s.until(s.create(source("aws", src)), "failed"); r["failure_reason"] == nil {
			t.Errorf("%v failed without a reason", src)
		}
	}
	for _, tt := range []struct {
		body  object
		words string
	}{
		{object{"name": nil}, "name is required"},
		{object{"mount": ""}, "mount is required"},
		{object{"tags": nil}, "tags is required"},
		{object{}, "source or data_asset_ids"},
		{source("aws", object{}), "bucket is required"},
		{source("aws", object{"bucket": "open", "prefx": ""}), "prefx"},
		{source("aws", object{"bucket": "open", "endpoint_name": "x"}), "endpoint_name"},
		{source("computation", object{"id": "no"}), "does not exist"},
		{source("cloud_workstation", object{"id": "run"}), "path is required"},
		{object{"source": object{}}, "exactly one"},
		{with(source("aws", object{"bucket": "open"}), "target", object{"aws": object{"bucket": "b"}}), "target"},
		{with(source("aws", object{"bucket": "open"}), "results_info", object{}), "capsule_id"},
		{with(source("computation", object{"id": "run"}), "results_info", object{"capsule_id": "c"}), "results_info"},
		{object{"data_asset_ids": []string{"one"}}, "at least two"},
		{object{"data_asset_ids": []string{"one", "two"}}, "one not found"},
		{with(source("aws", object{"bucket": "open"}), "data_asset_ids", []string{"a", "b"}), "exclude"},
	} {
		if tt.body["source"] == nil && tt.body["data_asset_ids"] == nil && len(tt.body) > 0 {
			tt.body = with(tt.body, "source", object{"aws": object{"bucket": "open"}})
		}
		s.refused("cop_demo", http.MethodPost, "data_assets", body(tt.body), http.StatusBadRequest, tt.words)
	}
	s.refused("cop_demo", http.MethodPost, "data_assets", body(source("aws", object{"use_input_bucket": true})), http.StatusForbidden, "admins")
}

func TestUpdateArchiveDelete(t *testing.T) {
	s := start(t, emulator.Config{})
	id := s.add(named("a"))
	path := "data_assets/" + id
	r := s.must(http.MethodPut, path, object{"name": "b", "tags": []string{"x"}, "description": nil, "custom_metadata": object{"k": 1}})
	if r["name"] != "b" || !reflect.DeepEqual(r["tags"], []any{"x"}) || r["mount"] != "a" {
		t.Errorf("updated to %v", r)
	}
	r = s.must(http.MethodPut, path, object{"custom_metadata": object{"l": "2"}})
	if !reflect.DeepEqual(r["custom_metadata"], object{"l": "2"}) {
		t.Errorf("metadata %v", r["custom_metadata"])
	}
	s.SetQuirks(func(q *emulator.Quirks) { q.MergeMetadata, q.FullUpdates, q.NoContent = true, true, true })
	s.refused("cop_demo", http.MethodPut, path, object{"custom_metadata": object{"m": "3"}}, http.StatusBadRequest, "required")
	r = s.must(http.MethodPut, path, object{"name": "b", "description": "", "tags": []string{}, "mount": "m", "custom_metadata": object{"m": "3"}})
	if !reflect.DeepEqual(r["custom_metadata"], object{"l": "2", "m": "3"}) {
		t.Errorf("metadata %v", r["custom_metadata"])
	}
	s.refused("cop_demo", http.MethodDelete, path, nil, http.StatusBadRequest, "archived")
	s.refused("cop_demo", http.MethodPatch, path+"/archive", nil, http.StatusBadRequest, "archive")
	if status, _ := s.as("cop_demo", http.MethodPatch, path+"/archive?archive=True", nil); status != http.StatusNoContent {
		t.Errorf("archive answers %d", status)
	}
	if got := s.search(object{}); len(got) != 0 {
		t.Errorf("archived, and found: %q", got)
	}
	s.SetQuirks(func(q *emulator.Quirks) { q.PlainArchived, q.NoContent = true, false })
	if got := s.search(object{}); len(got) != 1 {
		t.Errorf("archived, and not found by a plain search")
	}
	s.must(http.MethodPatch, path+"/archive?archive=false", nil)
	s.must(http.MethodPatch, path+"/archive?archive=true", nil)
	s.must(http.MethodDelete, path, nil)
	s.refused("cop_demo", http.MethodGet, path, nil, http.StatusNotFound, "not found")
	s.refused("cop_demo", http.MethodDelete, path, nil, http.StatusNotFound, "not found")
}

func TestTransfer(t *testing.T) {
	for _, data := range []string{"", t.TempDir()} {
		s := workshop(t, data)
		id := s.create(source("aws", object{"bucket": "open", "prefix": "foo"}))
		s.until(id, "ready")
		path := "data_assets/" + id + "/transfer"
		to := func(bucket string) object {
			return object{"target": object{"aws": object{"bucket": bucket, "prefix": "moved/"}}}
		}
		s.refused("cop_demo", http.MethodPost, path, to("closed"), http.StatusForbidden, "admins")
		s.refused("cop_demo_admin", http.MethodPost, path, object{"target": object{"aws": object{"bucket": "closed"}}}, http.StatusBadRequest, "prefix")
		s.as("cop_demo_admin", http.MethodPost, path, to("missing"))
		wait := func(field string) object {
			t.Helper()
			for end := time.Now().Add(10 * time.Second); ; time.Sleep(2 * time.Millisecond) {
				if r := s.must(http.MethodGet, "data_assets/"+id, nil); r[field] != nil {
					return r
				}
				if time.Now().After(end) {
					t.Fatal("no", field)
				}
			}
		}
		wait("transfer_error")
		s.as("cop_demo_admin", http.MethodPost, path, to("open"))
		r := wait("last_transferred")
		want := object{"origin": "aws", "bucket": "open", "prefix": "moved/", "external": true}
		if !reflect.DeepEqual(r["source_bucket"], want) || r["transfer_error"] != nil || r["files"] != 2. {
			t.Errorf("transferred to %v", r)
		}
		if status, got := fetch(t, s.S3URL()+"/open/moved/b/c"); status != http.StatusOK || len(got) != 20 {
			t.Errorf("%d, %d bytes", status, len(got))
		}
	}
}

func TestPermissions(t *testing.T) {
	s := start(t, emulator.Config{})
	s.SetTokens(
		emulator.Token{Token: "owner", User: "1", Email: "o@x", Access: "read-write"},
		emulator.Token{Token: "user", User: "2", Email: "u@x", Groups: []string{"g"}, Access: "read-write"},
		emulator.Token{Token: "reader", User: "2", Email: "u@x", Groups: []string{"g"}, Access: "read-only"},
		emulator.Token{Token: "admin", User: "3", Email: "a@x", Access: "read-write", Admin: true},
	)
	a := named("a")
	a.Owner, a.OwnerEmail = "1", "o@x"
	id := s.add(a)
	calls := []struct {
		method, path string
		body         any
	}{
		{http.MethodGet, "", nil},
		{http.MethodPost, "/files", object{}},
		{http.MethodPut, "", object{"name": "a"}},
		{http.MethodPatch, "/archive?archive=false", nil},
	}
	for _, tt := range []struct {
		token       string
		permissions object // what the owner gives
		allowed     int    // how many of the calls
	}{
		{"user", object{}, 0},
		{"user", object{"everyone": "none"}, 0},
		{"user", object{"everyone": "discoverable"}, 1},
		{"user", object{"everyone": "viewer"}, 2},
		{"user", object{"users": []object{{"email": "u@x", "role": "viewer"}}}, 2},
		{"user", object{"users": []object{{"email": "u@x", "role": "editor"}}}, 3},
		{"user", object{"users": []object{{"email": "u@x", "role": "owner"}}}, 4},
		{"user", object{"groups": []object{{"group": "g", "role": "discoverable"}}}, 1},
		{"user", object{"groups": []object{{"group": "g", "role": "editor"}}}, 3},
		{"user", object{"groups": []object{{"group": "h", "role": "owner"}}}, 0},
		{"reader", object{"groups": []object{{"group": "g", "role": "owner"}}}, 2},
		{"owner", object{}, 4},
		{"admin", object{}, 4},
	} {
		t.Run(fmt.Sprint(tt.token, tt.permissions), func(t *testing.T) {
			s := server{s.Server, t}
			if status, answer := s.as("owner", http.MethodPost, "data_assets/"+id+"/permissions", tt.permissions); status != http.StatusOK {
				t.Fatal(status, answer)
			}
			for i, c := range calls {
				want := http.StatusForbidden
				if i < tt.allowed {
					want = http.StatusOK
				}
				if status, answer := s.as(tt.token, c.method, "data_assets/"+id+c.path, c.body); status != want {
					t.Errorf("%s %s: %d %v, want %d", c.method, c.path, status, answer, want)
				}
			}
			_, page := s.as(tt.token, http.MethodPost, "data_assets/search", object{})
			if found := len(page["results"].([]any)); (found == 1) != (tt.allowed > 0) {
				t.Errorf("%d found", found)
			}
		})
	}
	_, got := s.as("owner", http.MethodGet, "data_assets/"+id+"/permissions", nil)
	want := object{"users": []any{object{"email": "o@x", "role": "owner"}}, "groups": []any{}, "everyone": "none"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, bad := range []object{
		{"everyone": "owner"}, {"users": []object{{"email": "x", "role": "king"}}}, {"users": []object{{"role": "viewer"}}}, {"groups": []object{{"group": "g"}}},
	} {
		s.refused("owner", http.MethodPost, "data_assets/"+id+"/permissions", bad, http.StatusBadRequest, "")
	}
}

func TestTheDeploymentStaysOnDisk(t *testing.T) {
	data := t.TempDir()
	s := workshop(t, data)
	id := s.create(source("aws", object{"bucket": "open", "prefix": "foo"}))
	s.until(id, "ready")
	s.must(http.MethodPut, "data_assets/"+id, object{"name": "kept"})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start(t, emulator.Config{Data: data})
	if r := s.until(id, "ready"); r["name"] != "kept" || r["files"] != 2. {
		t.Errorf("came back as %v", r)
	}
	if got := s.list(id, "b"); !reflect.DeepEqual(got, []string{"file c b/c 20"}) {
		t.Errorf("holds %q", got)
	}
	s.must(http.MethodPatch, "data_assets/"+id+"/archive?archive=true", nil)
	s.must(http.MethodDelete, "data_assets/"+id, nil)
	left, err := os.ReadDir(filepath.Join(data, "assets"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestADirectoryIsADeployment(t *testing.T) {
	data := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(data, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("deployment.json", `{"tokens": [{"token": "cop_demo", "user": "u", "email": "u@x", "access": "read-write"}],
		"custom_metadata": {"fields": [{"name": "age", "type": "number", "range": {"min": 0}}, {"name": "kind", "type": "string", "allowed_values": ["a", "b"], "multiple": true}], "categories": []}}`)
	write("assets/bare/files/a.txt", "hello")
	write("assets/described/asset.json", `{"id": "d", "name": "d/d", "state": "draft", "ready_after": 0.001, "extra": {"new_field": {"x": 1}}}`)
	write("assets/described/files/sub/b", "b")
	write("buckets/b/bucket.json", `{"public": true, "generate": [{"path": "a//b", "text": "odd"}]}`)
	write("buckets/b/objects/dir/f", "object")
	write("assets/ext/asset.json", `{"id": "e", "name": "e", "source_bucket": {"origin": "aws", "bucket": "b", "external": true}}`)
	s := start(t, emulator.Config{Data: data})
	if r := s.until("d", "ready"); r["name"] != "d/d" || r["mount"] != "d/d" || r["owner"] != "u" || !reflect.DeepEqual(r["new_field"], object{"x": 1.}) {
		t.Errorf("%v", r)
	}
	if r := s.until("e", "ready"); r["files"] != 2. || r["size"] != 9. {
		t.Errorf("%v", r)
	}
	for path, want := range map[string]string{"/b/dir/f": "object", "/b/a//b": "odd"} {
		if status, got := fetch(t, s.S3URL()+path); status != http.StatusOK || string(got) != want {
			t.Errorf("%s: %d %q", path, status, got)
		}
	}
	s.refused("cop_demo", http.MethodPut, "data_assets/d", object{"custom_metadata": object{"age": -1}}, http.StatusBadRequest, "age")
	s.refused("cop_demo", http.MethodPut, "data_assets/d", object{"custom_metadata": object{"aeg": 1}}, http.StatusBadRequest, "aeg")
	s.must(http.MethodPut, "data_assets/d", object{"custom_metadata": object{"age": 1, "kind": []string{"a", "b"}}})

	// By hand, while it runs.
	write("assets/late/files/x", "late")
	if err := os.RemoveAll(filepath.Join(data, "assets/ext")); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		got := s.search(object{"sort_field": "name", "sort_order": "asc"})
		if reflect.DeepEqual(got, []string{"bare", "d/d", "late"}) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("found %q", got)
		}
	}
	write("assets/late/asset.json", `{"nmae": "late"}`)
	if _, err := emulator.New(emulator.Config{Data: data}); err == nil {
		t.Error("a mistyped field went unnoticed")
	}
}

func TestACopyThatIsInterruptedBeginsAgain(t *testing.T) {
	data := t.TempDir()
	s := start(t, emulator.Config{Data: data})
	endless := emulator.Bucket{Name: "b", Generate: []emulator.Generated{{Path: "f", Size: 1 << 50}}}
	if err := s.AddBucket(endless); err != nil {
		t.Fatal(err)
	}
	id := s.create(source("aws", object{"bucket": "b"}))
	draft := func() {
		t.Helper()
		time.Sleep(10 * time.Millisecond) // the draft time is over
		if r := s.must(http.MethodGet, "data_assets/"+id, nil); r["state"] != "draft" || r["failure_reason"] != nil {
			t.Errorf("while it is copied: %v", r)
		}
	}
	draft()
	s.must(http.MethodPatch, "data_assets/"+id+"/archive?archive=true", nil)
	s.refused("cop_demo", http.MethodDelete, "data_assets/"+id, nil, http.StatusBadRequest, "still being created")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(data, "buckets/b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "buckets/b/bucket.json"), []byte(`{"generate": [{"path": "f", "text": "short"}]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	s = start(t, emulator.Config{Data: data})
	if r := s.until(id, "ready"); r["size"] != 5. {
		t.Errorf("became %v", r)
	}
}

func TestADraftDoesNotSayWhyItWillFail(t *testing.T) {
	s := start(t, emulator.Config{})
	id := s.add(emulator.Asset{Record: emulator.Record{State: "draft", FailureReason: "later"}, ReadyAfter: 0.05})
	if r := s.must(http.MethodGet, "data_assets/"+id, nil); r["state"] == "draft" && r["failure_reason"] != nil {
		t.Errorf("%v", r)
	}
	if r := s.until(id, "failed"); r["failure_reason"] != "later" {
		t.Errorf("%v", r)
	}
}
