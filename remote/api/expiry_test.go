package api

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

func TestLifetime(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	server := http.Header{"Date": {now.Format(http.TimeFormat)}}
	ours := now.Add(26 * time.Hour) // our clock is off
	for query, want := range map[string]time.Duration{
		"X-Amz-Date=20260102T030405Z&X-Amz-Expires=3600":        3570 * time.Second,
		"X-Amz-Date=20260102T020405Z&X-Amz-Expires=7200":        3570 * time.Second,
		"X-Amz-Date=20260102T030405Z&X-Amz-Expires=10":          8 * time.Second, // a fifth ahead
		"X-Amz-Date=20260102T030405Z&X-Amz-Expires=0":           0,
		"X-Amz-Date=20260102T010405Z&X-Amz-Expires=3600":        0,                  // over
		"X-Amz-Date=20260102T040405Z&X-Amz-Expires=3600":        3570 * time.Second, // signed ahead
		"X-Amz-Date=20260102T030405Z&X-Amz-Expires=99999999999": unknownLife,
		"X-Amz-Date=20260102T030405Z&X-Amz-Expires=-5":          unknownLife,
		"X-Amz-Date=today&X-Amz-Expires=3600":                   unknownLife,
		"X-Amz-Expires=3600":                                    unknownLife,
		"X-Goog-Date=20260102T030405Z&X-Goog-Expires=3600":      3570 * time.Second,
		"Expires=1767326645&Signature=x":                        3570 * time.Second, // now + 1 h
		"Expires=1&Signature=x":                                 0,
		"":                                                      unknownLife,
	} {
		if got := lifetime(&url.URL{RawQuery: query}, server, ours); got != want {
			t.Errorf("%s lives %v, want %v", query, got, want)
		}
	}
	u := &url.URL{RawQuery: "X-Amz-Date=20260102T030405Z&X-Amz-Expires=3600"}
	if got := lifetime(u, http.Header{}, now); got != 3570*time.Second {
		t.Errorf("without a Date it lives %v", got)
	}
}

func FuzzLifetime(f *testing.F) {
	f.Add("X-Amz-Date=20260102T030405Z&X-Amz-Expires=3600", "Fri, 02 Jan 2026 03:04:05 GMT")
	f.Add("Expires=99999999999", "")
	f.Add("X-Goog-Date=00010101T000000Z&X-Goog-Expires=2147483647", "x")
	f.Fuzz(func(t *testing.T, query, date string) {
		life := lifetime(&url.URL{RawQuery: query}, http.Header{"Date": {date}}, time.Now())
		if life < 0 || life > maxLife {
			t.Errorf("%q lives %v", query, life)
		}
	})
}
