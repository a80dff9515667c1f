package emulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// list is the answer of list files, a line an item.
func (s server) list(id, path string) []string {
	s.t.Helper()
	var lines []string
	for _, i := range s.must(http.MethodPost, "data_assets/"+id+"/files", object{"path": path})["items"].([]any) {
		it := i.(object)
		lines = append(lines, fmt.Sprint(it["type"], " ", it["name"], " ", it["path"], " ", it["size"]))
	}
	return lines
}

func (s server) urls(id, path string) (download, view string) {
	s.t.Helper()
	u := s.must(http.MethodGet, "data_assets/"+id+"/files/urls?path="+url.QueryEscape(path), nil)
	return u["download_url"].(string), u["view_url"].(string)
}

func TestListFiles(t *testing.T) {
	s := start(t, emulator.Config{})
	id := s.add(emulator.Asset{Generate: []emulator.Generated{
		{Path: "b.bin", Size: 5}, {Path: "a/x"}, {Path: "a/y/z", Text: "zz"}, {Path: "ab"}, {Path: "ü ?#%.txt", Text: "odd"},
	}})
	root := []string{"folder a a <nil>", "file ab ab 0", "file b.bin b.bin 5", "file ü ?#%.txt ü ?#%.txt 3"}
	inner := []string{"file x a/x 0", "folder y a/y <nil>"}
	check := func(path string, want []string) {
		t.Helper()
		if got := s.list(id, path); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
	check("", root)
	check("a", inner)
	check("a/", inner)
	check("a/y", []string{"file z a/y/z 2"})
	for _, missing := range []string{"no", "a/no", "ab/", "b.bin", "/a", "a//y", "A"} {
		s.refused("cop_demo", http.MethodPost, "data_assets/"+id+"/files", object{"path": missing}, http.StatusNotFound, "not found")
	}
	s.SetQuirks(func(q *emulator.Quirks) { q.MissingIsEmpty = true })
	check("no", nil)
	s.SetQuirks(func(q *emulator.Quirks) { q.SlashedFolders = true })
	check("a", []string{"file x a/x 0", "folder y a/y/ <nil>"})
	s.SetQuirks(func(q *emulator.Quirks) { q.SlashedFolders, q.FolderSizes = false, true })
	check("a", []string{"file x a/x 0", "folder y a/y 0"})
	s.SetQuirks(func(q *emulator.Quirks) { q.FolderSizes, q.Unsorted = false, true })
	got := s.list(id, "")
	if slices.Equal(got, root) {
		t.Error("still in order")
	}
	slices.Sort(got)
	if want := slices.Sorted(slices.Values(root)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSignedURLsReadTheFile(t *testing.T) {
	s := start(t, emulator.Config{})
	odd := "ü a+b%20c&d=e?f#g;h//i"
	id := s.add(emulator.Asset{Generate: []emulator.Generated{
		{Path: "dir/data.bin", Size: 5 << 30}, {Path: odd, Text: "odd"}, {Path: "empty"},
	}})
	download, view := s.urls(id, "dir/data.bin")
	for _, u := range []string{download, view} {
		status, got := fetch(t, u, "Range", "bytes=4294967290-4294967309")
		if status != http.StatusPartialContent || !bytes.Equal(got, expected(t, id+"/dir/data.bin", 4294967290, 20)) {
			t.Errorf("%d, %x", status, got)
		}
	}
	if u, _ := s.urls(id, odd); true {
		if status, got := fetch(t, u); status != http.StatusOK || string(got) != "odd" {
			t.Errorf("%d %q", status, got)
		}
	}
	if u, _ := s.urls(id, "empty"); true {
		if status, got := fetch(t, u); status != http.StatusOK || len(got) != 0 {
			t.Errorf("%d %q", status, got)
		}
	}
	old := s.must(http.MethodGet, "data_assets/"+id+"/files/download_url?path=empty", nil)
	if status, _ := fetch(t, old["url"].(string)); status != http.StatusOK {
		t.Errorf("the old URL answers %d", status)
	}
	resp, err := http.Head(download)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("HEAD of a URL for GET answers %d", resp.StatusCode)
	}
	for _, missing := range []string{"no", "dir", "dir/", "/empty"} {
		s.refused("cop_demo", http.MethodGet, "data_assets/"+id+"/files/urls?path="+missing, nil, http.StatusNotFound, "not found")
	}
	s.refused("cop_demo", http.MethodGet, "data_assets/"+id+"/files/urls", nil, http.StatusBadRequest, "path")
}

func TestURLsEnd(t *testing.T) {
	s := start(t, emulator.Config{URLLifetime: time.Second})
	id := s.add(named("a"))
	u, _ := s.urls(id, "data.bin")
	if !strings.Contains(u, "X-Amz-Expires=1&") {
		t.Fatal(u)
	}
	end := time.Now().Add(5 * time.Second)
	for status, body := fetch(t, u); status != http.StatusForbidden; status, body = fetch(t, u) {
		if status != http.StatusOK || time.Now().After(end) {
			t.Fatalf("%d %.200s", status, body)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if _, body := fetch(t, u); !bytes.Contains(body, []byte("<Message>Request has expired</Message>")) {
		t.Errorf("%s", body)
	}
	s.SetURLLifetime(time.Hour)
	u, _ = s.urls(id, "data.bin")
	s.RevokeURLs()
	if status, body := fetch(t, u); status != http.StatusBadRequest || !bytes.Contains(body, []byte("ExpiredToken")) {
		t.Errorf("after the signer's session: %d %s", status, body)
	}
	u, _ = s.urls(id, "data.bin")
	if status, _ := fetch(t, u); status != http.StatusOK {
		t.Errorf("a new URL answers %d", status)
	}
	if err := s.Remove(id); err != nil {
		t.Fatal(err)
	}
	if status, _ := fetch(t, u); status != http.StatusNotFound {
		t.Errorf("a deleted asset's file answers %d", status)
	}
}

func TestURLQuirks(t *testing.T) {
	s := start(t, emulator.Config{})
	id := s.add(named("a"))
	path := "data_assets/" + id + "/files/"
	s.SetQuirks(func(q *emulator.Quirks) { q.SignMissing = true })
	u, _ := s.urls(id, "missing")
	if status, body := fetch(t, u); status != http.StatusNotFound || !bytes.Contains(body, []byte("NoSuchKey")) {
		t.Errorf("%d %s", status, body)
	}
	s.SetQuirks(func(q *emulator.Quirks) { *q = emulator.Quirks{OldURLs: true} })
	s.refused("cop_demo", http.MethodGet, path+"urls?path=data.bin", nil, http.StatusNotFound, "")
	s.must(http.MethodGet, path+"download_url?path=data.bin", nil)
	s.SetQuirks(func(q *emulator.Quirks) { *q = emulator.Quirks{NoOldURLs: true, NoRanges: true} })
	s.refused("cop_demo", http.MethodGet, path+"download_url?path=data.bin", nil, http.StatusNotFound, "")
	u, _ = s.urls(id, "data.bin")
	if status, body := fetch(t, u, "Range", "bytes=1-2"); status != http.StatusOK || len(body) != 100_000 {
		t.Errorf("%d, %d bytes", status, len(body))
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	s := start(t, emulator.Config{})
	draft, failed, external, discoverable := named("draft"), named("failed"), named("external"), named("discoverable")
	draft.State, failed.State, failed.FailureReason = "draft", "failed", "no space"
	external.SourceBucket = &emulator.SourceBucket{Origin: "aws", Bucket: "b", External: true}
	discoverable.RefuseFiles = true
	for _, tt := range []struct {
		asset  emulator.Asset
		status int
		words  string
	}{
		{draft, http.StatusBadRequest, "not ready: draft"},
		{failed, http.StatusBadRequest, "not ready: failed"},
		{external, http.StatusBadRequest, "external"},
		{discoverable, http.StatusForbidden, "permission"},
	} {
		id := s.add(tt.asset)
		s.refused("cop_demo", http.MethodPost, "data_assets/"+id+"/files", object{"path": ""}, tt.status, tt.words)
		s.refused("cop_demo", http.MethodGet, "data_assets/"+id+"/files/urls?path=data.bin", nil, tt.status, tt.words)
		s.must(http.MethodGet, "data_assets/"+id, nil)
	}
}

func TestCombinedFiles(t *testing.T) {
	s := start(t, emulator.Config{})
	a, b := s.add(named("a")), s.add(named("b"))
	combined := func(members ...emulator.Contained) string {
		return s.add(emulator.Asset{Record: emulator.Record{Type: "combined", Contained: members}})
	}
	inner := combined(emulator.Contained{ID: b, Mount: "b"}, emulator.Contained{ID: "gone", Mount: "gone"})
	outer := combined(emulator.Contained{ID: a, Mount: "a/deep"}, emulator.Contained{ID: inner, Mount: "inner"})
	if got := s.list(outer, ""); !slices.Equal(got, []string{"folder a a <nil>", "folder inner inner <nil>"}) {
		t.Errorf("got %q", got)
	}
	if got := s.list(outer, "inner/b"); !slices.Equal(got, []string{"file data.bin inner/b/data.bin 100000"}) {
		t.Errorf("got %q", got)
	}
	u, _ := s.urls(outer, "inner/b/data.bin")
	if _, got := fetch(t, u); !bytes.Equal(got, expected(t, b+"/data.bin", 0, 100_000)) {
		t.Error("other bytes")
	}
	s.SetQuirks(func(q *emulator.Quirks) { q.RefuseCombined = true })
	s.refused("cop_demo", http.MethodPost, "data_assets/"+outer+"/files", object{}, http.StatusBadRequest, "combined")
	s.SetQuirks(func(q *emulator.Quirks) { q.RefuseCombined = false })
	ext := named("x")
	ext.SourceBucket = &emulator.SourceBucket{Origin: "aws", Bucket: "b", External: true}
	mixed := combined(emulator.Contained{ID: a, Mount: "a"}, emulator.Contained{ID: s.add(ext), Mount: "x"})
	s.refused("cop_demo", http.MethodPost, "data_assets/"+mixed+"/files", object{}, http.StatusBadRequest, "external")
	loop := combined()
	if err := s.Change(loop, func(a *emulator.Asset) { a.Contained = []emulator.Contained{{ID: loop, Mount: "x"}} }); err != nil {
		t.Fatal(err)
	}
	s.refused("cop_demo", http.MethodPost, "data_assets/"+loop+"/files", object{}, http.StatusBadRequest, "itself")
}

func TestFoldersOfAMillion(t *testing.T) {
	s := start(t, emulator.Config{})
	const n = 1_000_000
	id := s.add(emulator.Asset{Generate: []emulator.Generated{{Path: "zarr/c/%07d", Count: []int{n}, Size: 64}}})
	r, err := http.NewRequest(http.MethodPost, s.APIURL()+"/api/v1/data_assets/"+id+"/files", strings.NewReader(`{"path":"zarr/c"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("cop_demo", "")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	d := json.NewDecoder(resp.Body)
	for range 3 { // {, "items", [
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
	}
	got := 0
	for ; d.More() && got < 1000; got++ { // the client's decoder is the slow one: see that it streams
		var i struct{ Path string }
		if err := d.Decode(&i); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("zarr/c/%07d", got); i.Path != want {
			t.Fatalf("%q, want %q", i.Path, want)
		}
	}
	u, _ := s.urls(id, "zarr/c/0777777")
	if _, body := fetch(t, u); !bytes.Equal(body, expected(t, id+"/zarr/c/0777777", 0, 64)) {
		t.Error("other bytes")
	}
}

func TestAReadyAssetMayBeEmptyForAWhile(t *testing.T) {
	s := start(t, emulator.Config{Quirks: emulator.Quirks{EmptyAfterReady: time.Hour}})
	a := named("a")
	a.State, a.ReadyAfter = "draft", 0.001
	id := s.add(a)
	s.until(id, "ready")
	if got := s.list(id, ""); len(got) != 0 {
		t.Errorf("listed %q", got)
	}
	s.SetQuirks(func(q *emulator.Quirks) { q.EmptyAfterReady = 0 })
	if got := s.list(id, ""); len(got) != 1 {
		t.Errorf("listed %q", got)
	}
}
