package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"

	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/transport"
)

// Bounds of answers. An answer beyond them is ErrMalformed, and not kept.
const (
	// maxAnswer is for one record or a page of them: 1000 records of 64 KiB.
	maxAnswer = 64 << 20
	// maxErrorBody is for the text of an error; real ones are a line.
	maxErrorBody = 64 << 10
	// maxMessage is how much of a server's words goes into an error.
	maxMessage = 300
)

// call is one request to the API.
type call struct {
	op        string // in words, for errors
	method    string
	path      []string   // below /api/v1, not escaped
	query     url.Values // nil without
	body      any        // sent as JSON unless nil
	asset     string     // for errors
	file      string     // for errors
	unsafe    bool       // must not be carried out twice
	minServer string     // the server's version that it needs, or ""
	read      bool       // a read waits for it, and is as patient as reads are
}

// do makes a call, as often as that is right, and gives each good answer's body
// and header to read, whose error counts as the call's.
func (c *Client) do(ctx context.Context, k *call, read func(body io.Reader, h http.Header) error) error {
	payload, err := k.payload()
	if err != nil {
		return k.fail(err)
	}
	run := c.calls.Do
	switch {
	case k.unsafe:
		run = c.calls.DoUnsafe
	case k.read:
		run = c.signs.Do
	}
	return run(ctx, func(ctx context.Context, attempt int) error {
		if attempt > 0 {
			c.stats.repeated.Add(1)
		}
		resp, err := c.send(ctx, k, payload)
		if err != nil {
			return err
		}
		defer transport.Drain(resp.Body)
		if err := read(&bounded{r: resp.Body, left: maxAnswer}, resp.Header); err != nil {
			return c.badAnswer(k, resp, err)
		}
		return nil
	})
}

// decode makes a call and decodes the answer into v, or ignores it when v is nil.
func (c *Client) decode(ctx context.Context, k *call, v any) error {
	return c.do(ctx, k, func(body io.Reader, _ http.Header) error {
		if v == nil {
			return nil
		}
		return decodeAll(body, v)
	})
}

// decodeAll decodes a whole body, which is bounded, into v.
func decodeAll(body io.Reader, v any) error {
	raw, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	return decodeInto(bytes.TrimSpace(raw), v)
}

// payload is the body to send, if the call is one that can be made.
func (k *call) payload() ([]byte, error) {
	for _, part := range k.path { // ids come from servers: none may leave its place
		if part == "" || part == "." || part == ".." {
			return nil, fmt.Errorf("%w: no such id: %q", fault.ErrInvalid, part)
		}
	}
	if k.body == nil {
		return nil, nil
	}
	payload, err := json.Marshal(k.body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", fault.ErrInvalid, err)
	}
	return payload, nil
}

// send makes one attempt and returns a good answer, whose body is the caller's.
// A token that was refused is read once more: its file may have changed.
func (c *Client) send(ctx context.Context, k *call, payload []byte) (*http.Response, error) {
	token, err := c.present(ctx)
	if err != nil {
		return nil, transport.Final(k.fail(err))
	}
	if message, refused := c.refusedToken(token); refused {
		return nil, transport.Final(k.unauthorized(c.Host(), message))
	}
	resp, err := c.sendAs(ctx, k, payload, token)
	if isUnauthorized(err) {
		if fresh, readErr := c.present(ctx); readErr == nil && fresh != token {
			token = fresh
			resp, err = c.sendAs(ctx, k, payload, fresh)
		}
	}
	c.answered(token, err)
	return resp, err
}

func (c *Client) sendAs(ctx context.Context, k *call, payload []byte, token string) (*http.Response, error) {
	var sent atomic.Bool
	ctx = transport.About(ctx, k.op, k.asset, k.file)
	if k.unsafe {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	}
	req, err := http.NewRequestWithContext(ctx, k.method, c.endpoint(k), bytes.NewReader(payload))
	if err != nil {
		return nil, transport.Final(k.fail(fmt.Errorf("%w: bad request", fault.ErrInvalid)))
	}
	req.SetBasicAuth(token, "")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.agent)
	if k.minServer != "" {
		req.Header.Set("Min-Server-Version", k.minServer)
	}
	if payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	c.stats.calls.Add(1)
	// A round trip, and not a client: redirects are answers, the token stays here.
	resp, err := c.meta.RoundTrip(req)
	if err != nil {
		e := k.fail(err)
		e.Host = c.Host()
		if sent.Load() {
			e.Kind = fault.ErrUnknown
		}
		return nil, e
	}
	if resp.StatusCode/100 != 2 {
		defer transport.Drain(resp.Body)
		return nil, k.refused(resp, c.Host())
	}
	return resp, nil
}

func (c *Client) endpoint(k *call) string {
	var b strings.Builder
	b.WriteString(c.base.String())
	b.WriteString("/api/v1")
	for _, part := range k.path {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(part))
	}
	if k.query != nil {
		b.WriteByte('?')
		b.WriteString(k.query.Encode())
	}
	return b.String()
}

// fail wraps an error that came without an answer.
func (k *call) fail(err error) *fault.Error {
	err = fault.Cause(err)
	return &fault.Error{Op: k.op, Asset: k.asset, Path: k.file, Kind: transport.Kind(err), Err: err}
}

// refused makes the error of an answer that is not 2xx.
func (k *call) refused(resp *http.Response, host string) *fault.Error {
	e := &fault.Error{
		Op: k.op, Asset: k.asset, Path: k.file, Host: host,
		Status: resp.StatusCode, Kind: transport.StatusKind(resp.StatusCode),
		Message: message(resp), RequestID: requestID(resp.Header),
		RetryAfter: transport.RetryAfter(resp.Header),
	}
	if resp.StatusCode == http.StatusUnauthorized {
		e.Kind = fault.ErrToken
	}
	if k.unsafe && resp.StatusCode >= 500 {
		e.Kind = fault.ErrUnknown
	}
	return e
}

// badAnswer makes the error of a good status with a body that is not. A call
// that must not be repeated has been carried out then, who knows how.
func (c *Client) badAnswer(k *call, resp *http.Response, err error) error {
	e := k.fail(err)
	e.Host, e.RequestID = c.Host(), requestID(resp.Header)
	switch {
	case k.unsafe:
		e.Kind = fault.ErrUnknown
	case e.Kind == nil && !isCut(err):
		e.Kind = fault.ErrMalformed
		if isPage(resp.Header) {
			e.Err = errors.New("a web page instead of JSON: a login portal or a proxy?")
		}
	}
	return e
}

// isCut reports whether err came out of the connection, and not out of what it
// carried.
func isCut(err error) bool {
	var syntax *json.SyntaxError
	return !errors.As(err, &syntax) && !errors.Is(err, errShape)
}

func isPage(h http.Header) bool {
	t, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return t == "text/html"
}

// message is the server's own words about a failure, if it has any.
func message(resp *http.Response) string {
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	var body struct {
		Message text `json:"message"`
		Error   text `json:"error"`
	}
	words := ""
	switch {
	case isPage(resp.Header):
	case decodeInto(raw, &body) == nil:
		words = string(body.Message)
		if words == "" {
			words = string(body.Error)
		}
	default:
		words = string(raw)
	}
	return clip(words)
}

// clip makes words fit to be shown: one line, bounded, without secrets.
func clip(words string) string {
	words = strings.Join(strings.Fields(strings.ToValidUTF8(words, "?")), " ")
	words = fault.Redact(words)
	if len(words) > maxMessage {
		words = strings.ToValidUTF8(words[:maxMessage], "") + "…"
	}
	return words
}

func requestID(h http.Header) string {
	for _, name := range []string{"X-Request-Id", "X-Amz-Request-Id", "X-Amzn-Requestid", "X-Amzn-Trace-Id"} {
		if id := h.Get(name); id != "" {
			return clip(id)
		}
	}
	return ""
}

// errShape marks JSON that is well formed and not what was asked for.
var errShape = errors.New("unexpected JSON")

// errTooLarge marks an answer beyond its bound.
var errTooLarge = fmt.Errorf("%w: answer too large", fault.ErrMalformed)

// bounded is a reader that fails after left bytes.
type bounded struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	return n, err
}
