package emulator_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"codeoceanfs/remote/emulator"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(int) { http.DefaultClient.CloseIdleConnections() }))
}

// server is a deployment under test, and what asks it.
type server struct {
	*emulator.Server
	t *testing.T
}

// start serves a deployment whose drafts are ready at once, more or less.
func start(t *testing.T, cfg emulator.Config) server {
	t.Helper()
	if cfg.DraftTime == 0 {
		cfg.DraftTime = time.Millisecond
	}
	s, err := emulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return server{s, t}
}

type object = map[string]any

// as sends one request with a token, and returns status and JSON.
func (s server) as(token, method, path string, body any) (int, object) {
	s.t.Helper()
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			s.t.Fatal(err)
		}
	}
	r, err := http.NewRequest(method, s.APIURL()+"/api/v1/"+path, &b)
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		r.SetBasicAuth(token, "")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	var answer object
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &answer); err != nil {
			s.t.Fatalf("%s %s: %d %q", method, path, resp.StatusCode, raw)
		}
	}
	return resp.StatusCode, answer
}

// must is a request that works.
func (s server) must(method, path string, body any) object {
	s.t.Helper()
	status, answer := s.as("cop_demo", method, path, body)
	if status > 299 {
		s.t.Fatalf("%s %s: %d %v", method, path, status, answer["message"])
	}
	return answer
}

// refused is a request that gets the status, and a message with the words.
func (s server) refused(token, method, path string, body any, status int, words string) {
	s.t.Helper()
	got, answer := s.as(token, method, path, body)
	message, _ := answer["message"].(string)
	if got != status || !bytes.Contains([]byte(message), []byte(words)) {
		s.t.Errorf("%s %s %v: %d %q, want %d with %q", method, path, body, got, message, status, words)
	}
}

func (s server) add(a emulator.Asset) string {
	s.t.Helper()
	id, err := s.Add(a)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// named is a ready dataset with a file of its own.
func named(name string) emulator.Asset {
	return emulator.Asset{
		Record:   emulator.Record{Name: name},
		Generate: []emulator.Generated{{Path: "data.bin", Size: 100_000}},
	}
}

// search returns the names found, in their order, of one page.
func (s server) search(body object) []string {
	s.t.Helper()
	return names(s.must(http.MethodPost, "data_assets/search", body))
}

func names(page object) []string {
	found := []string{}
	for _, r := range page["results"].([]any) {
		found = append(found, r.(object)["name"].(string))
	}
	return found
}

// until waits for the asset's state, and returns the record.
func (s server) until(id, state string) object {
	s.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		r := s.must(http.MethodGet, "data_assets/"+id, nil)
		if r["state"] == state {
			return r
		}
		if time.Now().After(end) {
			s.t.Fatalf("%s is %v (%v), not %s", id, r["state"], r["failure_reason"], state)
		}
	}
}

// fetch reads a signed URL, with further headers.
func fetch(t *testing.T, url string, headers ...string) (int, []byte) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, b
}

// expected is a piece of generated content.
func expected(t *testing.T, name string, off, n int64) []byte {
	t.Helper()
	b, err := io.ReadAll(io.NewSectionReader(emulator.Pattern(name), off, n))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
