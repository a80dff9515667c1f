package remote

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// A folder of a million files, the chunks of one Zarr array, must fit: an entry
// of a listing takes less than 250 bytes, and what the memory limit counts for
// it is near the truth.
func TestListingMemory(t *testing.T) {
	const n = 200_000
	for kind, entry := range map[string]func(i int) Entry{
		"internal": func(i int) Entry { return Entry{Raw: fmt.Sprintf("%d.%d.0", i/1000, i%1000), Size: 77} },
		"external": func(i int) Entry {
			return Entry{
				Raw: fmt.Sprintf("%d.%d.0", i/1000, i%1000), Size: 77, ETag: fmt.Sprintf(`"%032x"`, i), Modified: time.Unix(1700000000, 0),
			}
		},
	} {
		before := heap()
		l := newListing("v.zarr/0/", chunks(n, entry))
		each, counted := float64(heap()-before)/n, float64(l.Cost())/n
		t.Logf("%s: %.0f bytes an entry, counted as %.0f", kind, each, counted)
		if each > 250 || counted < each/2 || counted > each*2 {
			t.Errorf("%s: %.0f bytes an entry, counted as %.0f", kind, each, counted)
		}
		runtime.KeepAlive(l)
	}
}

func chunks(n int, entry func(i int) Entry) []Entry {
	entries := make([]Entry, n)
	for i := range entries {
		entries[i] = entry(i)
	}
	return entries
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
