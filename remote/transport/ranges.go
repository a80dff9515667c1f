package transport

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"codeoceanfs/remote/fault"
)

// errTotal marks an answer about a file of another size than expected: a proxy
// gone wrong, or a file that changed. It is asked again, and then ErrStale.
var errTotal = errors.New("size differs")

// RangeHeader is the Range header that asks for n bytes from off. n is above 0.
func RangeHeader(off, n int64) string {
	return fmt.Sprintf("bytes=%d-%d", off, off+n-1)
}

// CheckRange says whether resp answers a request for n bytes at off of a file
// of size bytes (-1: not known). A 206 must be for exactly that range, and of
// its length. A 200 must be the whole file, and the caller skips to off: see
// [Body]. Anything else is an error, so that the page of a login portal or an
// error document never becomes data: ErrMalformed, ErrStale when the file has
// another size, or the kind of the status.
func CheckRange(resp *http.Response, off, n, size int64) error {
	switch resp.StatusCode {
	case http.StatusPartialContent:
		return checkPartial(resp, off, n, size)
	case http.StatusOK:
		return checkWhole(resp, off, n, size)
	}
	return &fault.Error{
		Op: "read range", Status: resp.StatusCode, Kind: StatusKind(resp.StatusCode),
		RetryAfter: RetryAfter(resp.Header),
	}
}

// Total is the size of the whole file that resp is about, checked as by
// [CheckRange]. It is an error if the answer does not tell.
func Total(resp *http.Response, off, n int64) (int64, error) {
	if resp.StatusCode == http.StatusOK && resp.ContentLength == 0 && !isMarkup(resp.Header) {
		return 0, nil // no range of it is possible
	}
	if err := CheckRange(resp, off, n, -1); err != nil {
		return 0, err
	}
	total := resp.ContentLength
	if resp.StatusCode == http.StatusPartialContent {
		_, _, total, _ = parseContentRange(resp.Header.Get("Content-Range")) // it was checked
	}
	if total < 0 {
		return 0, malformed("an answer that does not tell the file's size")
	}
	return total, nil
}

func checkPartial(resp *http.Response, off, n, size int64) error {
	start, end, total, err := parseContentRange(resp.Header.Get("Content-Range"))
	switch {
	case err != nil:
		return err
	case start != off || end != off+n-1:
		return malformed("range %d-%d instead of %d-%d", start, end, off, off+n-1)
	case size >= 0 && total >= 0 && total != size:
		return fmt.Errorf("%w: %w: %d bytes instead of %d", fault.ErrStale, errTotal, total, size)
	case resp.ContentLength >= 0 && resp.ContentLength != n:
		return malformed("%d bytes instead of %d", resp.ContentLength, n)
	}
	return nil
}

func checkWhole(resp *http.Response, off, n, size int64) error {
	length := resp.ContentLength
	switch {
	case length < 0 && isMarkup(resp.Header):
		return malformed("a page of %s instead of data", resp.Header.Get("Content-Type"))
	case length < 0:
		return nil // counted while it is read
	case size >= 0 && length != size, length < off+n:
		if isMarkup(resp.Header) {
			return malformed("a page of %s instead of data", resp.Header.Get("Content-Type"))
		}
		return fmt.Errorf("%w: %w: whole file has %d bytes", fault.ErrStale, errTotal, length)
	case size < 0 && isMarkup(resp.Header):
		return malformed("a page of %s instead of data", resp.Header.Get("Content-Type"))
	}
	return nil
}

// isMarkup reports whether a body is a page or an error document. A file may be
// one, so this decides only where nothing else can.
func isMarkup(h http.Header) bool {
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (t == "text/html" || strings.HasSuffix(t, "/xml") || strings.HasSuffix(t, "+xml"))
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", fault.ErrMalformed, fmt.Sprintf(format, args...))
}

// parseContentRange reads "bytes start-end/total". Total is -1 for "*".
func parseContentRange(s string) (start, end, total int64, err error) {
	bad := func() (int64, int64, int64, error) {
		return 0, 0, 0, malformed("content range %q", s)
	}
	rest, ok := strings.CutPrefix(s, "bytes ")
	if !ok {
		return bad()
	}
	span, size, ok1 := strings.Cut(rest, "/")
	from, to, ok2 := strings.Cut(span, "-")
	if !ok1 || !ok2 {
		return bad()
	}
	numbers := [3]int64{2: -1}
	for i, part := range []string{from, to, size} {
		if i == 2 && part == "*" {
			continue
		}
		v, err := strconv.ParseUint(part, 10, 63)
		if err != nil {
			return bad()
		}
		numbers[i] = int64(v)
	}
	start, end, total = numbers[0], numbers[1], numbers[2]
	if start > end || total >= 0 && end >= total {
		return bad()
	}
	return start, end, total, nil
}

// Body gives the n bytes at off out of resp, which CheckRange accepted for a file
// of size bytes: a 200 is skipped to off while it is read. It ends after n bytes,
// and is an [io.ErrUnexpectedEOF] when the answer ends before. A 200 that did not
// tell its length is ErrMalformed when it goes on behind the end of the file.
func Body(resp *http.Response, off, n, size int64) io.ReadCloser {
	b := &exactBody{ReadCloser: resp.Body, left: n}
	if resp.StatusCode == http.StatusOK {
		b.skip = off
		b.ends = resp.ContentLength < 0 && off+n == size
	}
	return b
}

// exactBody is n bytes of a body: not one more, and fewer only with an error.
type exactBody struct {
	io.ReadCloser
	skip, left int64
	ends       bool // nothing may come after
}

// Read implements io.Reader.
func (b *exactBody) Read(p []byte) (int, error) {
	if b.skip > 0 {
		n, err := io.CopyN(io.Discard, b.ReadCloser, b.skip)
		b.skip -= n
		if err != nil {
			return 0, cut(err)
		}
	}
	if b.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	switch {
	case b.left == 0 && b.ends && err == nil:
		if more, _ := io.CopyN(io.Discard, b.ReadCloser, 1); more > 0 {
			return 0, malformed("more bytes than the file has")
		}
		return n, io.EOF
	case b.left == 0:
		return n, io.EOF // whatever else the server has to say
	case err != nil:
		return n, cut(err)
	}
	return n, nil
}

// cut turns an end of file that is too early into an error.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// drainMax is how much of an unwanted body is read so that its connection can
// be used again; more costs longer than a new connection.
const drainMax = 64 << 10

// Drain reads what little may be left of body and closes it.
func Drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, drainMax)
	_ = body.Close()
}
