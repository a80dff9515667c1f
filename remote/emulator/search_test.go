package emulator_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote/emulator"
)

// lab is a deployment with something for every search to find.
func lab(t *testing.T) server {
	s := start(t, emulator.Config{})
	size := func(n int64) *int64 { return &n }
	for i, a := range []emulator.Asset{
		{Record: emulator.Record{
			ID: "ecephys", Name: "ecephys_655019_2023-04-03_18-10-10", Tags: []string{"ecephys", "Raw data"}, Size: size(30),
			Description: "A probe in the thalamus", CustomMetadata: object{"subject": "655019", "age": 132.0, "regions": []any{"LP", "V1"}},
		}},
		{Record: emulator.Record{
			ID: "sorted", Name: "ecephys_655019_2023-04-03_18-10-10_sorted_2023-06-01_14-50-08", Type: "result", Size: size(20),
			Tags: []string{"ecephys"}, CustomMetadata: object{"subject": "655019", "age": 190.0},
			Provenance: &emulator.Provenance{Commit: "AbC123", RunScript: "code/run_sorting.sh", DataAssets: []string{"ecephys"}},
		}},
		{Record: emulator.Record{
			ID: "behavior", Name: "behavior 655020", Tags: []string{"behavior"}, Size: size(10),
			SourceBucket: &emulator.SourceBucket{Origin: "aws", Bucket: "b", External: true},
		}, Favorite: true},
		{Record: emulator.Record{
			ID: "all", Name: "Collection", Type: "combined", Size: size(60),
			Contained: []emulator.Contained{{ID: "ecephys", Mount: "a"}, {ID: "behavior", Mount: "b"}},
		}},
		{Record: emulator.Record{ID: "old", Name: "old", Size: size(1)}, Archived: true},
		{Record: emulator.Record{ID: "hers", Name: "hers", Size: size(2), Owner: "grace", OwnerEmail: "grace@x"}},
		{
			Record:      emulator.Record{ID: "shared", Name: "shared", Size: size(3), Owner: "grace", OwnerEmail: "grace@x"},
			Permissions: &emulator.Permissions{Everyone: "viewer"},
		},
	} {
		a.Created = float64(1000 + i)
		s.add(a)
	}
	return s
}

func TestSearchFinds(t *testing.T) {
	s := lab(t)
	const raw, sorted, behavior, all = "ecephys_655019_2023-04-03_18-10-10",
		"ecephys_655019_2023-04-03_18-10-10_sorted_2023-06-01_14-50-08", "behavior 655020", "Collection"
	filter := func(f object) object { return object{"filters": []object{f}} }
	for name, tt := range map[string]struct {
		body object
		want []string
	}{
		"all, newest first":        {object{}, []string{"shared", all, behavior, sorted, raw}},
		"nulls are nothing":        {object{"query": nil, "limit": nil, "type": nil, "archived": nil}, []string{"shared", all, behavior, sorted, raw}},
		"a word of the name":       {object{"query": "name:655019"}, []string{sorted, raw}},
		"no part of a word":        {object{"query": "name:65501"}, nil},
		"any case":                 {object{"query": "name:COLLECTION"}, []string{all}},
		"one field twice is or":    {object{"query": "name:collection name:655020"}, []string{all, behavior}},
		"two fields are and":       {object{"query": "name:655019 tag:raw"}, []string{raw}},
		"a phrase":                 {object{"query": `tag:"raw data"`}, []string{raw}},
		"a phrase out of order":    {object{"query": `tag:"data raw"`}, nil},
		"a long name finds naught": {object{"query": "name:" + raw}, nil},
		"free text, long name":     {object{"query": raw}, []string{sorted, raw}},
		"free text, description":   {object{"query": "thalamus probe"}, []string{raw}},
		"free text, metadata":      {object{"query": "190"}, []string{sorted}},
		"run script":               {object{"query": "run_script:code/run_sorting.sh"}, []string{sorted}},
		"commit":                   {object{"query": "commit_id:abc123"}, []string{sorted}},
		"held by, or made from":    {object{"query": "contained_data_id:ecephys"}, []string{all, sorted}},
		"type":                     {object{"type": "result"}, []string{sorted}},
		"external":                 {object{"origin": "external"}, []string{behavior}},
		"internal":                 {object{"origin": "internal"}, []string{"shared", all, sorted, raw}},
		"favorite":                 {object{"favorite": true}, []string{behavior}},
		"archived":                 {object{"archived": true}, []string{"old"}},
		"created":                  {object{"ownership": "created", "type": "result"}, []string{sorted}},
		"given":                    {object{"ownership": "shared"}, []string{"shared"}},
		"by name":                  {object{"sort_field": "name", "sort_order": "asc"}, []string{behavior, all, raw, sorted, "shared"}},
		"by size":                  {object{"sort_field": "size", "sort_order": "desc"}, []string{all, raw, sorted, behavior, "shared"}},
		"by type":                  {object{"sort_field": "type", "sort_order": "asc", "query": "655019"}, []string{raw, sorted}},
		"an order without a field": {object{"sort_order": "asc", "query": "655019"}, []string{sorted, raw}},
		"filter value":             {filter(object{"key": "subject", "value": "655019"}), []string{sorted, raw}},
		"filter number":            {filter(object{"key": "age", "value": 132}), []string{raw}},
		"filter values":            {filter(object{"key": "tags", "values": []string{"behavior", "raw data"}}), []string{behavior, raw}},
		"filter one of many":       {filter(object{"key": "regions", "value": "V1"}), []string{raw}},
		"filter range":             {filter(object{"key": "age", "range": object{"min": 150, "max": nil}}), []string{sorted}},
		"filter out":               {filter(object{"key": "subject", "value": "655019", "exclude": true}), []string{"shared", all, behavior}},
		"filter name":              {filter(object{"key": "name", "value": "collection"}), []string{all}},
		"offset":                   {object{"offset": 3}, []string{sorted, raw}},
		"offset beyond the end":    {object{"offset": 9}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (server{s.Server, t}).search(tt.body); !slices.Equal(got, tt.want) {
				t.Errorf("%v\n got %q\nwant %q", tt.body, got, tt.want)
			}
		})
	}
	for _, tt := range []struct {
		body  object
		words string
	}{
		{object{"limit": 1001}, "limit"},
		{object{"limit": -1}, "negative"},
		{object{"type": "capsule"}, "type"},
		{object{"sort_field": "tags"}, "sort_field"},
		{object{"limit": "many"}, "limit"},
		{object{"qeury": "x"}, "qeury"},
		{object{"next_token": "made up"}, "next_token"},
		{filter(object{"key": "age"}), "age"},
		{filter(object{"value": 1}), "key"},
	} {
		s.refused("cop_demo", http.MethodPost, "data_assets/search", tt.body, http.StatusBadRequest, tt.words)
	}
}

// listAll follows a listing as a client of every server must: by the token, or
// by the offset where there is none; a token seen before ends it, a dead one
// begins it again.
func (s server) listAll(limit int) (found []string, pages int) {
	s.t.Helper()
	seen, tokens := make(map[string]bool), make(map[string]bool)
	body := object{"limit": limit}
	for offset := 0; pages < 100; pages++ {
		status, page := s.as("cop_demo", http.MethodPost, "data_assets/search", body)
		if status == http.StatusBadRequest && body["next_token"] != nil {
			body, offset, tokens = object{"limit": limit}, 0, make(map[string]bool)
			continue
		}
		if status != http.StatusOK {
			s.t.Fatal(status, page)
		}
		for _, name := range names(page) {
			if !seen[name] {
				seen[name] = true
				found = append(found, name)
			}
		}
		offset += len(names(page))
		token := page["next_token"]
		if page["has_more"] != true || token != nil && tokens[fmt.Sprint(token)] {
			return found, pages + 1
		}
		tokens[fmt.Sprint(token)] = true
		if body = (object{"limit": limit, "next_token": token}); token == nil {
			body = object{"limit": limit, "offset": offset}
		}
	}
	return found, pages
}

func TestPagingInEveryWay(t *testing.T) {
	s := start(t, emulator.Config{})
	if _, err := s.Populate(25); err != nil {
		t.Fatal(err)
	}
	want, _ := s.listAll(1000)
	if len(want) != 25 {
		t.Fatalf("%d assets", len(want))
	}
	for name, tt := range map[string]struct {
		quirks emulator.Quirks
		pages  int
		found  int
	}{
		"as it is":             {emulator.Quirks{}, 3, 25},
		"numbers":              {emulator.Quirks{NumberTokens: true}, 3, 25},
		"no tokens":            {emulator.Quirks{NoTokens: true}, 3, 25},
		"null at the end":      {emulator.Quirks{LastToken: "null"}, 3, 25},
		"empty at the end":     {emulator.Quirks{LastToken: "empty"}, 3, 25},
		"present at the end":   {emulator.Quirks{LastToken: "present"}, 3, 25},
		"short pages":          {emulator.Quirks{PageSize: 4}, 7, 25},
		"a token dies":         {emulator.Quirks{TokenPages: 2}, 6, 25},
		"a numeric token dies": {emulator.Quirks{TokenPages: 2, NumberTokens: true}, 6, 25},
		"a token repeats":      {emulator.Quirks{RepeatToken: true}, 2, 20},
	} {
		t.Run(name, func(t *testing.T) {
			s := server{s.Server, t}
			s.SetQuirks(func(q *emulator.Quirks) { *q = tt.quirks })
			got, pages := s.listAll(10)
			if !slices.Equal(got, want[:tt.found]) || pages != tt.pages {
				t.Errorf("%d found on %d pages, want %d on %d", len(got), pages, tt.found, tt.pages)
			}
		})
	}
	s.SetQuirks(func(q *emulator.Quirks) { *q = emulator.Quirks{Window: 20} })
	s.refused("cop_demo", http.MethodPost, "data_assets/search", object{"offset": 15, "limit": 10}, 400, "window")
	s.SetQuirks(func(q *emulator.Quirks) { *q = emulator.Quirks{ClampLimit: true} })
	if got := s.search(object{"limit": 5000}); len(got) != 25 {
		t.Errorf("%d found with a clamped limit", len(got))
	}
}

func TestPagesLoseNothingWhenAssetsComeAndGo(t *testing.T) {
	s := start(t, emulator.Config{})
	ids, err := s.Populate(30)
	if err != nil {
		t.Fatal(err)
	}
	page := s.must(http.MethodPost, "data_assets/search", object{"limit": 10})
	got := names(page)
	s.add(named("new"))                       // in front
	if err := s.Remove(ids[20]); err != nil { // the last of the first page
		t.Fatal(err)
	}
	for page["has_more"] == true {
		page = s.must(http.MethodPost, "data_assets/search", object{"limit": 10, "next_token": page["next_token"]})
		got = append(got, names(page)...)
	}
	slices.Sort(got)
	if len(got) != 30 || len(slices.Compact(got)) != 30 {
		t.Errorf("%d found", len(got))
	}
}

func TestSearchLagsBehindGet(t *testing.T) {
	s := start(t, emulator.Config{Quirks: emulator.Quirks{IndexLag: time.Hour}})
	id := s.add(named("new"))
	s.until(id, "ready")
	if got := s.search(object{}); len(got) != 0 {
		t.Errorf("found %q", got)
	}
	s.SetQuirks(func(q *emulator.Quirks) { q.IndexLag = 0 })
	s.must(http.MethodPut, "data_assets/"+id, object{"name": "newer"})
	if got := s.search(object{}); !slices.Equal(got, []string{"newer"}) {
		t.Errorf("found %q", got)
	}
}

func TestAHundredThousandAssets(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	s := start(t, emulator.Config{})
	if _, err := s.Populate(100_000); err != nil {
		t.Fatal(err)
	}
	began, found, token := time.Now(), 0, ""
	for more := true; more; {
		r := httptest.NewRequest(http.MethodPost, "/api/v1/data_assets/search", strings.NewReader(`{"limit":1000,"next_token":"`+token+`"}`))
		r.SetBasicAuth("cop_demo", "")
		w := httptest.NewRecorder()
		s.API().ServeHTTP(w, r)
		found += bytes.Count(w.Body.Bytes(), []byte(`"mount":`)) // decoding would take longer than all else
		_, rest, _ := strings.Cut(w.Body.String(), `"next_token":"`)
		token, _, more = strings.Cut(rest, `"`)
	}
	if found != 100_000 {
		t.Errorf("%d found", found)
	}
	if took := time.Since(began); took > 60*time.Second {
		t.Errorf("took %v", took)
	}
}
