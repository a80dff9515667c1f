package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// route is one call of the API.
type route struct {
	name    string // as the counters have it
	pattern string // of http.ServeMux, below the API's base
	writes  bool   // refused to a read-only token
	handle  func(*Server, *call) (any, error)
}

// apiRoutes is the API. A handler's nil answer is an empty one.
func apiRoutes() []route {
	return []route{
		{"search", "POST /data_assets/search", false, (*Server).search},
		{"create", "POST /data_assets", true, (*Server).create},
		{"get", "GET /data_assets/{id}", false, (*Server).get},
		{"update", "PUT /data_assets/{id}", true, (*Server).update},
		{"delete", "DELETE /data_assets/{id}", true, (*Server).delete},
		{"archive", "PATCH /data_assets/{id}/archive", true, (*Server).archive},
		{"permissions.get", "GET /data_assets/{id}/permissions", false, (*Server).permissions},
		{"permissions.set", "POST /data_assets/{id}/permissions", true, (*Server).setPermissions},
		{"transfer", "POST /data_assets/{id}/transfer", true, (*Server).transfer},
		{"files", "POST /data_assets/{id}/files", false, (*Server).listFiles},
		{"urls", "GET /data_assets/{id}/files/urls", false, (*Server).fileURLs},
		{"download_url", "GET /data_assets/{id}/files/download_url", false, (*Server).downloadURL},
		{"metadata", "GET /custom_metadata", false, (*Server).metadataSchema},
	}
}

// call is one request of somebody who was let in.
type call struct {
	*http.Request
	route  route
	user   Token
	quirks Quirks
	now    time.Time
}

// refusal is an answer other than success.
type refusal struct {
	status  int
	message string
	after   time.Duration // Retry-After
}

func (e *refusal) Error() string { return e.message }

func refuse(status int, format string, args ...any) error {
	return &refusal{status: status, message: fmt.Sprintf(format, args...)}
}

func bad(format string, args ...any) error { return refuse(http.StatusBadRequest, format, args...) }

// routes prepares the API's mux, and returns what names a request's route.
func (s *Server) routes() func(*http.Request) string {
	s.mux = http.NewServeMux()
	names := make(map[string]string)
	for _, rt := range apiRoutes() {
		method, path, _ := strings.Cut(rt.pattern, " ")
		pattern := method + " /api/v1" + path
		names[pattern] = rt.name
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, rt) })
	}
	return func(r *http.Request) string {
		_, pattern := s.mux.Handler(r)
		if name, ok := names[pattern]; ok {
			return name
		}
		return "other"
	}
}

// serveAPI answers JSON also where the mux would answer text.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	if _, pattern := s.mux.Handler(r); pattern == "" {
		fail(w, r, http.StatusNotFound)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// answer runs one call.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, rt route) {
	c := &call{Request: r, route: rt, quirks: s.quirksNow(), now: time.Now()}
	result, err := s.run(c)
	var no *refusal
	switch {
	case errors.As(err, &no):
		if no.after > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(no.after.Seconds())))
		}
		if no.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Basic")
		}
		writeMessage(w, no.status, no.message)
	case err != nil:
		s.log.Error("request failed", "route", rt.name, "path", r.URL.Path, "error", err)
		writeMessage(w, http.StatusInternalServerError, err.Error())
	case result == nil && c.quirks.NoContent:
		w.WriteHeader(http.StatusNoContent)
	case result == nil:
		writeAnswer(w, http.StatusOK, struct{}{})
	case rt.name == "create" && c.quirks.Created:
		writeAnswer(w, http.StatusCreated, result)
	default:
		writeAnswer(w, http.StatusOK, result)
	}
}

// run lets the caller in, or not, and handles the call.
func (s *Server) run(c *call) (any, error) {
	if !s.throttle.allow(c.quirks.RatePerSecond, c.now) {
		return nil, &refusal{http.StatusTooManyRequests, "too many requests", c.quirks.RetryAfter}
	}
	token, password, ok := c.BasicAuth()
	if !ok || password != "" {
		return nil, refuse(http.StatusUnauthorized, "unauthorized: an access token is needed, as the user name of basic authentication")
	}
	if c.user, ok = s.access.user(token); !ok {
		return nil, refuse(http.StatusUnauthorized, "unauthorized: the access token is not known")
	}
	if c.route.writes && c.user.Access != "read-write" {
		return nil, refuse(http.StatusForbidden, "forbidden: the access token is read-only")
	}
	if v := c.Header.Get("Min-Server-Version"); c.quirks.MinVersion != "" && newer(v, c.quirks.MinVersion) {
		return nil, bad("the server's version is %s, the client needs %s", c.quirks.MinVersion, v)
	}
	return c.route.handle(s, c)
}

// newer compares versions like 4.8.0; what is no number counts as 0.
func newer(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(as), len(bs)) {
		var x, y int
		if i < len(as) {
			x, _ = strconv.Atoi(as[i])
		}
		if i < len(bs) {
			y, _ = strconv.Atoi(bs[i])
		}
		if x != y {
			return x > y
		}
	}
	return false
}

// asset finds the asset that the call is about, for a user of at least the
// role.
func (s *Server) asset(c *call, needed role) (*entry, error) {
	id := c.PathValue("id")
	e, ok := s.shelf.get(id)
	if !ok {
		return nil, refuse(http.StatusNotFound, "data asset %s not found", id)
	}
	switch has := c.user.roleOf(e); {
	case has == nobody && c.quirks.HideForbidden:
		return nil, refuse(http.StatusNotFound, "data asset %s not found", id)
	case has < needed:
		return nil, refuse(http.StatusForbidden, "forbidden: no permission for this on data asset %s", id)
	}
	return e, nil
}

func writeMessage(w http.ResponseWriter, status int, message string) {
	writeAnswer(w, status, map[string]string{"message": message})
}

// fail answers with a plain status, as a server in trouble does.
func fail(w http.ResponseWriter, _ *http.Request, status int) {
	writeMessage(w, status, strings.ToLower(http.StatusText(status)))
}

// writeAnswer writes JSON, or what writes itself.
func writeAnswer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	if stream, ok := v.(func(http.ResponseWriter)); ok {
		stream(w)
		return
	}
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // all our answers are encodable; a client that left gets none
}
