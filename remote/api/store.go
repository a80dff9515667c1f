package api

import (
	"encoding/xml"
	"io"
	"net/http"
	"strings"

	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/transport"
)

// storeError makes the error of a store's answer that is not 2xx. The body is
// read as far as it may matter.
func storeError(resp *http.Response) *fault.Error {
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	code, words, id := parseStoreError(raw)
	if id == "" {
		id = requestID(resp.Header)
	}
	return &fault.Error{
		Op: "read range", Status: resp.StatusCode, Code: code, Message: words, RequestID: id,
		Kind: transport.StatusKind(resp.StatusCode), RetryAfter: transport.RetryAfter(resp.Header),
	}
}

// parseStoreError reads the XML of an S3 error. What is not one gives nothing.
func parseStoreError(raw []byte) (code, words, id string) {
	var body struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		RequestID string `xml:"RequestId"`
	}
	if xml.Unmarshal(raw, &body) != nil {
		return "", "", ""
	}
	return clip(body.Code), clip(body.Message), clip(body.RequestID)
}

// expired are the codes of stores for a signed URL whose time, or whose
// signer's time, is over.
var expired = map[string]bool{
	"ExpiredToken":          true,
	"ExpiredRequest":        true,
	"RequestExpired":        true,
	"ExpiredTokenException": true,
	"TokenRefreshRequired":  true,
}

// isExpired reports whether a store said that a signed URL has expired. S3 says
// it as AccessDenied, and in words.
func isExpired(e *fault.Error) bool {
	if e.Status != http.StatusForbidden && e.Status != http.StatusBadRequest && e.Status != http.StatusUnauthorized {
		return false
	}
	return expired[e.Code] ||
		(e.Code == "AccessDenied" || e.Code == "InvalidArgument") && strings.Contains(strings.ToLower(e.Message), "expired")
}
