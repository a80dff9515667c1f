package s3

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"codeoceanfs/remote/emulator/sigv4"
)

// problem is an error in S3's words; details are pairs of element and text.
func problem(status int, code, message string, details ...string) error {
	e := &sigv4.Error{Status: status, Code: code, Message: message}
	for i := 0; i+1 < len(details); i += 2 {
		e.Details = append(e.Details, [2]string{details[i], details[i+1]})
	}
	return e
}

// Fail answers with a plain status in S3's words, as a server in trouble does.
func Fail(w http.ResponseWriter, r *http.Request, status int) {
	code := map[int]string{
		http.StatusForbidden:           "AccessDenied",
		http.StatusNotFound:            "NoSuchKey",
		http.StatusInternalServerError: "InternalError",
		http.StatusServiceUnavailable:  "SlowDown",
		http.StatusRequestTimeout:      "RequestTimeout",
		http.StatusPreconditionFailed:  "PreconditionFailed",
	}[status]
	if code == "" {
		code = "UnexpectedError"
	}
	writeError(w, r, problem(status, code, http.StatusText(status)))
}

// writeError answers with S3's XML, or as HEAD must with the status alone.
func writeError(w http.ResponseWriter, r *http.Request, err error) {
	var e *sigv4.Error
	if !errors.As(err, &e) {
		e = &sigv4.Error{
			Status: http.StatusInternalServerError, Code: "InternalError",
			Message: "We encountered an internal error. Please try again.", Details: [][2]string{{"Cause", err.Error()}},
		}
	}
	h := w.Header()
	for _, name := range []string{"Etag", "X-Amz-Storage-Class", "Accept-Ranges", "Content-Range", "Content-Disposition"} {
		h.Del(name)
	}
	h.Set("Content-Type", "application/xml")
	for _, d := range e.Details {
		if d[0] == "ActualObjectSize" {
			h.Set("Content-Range", "bytes */"+d[1])
		}
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(e.Status)
		return
	}
	x := newXML()
	x.open("Error")
	x.element("Code", e.Code)
	x.element("Message", e.Message)
	for _, d := range e.Details {
		x.element(d[0], d[1])
	}
	x.element("Resource", r.URL.Path)
	x.element("RequestId", h.Get("X-Amz-Request-Id"))
	x.element("HostId", h.Get("X-Amz-Id-2"))
	x.close("Error")
	x.send(w, e.Status)
}

func writeXML(w http.ResponseWriter, write func(*xmlWriter)) error {
	w.Header().Set("Content-Type", "application/xml")
	x := newXML()
	write(x)
	x.send(w, http.StatusOK)
	return nil
}

// xmlWriter writes XML by hand, because keys may hold characters that XML
// cannot and S3 writes all the same, and because listings are long.
type xmlWriter struct {
	bytes.Buffer
	depth int
}

func newXML() *xmlWriter {
	x := &xmlWriter{}
	x.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	return x
}

func (x *xmlWriter) send(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Length", strconv.Itoa(x.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(x.Bytes()) // a client that left gets no answer
}

func (x *xmlWriter) open(name string) {
	if x.depth == 0 && name != "Error" {
		x.WriteString("<" + name + ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`)
	} else {
		x.WriteString("<" + name + ">")
	}
	x.depth++
}

func (x *xmlWriter) close(name string) {
	x.depth--
	x.WriteString("</" + name + ">")
}

func (x *xmlWriter) element(name, text string) {
	x.open(name)
	for _, r := range text {
		switch {
		case r == '&':
			x.WriteString("&amp;")
		case r == '<':
			x.WriteString("&lt;")
		case r == '>':
			x.WriteString("&gt;")
		case r == '"':
			x.WriteString("&quot;")
		case r < 0x20 || r == 0x7f || r == 0xfffe || r == 0xffff:
			fmt.Fprintf(x, "&#x%x;", r)
		case r == utf8.RuneError:
			x.WriteString("\ufffd")
		default:
			x.WriteRune(r)
		}
	}
	x.close(name)
}

// optional is an element that is left out when it says nothing.
func (x *xmlWriter) optional(name, text string) {
	if text != "" {
		x.element(name, text)
	}
}

func (x *xmlWriter) time(name string, t time.Time) {
	x.element(name, t.UTC().Format("2006-01-02T15:04:05.000Z"))
}
