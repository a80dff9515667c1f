package api

import (
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// unknownLife is for a URL that does not say when it expires. One that ends
	// earlier is renewed when the store refuses it.
	unknownLife = 5 * time.Minute
	// maxLife is the most that any signature lives; beyond it is nonsense.
	maxLife = 7 * 24 * time.Hour
	// renewAhead is how long before its end a URL is no longer handed out: a
	// request may wait that long for its turn. Of a short life it is a fifth.
	renewAhead = 30 * time.Second
)

// lifetime gives how long a signed URL can be used from now on, renewal ahead of
// the end taken off; 0 when it is over. Date is the Date header of the answer
// that brought the URL: the signer's clock, and not ours, decides.
func lifetime(u *url.URL, answer http.Header, now time.Time) time.Duration {
	if date, err := http.ParseTime(answer.Get("Date")); err == nil {
		now = date
	}
	start, life, ok := signature(u.Query())
	if !ok {
		return unknownLife
	}
	life = min(life, maxLife)
	left := max(0, min(start.Add(life).Sub(now), life)) // a signer ahead of its own Date gives no more
	return max(0, left-min(renewAhead, life/5))
}

// signature reads when a URL was signed and for how long, in the spelling of
// any of the stores. An unreadable one is not ok.
func signature(q url.Values) (start time.Time, life time.Duration, ok bool) {
	for _, vendor := range []string{"X-Amz-", "X-Goog-"} {
		if !q.Has(vendor + "Expires") {
			continue
		}
		start, err := time.Parse("20060102T150405Z", q.Get(vendor+"Date"))
		seconds, err2 := strconv.ParseUint(q.Get(vendor+"Expires"), 10, 31)
		return start, time.Duration(seconds) * time.Second, err == nil && err2 == nil
	}
	// Older signatures, and CloudFront's, give the end in unix seconds.
	if end, err := strconv.ParseUint(q.Get("Expires"), 10, 33); err == nil {
		return time.Unix(int64(end), 0).Add(-maxLife), maxLife, true
	}
	return time.Time{}, 0, false
}
