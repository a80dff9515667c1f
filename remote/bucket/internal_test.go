package bucket

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"codeoceanfs/remote/fault"
)

func TestABodyIsBounded(t *testing.T) {
	body := func() io.ReadCloser { return io.NopCloser(strings.NewReader("0123456789")) }
	got, err := io.ReadAll(&bounded{body(), 4, false})
	if string(got) != "0123" || !errors.Is(err, fault.ErrMalformed) {
		t.Errorf("%q, %v", got, err)
	}
	got, err = io.ReadAll(&bounded{body(), 4, true})
	if string(got) != "0123" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	got, err = io.ReadAll(&bounded{body(), 11, false})
	if len(got) != 10 || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSignaturesGoToS3Only(t *testing.T) {
	for address, want := range map[string]bool{
		"https://lab.s3.us-east-1.amazonaws.com/key":            true,
		"https://s3.eu-west-3.amazonaws.com/a.b/key":            true,
		"https://lab.s3.cn-north-1.amazonaws.com.cn/key":        true,
		"https://lab.s3.us-gov-west-1.amazonaws.com/key":        true,
		"https://lab.s3.us-isob-east-1.sc2s.sgov.gov/key":       true,
		"http://lab.s3.us-east-1.amazonaws.com/key":             false,
		"https://lab.s3.us-east-1.amazonaws.com:444/key":        false,
		"https://lab.s3.us-east-1.amazonaws.com.evil.com/key":   false,
		"https://evil.com/.s3.us-east-1.amazonaws.com":          false,
		"https://s3.us-east-1.amazonaws.com@evil.com/":          false,
		"https://evils3.us-east-1.amazonaws.com/":               false,
		"https://ec2-1-2-3-4.compute-1.amazonaws.com/":          false,
		"https://abc.execute-api.us-east-1.amazonaws.com/":      false,
		"https://s3.x.y.amazonaws.com/":                         false,
		"https://storage.googleapis.com/lab/key":                false,
		"https://lab.s3.us-east-1.amazonaws.evil/key":           false,
		"https://169.254.169.254/latest/meta-data/":             false,
		"https://lab.s3.us-east-1.amazonaws.com\u3002evil/key":  false,
		"https://[::1]/s3.us-east-1.amazonaws.com":              false,
		"https://lab.s3.us-east-1.amazonaws.com%2eevil.com/key": false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			continue // never gets so far
		}
		if isAWS(u) != want {
			t.Errorf("%s: %v", address, !want)
		}
	}
}

func TestPrefixes(t *testing.T) {
	for in, want := range map[string][]string{
		"": {""}, "/": {"", "/"}, "a": {"a"}, "a/": {"a/"}, "a/b": {"a/b"}, "/a": {"a", "/a"}, "//a": {"a", "//a"},
		"a//b": {"a//b", "a/b"}, "a//": {"a//", "a/"}, "/a//b": {"a//b", "/a//b", "a/b"},
	} {
		if got := readings(in); !slices.Equal(got, want) {
			t.Errorf("readings(%q) are %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"": "", "a": "a", "a/": "a", "a/b": "b", "a/b/": "b", "a//": "", "/": "", "a/..": ".."} {
		if got := lastName(in); got != want {
			t.Errorf("lastName(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestETags(t *testing.T) {
	for _, same := range [][2]string{{`"a"`, `a`}, {`"a"`, `"a"`}, {`W/"a"`, `"a"`}} {
		if !sameETag(same[0], same[1]) {
			t.Errorf("%v differ", same)
		}
	}
	if sameETag(`"a"`, `"a-2"`) || sameETag(`"a"`, ``) {
		t.Error("different versions are the same")
	}
}

type sniffer struct{ asked bool }

func (s *sniffer) RoundTrip(*http.Request) (*http.Response, error) {
	s.asked = true
	return nil, errors.New("asked")
}

func TestTheGuardStopsARequestBeforeItLeaves(t *testing.T) {
	var net sniffer
	req := httptest.NewRequest(http.MethodGet, "https://evil.com/lab/key", nil)
	p := place{allowed: isAWS, via: &net}
	if _, err := p.client().Transport.RoundTrip(req); !errors.Is(err, fault.ErrRefused) || net.asked {
		t.Errorf("%v, asked: %v", err, net.asked)
	}
}
