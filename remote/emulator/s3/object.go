package s3

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"codeoceanfs/remote/emulator/files"
	"codeoceanfs/remote/emulator/wire"
)

// overrides are the parameters by which a signed request words the answer's
// headers itself.
var overrides = []string{
	"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires",
}

// offline are the storage classes whose objects must be restored to be read.
var offline = []string{"GLACIER", "DEEP_ARCHIVE"}

// object answers GetObject and HeadObject.
func (e *Endpoint) object(w http.ResponseWriter, r *http.Request, b Bucket, key string, signed bool) error {
	f, err := b.Objects.Stat(key)
	if errors.Is(err, fs.ErrNotExist) && b.Guarded {
		return errDenied()
	}
	if errors.Is(err, fs.ErrNotExist) {
		return problem(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.", "Key", key)
	}
	if err != nil {
		return err
	}
	h := w.Header()
	if f.ETag != "" {
		h.Set("Etag", f.ETag)
	}
	if f.Storage != "" {
		h.Set("X-Amz-Storage-Class", f.Storage)
	}
	h.Set("Last-Modified", f.Modified.UTC().Format(http.TimeFormat))
	if status := precondition(r, f); status == http.StatusNotModified {
		w.WriteHeader(status)
		return nil
	} else if status != 0 {
		h.Del("Last-Modified")
		return problem(status, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	}
	if r.Method == http.MethodGet && slices.Contains(offline, f.Storage) {
		return problem(http.StatusForbidden, "InvalidObjectState",
			"The operation is not valid for the object's storage class", "StorageClass", f.Storage)
	}
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Type", "binary/octet-stream")
	q := r.URL.Query()
	for _, name := range overrides {
		value := q.Get("response-" + strings.ToLower(name))
		switch {
		case value == "":
		case !signed:
			return problem(http.StatusBadRequest, "InvalidRequest", "Request specific response headers cannot be used for anonymous GET requests.")
		default:
			h.Set(name, value)
		}
	}
	off, n, status := int64(0), f.Size, http.StatusOK
	if spec := r.Header.Get("Range"); spec != "" && !e.Store.Options().NoRanges && !wire.IgnoresRange(r) {
		var partial bool
		if off, n, partial, err = parseRange(spec, f.Size); err != nil {
			return err
		}
		if partial {
			status = http.StatusPartialContent
			h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", off, off+n-1, f.Size))
		}
	}
	h.Set("Content-Length", strconv.FormatInt(n, 10))
	if r.Method == http.MethodHead {
		w.WriteHeader(status)
		return nil
	}
	return send(w, f, off, n, status)
}

// send answers with n bytes of f from off.
func send(w http.ResponseWriter, f files.File, off, n int64, status int) error {
	content, err := f.Open()
	if errors.Is(err, fs.ErrNotExist) {
		return problem(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.", "Key", f.Key)
	}
	if err != nil {
		return err
	}
	defer content.Close()
	var body io.Reader = io.NewSectionReader(content, off, n)
	if file, ok := content.(*os.File); ok { // the kernel sends a file by itself
		if _, err := file.Seek(off, io.SeekStart); err != nil {
			return err
		}
		body = file
	}
	w.WriteHeader(status)
	if _, err := io.CopyN(w, body, n); err != nil {
		panic(http.ErrAbortHandler) // the length is promised: cut, or the client would wait
	}
	return nil
}

// parseRange reads a Range of one piece. What is no such range is ignored, as
// S3 does, and then partial is false.
func parseRange(spec string, size int64) (off, n int64, partial bool, err error) {
	spec, ok := strings.CutPrefix(strings.TrimSpace(spec), "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !ok || !dash || strings.Contains(spec, ",") {
		return 0, size, false, nil
	}
	unsatisfiable := problem(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable",
		"RangeRequested", "bytes="+spec, "ActualObjectSize", strconv.FormatInt(size, 10))
	if first == "" {
		suffix, bad := strconv.ParseInt(last, 10, 64)
		switch {
		case bad != nil || suffix < 0:
			return 0, size, false, nil
		case suffix == 0 || size == 0:
			return 0, 0, false, unsatisfiable
		}
		n = min(suffix, size)
		return size - n, n, true, nil
	}
	off, bad := strconv.ParseInt(first, 10, 64)
	end := size - 1
	if last != "" && bad == nil {
		end, bad = strconv.ParseInt(last, 10, 64)
	}
	switch {
	case bad != nil || off < 0 || last != "" && end < off:
		return 0, size, false, nil
	case off >= size:
		return 0, 0, false, unsatisfiable
	}
	return off, min(end, size-1) - off + 1, true, nil
}

// precondition is the status that the request's conditions ask for, 0 if they
// hold. The stronger condition of each kind silences the weaker.
func precondition(r *http.Request, f files.File) int {
	modified := f.Modified.Truncate(1e9) // headers know whole seconds
	if match := r.Header.Get("If-Match"); match != "" {
		if !matches(match, f.ETag) {
			return http.StatusPreconditionFailed
		}
	} else if t, err := http.ParseTime(r.Header.Get("If-Unmodified-Since")); err == nil && modified.After(t) {
		return http.StatusPreconditionFailed
	}
	if none := r.Header.Get("If-None-Match"); none != "" {
		if matches(none, f.ETag) {
			return http.StatusNotModified
		}
	} else if t, err := http.ParseTime(r.Header.Get("If-Modified-Since")); err == nil && !modified.After(t) {
		return http.StatusNotModified
	}
	return 0
}

// matches looks for an ETag, quoted or not, in a list of them.
func matches(list, tag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.Trim(one, `"`) == strings.Trim(tag, `"`) {
			return true
		}
	}
	return false
}
