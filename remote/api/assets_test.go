package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"testing"
	"time"

	"codeoceanfs/remote/fault"
)

func ptr[T any](v T) *T { return &v }

// Every call goes where and how the platform documents it, and takes each good answer.
func TestCalls(t *testing.T) {
	for name, c := range map[string]struct {
		pattern string
		query   string
		body    string // sent, as JSON; "" for none
		do      func(c *Client) error
		status  int
		answer  string
	}{
		"get": {"GET /data_assets/id", "", "", func(c *Client) error {
			a, err := c.Get(background(t), "id")
			if err == nil && a.Name != "n" {
				return errors.New("wrong record")
			}
			return err
		}, 200, `{"id":"id","name":"n"}`},
		"create": {"POST /data_assets", "", `{"name":"n","tags":["t"],"mount":"m","source":{"aws":{"bucket":"b","prefix":"p","keep_on_external_storage":true,"public":false}}}`, func(c *Client) error {
			a, err := c.Create(background(t), CreateRequest{
				Name: "n", Tags: []string{"t"}, Mount: "m",
				Source: &Source{AWS: &AWSSource{Bucket: "b", Prefix: "p", KeepOnExternalStorage: true}},
			})
			if err == nil && a.State != Draft {
				return errors.New("wrong record")
			}
			return err
		}, 201, `{"id":"id","state":"draft"}`},
		"archive":   {"PATCH /data_assets/id/archive", "archive=true", "", func(c *Client) error { return c.Archive(background(t), "id", true) }, 204, ``},
		"unarchive": {"PATCH /data_assets/id/archive", "archive=false", "", func(c *Client) error { return c.Archive(background(t), "id", false) }, 200, `{}`},
		"permissions": {"GET /data_assets/id/permissions", "", "", func(c *Client) error {
			p, err := c.Permissions(background(t), "id")
			if err == nil && !reflect.DeepEqual(p, &Permissions{Users: []UserPermission{{"e", "owner"}}, Groups: []GroupPermission{{"g", "viewer"}}, Everyone: "none"}) {
				return fmt.Errorf("got %+v", p)
			}
			return err
		}, 200, `{"users":[{"email":"e","role":"owner"}],"groups":[{"group":"g","role":"viewer"}],"everyone":"none"}`},
		"set permissions": {"POST /data_assets/id/permissions", "", `{"users":[],"groups":[],"everyone":"viewer","share_assets":true}`, func(c *Client) error {
			return c.SetPermissions(background(t), "id", Permissions{Everyone: "viewer", ShareAssets: ptr(true)})
		}, 204, ``},
		"delete": {"DELETE /data_assets/id", "", "", func(c *Client) error { return c.Delete(background(t), "id") }, 204, ``},
		"transfer": {"POST /data_assets/id/transfer", "", `{"target":{"aws":{"bucket":"b","prefix":"p"}},"force":true}`, func(c *Client) error {
			return c.Transfer(background(t), "id", TransferRequest{Target: Target{AWS: &AWSTarget{Bucket: "b", Prefix: "p"}}, Force: true})
		}, 200, `{}`},
		"schema": {"GET /custom_metadata", "", "", func(c *Client) error {
			s, err := c.MetadataSchema(background(t))
			if err == nil && (len(s.Fields) != 1 || s.Fields[0].Name != "f" || *s.Fields[0].Max != 5 || !s.Fields[0].Required) {
				return fmt.Errorf("got %+v", s)
			}
			return err
		}, 200, `{"fields":[{"name":"f","type":"number","range":{"max":5},"required":"true","new":1}],"categories":["c"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.handle(c.pattern, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if string(body) != c.body || r.URL.RawQuery != c.query {
					t.Errorf("sent %q, query %q", body, r.URL.RawQuery)
				}
				if ct := r.Header.Get("Content-Type"); (ct == "application/json") != (c.body != "") {
					t.Errorf("content type %q", ct)
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.answer)
			})
			if err := c.do(p.client()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestStatusesBecomeKinds(t *testing.T) {
	for status, want := range map[int]error{
		400: fault.ErrInvalid, 401: fault.ErrRefused, 403: fault.ErrRefused, 404: fault.ErrNotExist,
		409: fault.ErrInvalid, 422: fault.ErrInvalid, 302: fault.ErrMalformed, 429: fault.ErrThrottled,
		503: fault.ErrThrottled, 504: fault.ErrTimeout,
	} {
		p := newPlatform(t)
		p.handle("GET /data_assets/id", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://example.com/")
			w.Header().Set("X-Request-Id", "R7")
			words(status, "application/json", `{"message":"because"}`)(w, r)
		})
		c := p.client()
		c.calls.Budget = 300 * time.Millisecond
		_, err := c.Get(background(t), "id")
		var e *fault.Error
		if !errors.Is(err, want) || !errors.As(err, &e) || e.Message != "because" || e.RequestID != "R7" || e.Status != status || e.Asset != "id" {
			t.Errorf("%d gives %v", status, err)
		}
	}
}

// What must not be carried out twice is not sent twice.
func TestCreateIsSentOnce(t *testing.T) {
	ok := words(201, "", `{"id":"new"}`)
	for name, c := range map[string]struct {
		answers []http.HandlerFunc
		want    error
		tries   int64
	}{
		"well":            {[]http.HandlerFunc{ok}, nil, 1},
		"answer lost":     {[]http.HandlerFunc{lost, ok}, fault.ErrUnknown, 1},
		"bad gateway":     {[]http.HandlerFunc{words(502, "text/html", ""), ok}, fault.ErrUnknown, 1},
		"server error":    {[]http.HandlerFunc{words(500, "", ""), ok}, fault.ErrUnknown, 1},
		"answer unusable": {[]http.HandlerFunc{words(200, "", `{`), ok}, fault.ErrUnknown, 1},
		"answer empty":    {[]http.HandlerFunc{words(200, "", ``), ok}, fault.ErrUnknown, 1},
		"no id":           {[]http.HandlerFunc{words(200, "", `{}`), ok}, fault.ErrUnknown, 1},
		"silence":         {[]http.HandlerFunc{silent, ok}, fault.ErrUnknown, 1},
		"turned away":     {[]http.HandlerFunc{words(429, "", ""), ok}, nil, 2},
		"bad request":     {[]http.HandlerFunc{words(400, "", ""), ok}, fault.ErrInvalid, 1},
		"refused":         {[]http.HandlerFunc{words(403, "", ""), ok}, fault.ErrRefused, 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.handle("POST /data_assets", inTurn(c.answers...))
			client := p.client(func(c *Config) { c.Timeouts.FirstByte = 100 * time.Millisecond })
			a, err := client.Create(background(t), CreateRequest{Name: "n"})
			if !errors.Is(err, c.want) || c.want == nil && (err != nil || a.ID != "new") {
				t.Errorf("%+v, %v", a, err)
			}
			if c.want != fault.ErrUnknown && errors.Is(err, fault.ErrUnknown) {
				t.Errorf("it is known: %v", err)
			}
			if n := p.requests.Load(); n != c.tries {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestCreateThatWasNeverSentIsNoMystery(t *testing.T) {
	p := newPlatform(t)
	c := p.client()
	c.calls.Budget = 50 * time.Millisecond
	p.api.Close()
	if _, err := c.Create(background(t), CreateRequest{}); !errors.Is(err, fault.ErrUnreachable) || errors.Is(err, fault.ErrUnknown) {
		t.Errorf("error is %v", err)
	}
}

// Update sends the whole record with the changes in it.
func TestUpdateMerges(t *testing.T) {
	current := `{"id":"id","name":"n","description":"d","tags":["a"],"mount":"m","custom_metadata":{"k":1.50,"old":"x"},"unknown":1}`
	for name, c := range map[string]struct {
		current string
		req     UpdateRequest
		want    string
	}{
		"nothing":      {current, UpdateRequest{}, `{"custom_metadata":{"k":1.50,"old":"x"},"description":"d","mount":"m","name":"n","tags":["a"]}`},
		"name":         {current, UpdateRequest{Name: ptr("x")}, `{"custom_metadata":{"k":1.50,"old":"x"},"description":"d","mount":"m","name":"x","tags":["a"]}`},
		"to nothing":   {current, UpdateRequest{Description: ptr(""), Tags: &[]string{}}, `{"custom_metadata":{"k":1.50,"old":"x"},"description":"","mount":"m","name":"n","tags":[]}`},
		"metadata":     {current, UpdateRequest{CustomMetadata: map[string]json.RawMessage{"old": json.RawMessage("null"), "new": json.RawMessage(`"y"`)}}, `{"custom_metadata":{"k":1.50,"new":"y"},"description":"d","mount":"m","name":"n","tags":["a"]}`},
		"bare":         {`{"id":"id"}`, UpdateRequest{Name: ptr("x")}, `{"description":"","mount":"","name":"x","tags":[]}`},
		"null, to add": {`{"id":"id","custom_metadata":null}`, UpdateRequest{CustomMetadata: map[string]json.RawMessage{"a": json.RawMessage("1")}}, `{"custom_metadata":{"a":1},"description":"","mount":"","name":"","tags":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, answer := range []string{`{"id":"id","name":"after"}`, `{}`, ``} {
				p := newPlatform(t)
				gets := 0
				p.handle("GET /data_assets/id", func(w http.ResponseWriter, r *http.Request) {
					if gets++; gets > 1 {
						words(200, "", `{"id":"id","name":"after"}`)(w, r)
						return
					}
					words(200, "", c.current)(w, r)
				})
				p.handle("PUT /data_assets/id", func(w http.ResponseWriter, r *http.Request) {
					if body, _ := io.ReadAll(r.Body); string(body) != c.want {
						t.Errorf("sent %s", body)
					}
					words(200, "", answer)(w, r)
				})
				if a, err := p.client().Update(background(t), "id", c.req); err != nil || a.Name != "after" {
					t.Errorf("answer %q: %+v, %v", answer, a, err)
				}
			}
		})
	}
}

func TestDeleteWhoseAnswerWasLost(t *testing.T) {
	p := newPlatform(t)
	p.handle("DELETE /data_assets/id", inTurn(lost, words(404, "", "")))
	if err := p.client().Delete(background(t), "id"); err != nil {
		t.Error(err)
	}
	p = newPlatform(t)
	p.handle("DELETE /data_assets/id", words(404, "", ""))
	if err := p.client().Delete(background(t), "id"); !errors.Is(err, fault.ErrNotExist) {
		t.Errorf("deleting what is not there: %v", err)
	}
}

// Ids come from servers. None of them makes a call go elsewhere.
func TestHostileIDs(t *testing.T) {
	p := newPlatform(t)
	p.handle("GET /data_assets/{id}", func(w http.ResponseWriter, r *http.Request) {
		reply(obj{"id": r.PathValue("id")})(w, r)
	})
	c := p.client()
	for _, id := range []string{"a/b", "../../x", "a?archived=1", "a#b", "ä ö", "%2e%2e", "a\x00b", "a;b"} {
		if a, err := c.Get(background(t), id); err != nil || a.ID != id {
			t.Errorf("%q gives %+v, %v", id, a, err)
		}
	}
	for _, id := range []string{"", ".", ".."} {
		if err := c.Delete(background(t), id); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%q gives %v", id, err)
		}
	}
	if n := p.requests.Load(); n != 8 {
		t.Errorf("%d requests", n)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	p := newPlatform(t)
	p.handle("GET /data_assets/id", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"id":"id","name":"`)
		junk := make([]byte, 1<<20)
		for i := range junk {
			junk[i] = 'x'
		}
		for range maxAnswer>>20 + 1 {
			if _, err := w.Write(junk); err != nil {
				return
			}
		}
	})
	c := p.client()
	c.calls.Attempts = 1
	if _, err := c.Get(background(t), "id"); !errors.Is(err, fault.ErrMalformed) {
		t.Errorf("error is %v", err)
	}
}
