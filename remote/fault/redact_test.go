package fault_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"codeoceanfs/remote/fault"
)

const (
	canary    = "c4n4ryc4n4ryc4n4ry"
	signedURL = "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + canary +
		"%2Fus-east-1&X-Amz-Date=20260101T000000Z&X-Amz-Security-Token=" + canary + "&X-Amz-Signature=" + canary
)

func TestRedact(t *testing.T) {
	header := http.Header{"Authorization": {"Basic " + canary}, "X-Amz-Security-Token": {canary}}
	basic := base64.StdEncoding.EncodeToString([]byte("cop_" + canary + ":"))
	for name, s := range map[string]string{
		"signed URL":         signedURL,
		"in an error":        (&url.Error{Op: "Get", URL: signedURL, Err: errors.New("refused")}).Error(),
		"as a parameter":     "next=" + url.QueryEscape(signedURL),
		"twice encoded":      "next=" + url.QueryEscape(url.QueryEscape(signedURL)),
		"in JSON":            `{"download_url":"` + strings.ReplaceAll(signedURL, "&", `\u0026`) + `"}`,
		"lower case":         strings.ToLower(signedURL),
		"CloudFront":         "https://d/k?Expires=1&Signature=" + canary + "&Key-Pair-Id=" + canary,
		"version 2":          "https://b/k?AWSAccessKeyId=" + canary + "&Signature=" + canary,
		"Google":             "https://b/k?X-Goog-Credential=" + canary + "&X-Goog-Signature=" + canary,
		"header line":        "Authorization: Basic " + canary + "\nHost: x",
		"SigV4 header":       "authorization: AWS4-HMAC-SHA256 Credential=" + canary + ", Signature=" + canary,
		"printed header":     fmt.Sprint(header),
		"quoted header":      fmt.Sprintf("%q", header),
		"proxy":              "Proxy-Authorization: Basic " + canary,
		"bearer":             "sent Bearer " + canary,
		"token":              "token cop_" + canary + " is bad",
		"token in base64":    "user " + basic,
		"secret of a body":   `{"client_id":"x","client_secret":"` + canary + `"}`,
		"credentials file":   "aws_secret_access_key = " + canary,
		"amz header":         "X-Amz-Security-Token: " + canary,
		"token as a URL":     "https://cop_" + canary + "@host/",
		"JSON header, quote": `"Authorization":["Basic ` + canary + `"]`,
	} {
		t.Run(name, func(t *testing.T) {
			got := fault.Redact(s)
			if strings.Contains(got, canary) || strings.Contains(got, basic) {
				t.Errorf("a secret is left in %q", got)
			}
		})
	}
}

func TestRedactKeepsTheRest(t *testing.T) {
	for _, s := range []string{
		"", "list files of asset 12 \"a/b\": not found", "the signature does not match", "status 403, code ExpiredToken",
		"X-Amz-Expires is too large", "basic research", "/data/signature/key.csv",
	} {
		if got := fault.Redact(s); got != s {
			t.Errorf("Redact(%q) = %q", s, got)
		}
	}
	if got := fault.Redact(signedURL); !strings.HasPrefix(got, "https://b.s3.amazonaws.com/k?") {
		t.Errorf("the host is gone: %q", got)
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"plain é 漢 name":      "plain é 漢 name",
		"a\nlevel=ERROR x":    `a\nlevel=ERROR x`,
		"\x1b[2Jgone\r\x00":   `\x1b[2Jgone\x0d\x00`,
		"txt\u202egpj.exe":    `txt\u202egpj.exe`,
		"bad \xff utf-8":      `bad \ufffd utf-8`,
		"line\u2028separator": `line\u2028separator`,
	} {
		if got := fault.Quote(in); got != want {
			t.Errorf("Quote(%q) = %q, want %q", in, got, want)
		}
	}
}

type secretive struct{ URL string }

func (s secretive) LogValue() slog.Value { return slog.StringValue(s.URL) }

// Whatever way a secret or a control character takes into a log, it stops here.
func TestHandler(t *testing.T) {
	formats := map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	}
	for name, format := range formats {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			log := slog.New(fault.Handler(format(&out)))
			log.Info("got "+signedURL,
				"error", fmt.Errorf("read: %w", &url.Error{Op: "Get", URL: signedURL, Err: errors.New("x")}),
				"valuer", secretive{signedURL}, "struct", struct{ U string }{signedURL},
				"bytes", []byte(signedURL), "map", map[string]string{"u": signedURL},
				"token", canary, "nil", nil,
				slog.Group("inner", "url", signedURL, "password", canary),
				"cop_"+canary, 1, "name", "evil\nlevel=ERROR forged=\x1b[31m", "count", 7)
			log.With("url", signedURL).WithGroup("g\n").Info("x", "k", signedURL)
			got := out.String()
			if strings.Contains(got, canary) {
				t.Errorf("a secret is left in %s", got)
			}
			if lines := strings.Count(got, "\n"); lines != 2 {
				t.Errorf("%d lines for 2 records: %s", lines, got)
			}
			if strings.Contains(got, "\x1b") || !strings.Contains(got, "7") {
				t.Errorf("log is %s", got)
			}
		})
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("https://h/p?a=b&", "&c=d", 0)
	f.Add(`{"Authorization":["`, `"]}`, 3)
	f.Add("%3Fx%3D1%26", "%26", 5)
	forms := []string{
		"X-Amz-Signature=%s", "x-amz-security-token: %s", "Signature=%s", "Authorization: Basic %s",
		"Key-Pair-Id=%s", "cop_%s", "X-Amz-Credential%%3D%s",
	}
	f.Fuzz(func(t *testing.T, before, after string, form int) {
		form %= len(forms)
		if form < 0 {
			form += len(forms)
		}
		if strings.Contains(before+after, canary) {
			t.Skip("the canary came in by another way")
		}
		got := fault.Redact(before + fmt.Sprintf(forms[form], canary) + after)
		if strings.Contains(got, canary) {
			t.Errorf("a secret is left in %q", got)
		}
		for _, r := range fault.Quote(got) {
			if unicode.IsControl(r) {
				t.Errorf("control character %q", r)
			}
		}
	})
}
