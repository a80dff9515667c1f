package wire

import (
	"context"
	"io"
	"net/http"
	"time"
)

type ignoreRange struct{}

// IgnoresRange reports whether a fault wants the whole file as the answer.
func IgnoresRange(r *http.Request) bool { return r.Context().Value(ignoreRange{}) != nil }

// serve answers a request as the fault wants it.
func (f *activeFault) serve(w http.ResponseWriter, r *http.Request, side Side, next http.Handler) {
	if !pause(r.Context(), f.Delay, f.removed) && r.Context().Err() != nil {
		return
	}
	switch {
	case f.Handle != nil:
		f.Handle(w, r, next)
		return
	case f.DropReply:
		next.ServeHTTP(&discard{header: make(http.Header)}, r)
		f.hangUp(w)
		return
	case f.Status != 0:
		next = f.answer(side)
	case f.IgnoreRange:
		// The header stays: a signature may be over it.
		r = r.WithContext(context.WithValue(r.Context(), ignoreRange{}, true))
	}
	fw := &faultyWriter{ResponseWriter: w, fault: f, request: r}
	defer func() {
		// The writer leaves a body that it has broken by a panic of its own, so
		// that no handler goes on for nothing.
		if p := recover(); p != nil && p != any(fw) {
			panic(p)
		}
	}()
	next.ServeHTTP(fw, r)
	fw.finish()
}

// answer is the handler of a fault with a status.
func (f *activeFault) answer(side Side) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.Body == "" {
			side.Fail(w, r, f.Status)
			return
		}
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Body) // a client that left gets no answer
	})
}

// hangUp closes the connection under w without another byte.
func (f *activeFault) hangUp(w http.ResponseWriter) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // no socket below: the server's own way
	}
	if lc, ok := c.(interface{ SetLinger(sec int) error }); ok && f.Reset {
		_ = lc.SetLinger(0) // the connection goes either way
	}
	_ = c.Close()
}

// discard is where the answer goes that nobody shall see.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// faultyWriter is an answer going wrong. It has no ReadFrom: every byte passes
// through Write.
type faultyWriter struct {
	http.ResponseWriter
	fault       *activeFault
	request     *http.Request
	wroteHeader bool
	at          int64 // bytes of the body sent
}

// Unwrap is for http.ResponseController.
func (w *faultyWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader sends the header, changed.
func (w *faultyWriter) WriteHeader(status int) {
	h, f := w.Header(), w.fault
	w.wroteHeader = true
	if f.NoLength || f.Extra > 0 {
		h.Del("Content-Length")
		h.Set("Transfer-Encoding", "identity") // the server's word for "until I close"
	}
	switch f.ContentRange {
	case "":
	case "-":
		h.Del("Content-Range")
	default:
		h.Set("Content-Range", f.ContentRange)
	}
	for name, values := range f.Header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write sends as much of b as the fault lets through; where it breaks off, it
// does not return.
func (w *faultyWriter) Write(b []byte) (sent int, err error) {
	if !w.wroteHeader {
		w.WriteHeader(http.StatusOK)
	}
	for len(b) > 0 {
		n := w.until(w.fault.CutAfter, w.until(w.fault.StallAfter, int64(len(b))))
		if n == 0 {
			w.breakOff()
		}
		m, err := w.send(b[:n])
		sent += m
		if err != nil {
			return sent, err
		}
		b = b[m:]
	}
	return sent, nil
}

// until bounds n so that the body does not go beyond mark.
func (w *faultyWriter) until(mark, n int64) int64 {
	if mark == 0 {
		return n
	}
	return min(n, max(mark, 0)-w.at)
}

func (w *faultyWriter) send(b []byte) (int, error) {
	if i := w.fault.Flip - 1 - w.at; w.fault.Flip > 0 && i >= 0 && i < int64(len(b)) {
		b = append([]byte(nil), b...)
		b[i] ^= 1
	}
	if w.fault.Drip > 0 {
		b = b[:1]
	}
	n, err := w.ResponseWriter.Write(b)
	w.at += int64(n)
	if w.fault.Drip > 0 && err == nil {
		err = http.NewResponseController(w.ResponseWriter).Flush()
		w.wait(w.fault.Drip)
	}
	return n, err
}

// breakOff stalls or cuts, whichever mark was reached, and unwinds the handler.
func (w *faultyWriter) breakOff() {
	_ = http.NewResponseController(w.ResponseWriter).Flush() // the client may have left
	if mark := w.fault.StallAfter; mark != 0 && w.at >= max(mark, 0) {
		w.wait(longest)
	}
	w.fault.hangUp(w.ResponseWriter)
	panic(w)
}

// longest bounds a stall: no client under test waits an hour.
const longest = time.Hour

func (w *faultyWriter) wait(d time.Duration) {
	pause(w.request.Context(), d, w.fault.removed)
}

// finish adds what comes after the handler's own answer.
func (w *faultyWriter) finish() {
	if !w.wroteHeader {
		w.WriteHeader(http.StatusOK)
	}
	if w.fault.Extra > 0 {
		_, _ = w.Write(make([]byte, w.fault.Extra)) // a client that left wants no more
	}
}
