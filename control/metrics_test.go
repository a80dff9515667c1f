package control

import (
	"strings"
	"testing"
	"time"

	"codeoceanfs/remote"
)

// TestMetrics writes numbers and no names, and every kind of operation.
func TestMetrics(t *testing.T) {
	t.Parallel()
	m := NewMetrics()
	if text, err := m.Text(); err != nil || len(text) > 0 {
		t.Errorf("before the mount: %q %v", text, err)
	}
	m.Of(func() Status {
		return Status{
			Domain: "secret.example.org", PID: 4711, Started: time.Unix(1700000000, 0), Failures: 3, ReadOnly: true,
			Catalog: CatalogStatus{Assets: 42, ByType: map[string]int{"dataset": 40, "odd type/é\n": 2}, LastError: "lost"},
			Cache:   map[string]any{"bytes_read": int64(1) << 40},
			Hidden:  HiddenStatus{Count: 5, Examples: map[string][]remote.Hidden{"id": {{Path: "a-name", Reason: "why"}}}},
		}
	})
	m.Operation("read", 20*time.Millisecond)
	var none *Metrics
	none.Operation("read", 0)
	none.Of(nil)
	raw, err := m.Text()
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for _, want := range []string{
		"codeoceanfs_catalog_assets 42\n", "codeoceanfs_catalog_by_type{type=\"dataset\"} 40\n", `codeoceanfs_catalog_by_type{type="odd type/é\\n"} 2`,
		"codeoceanfs_failures 3\n", "codeoceanfs_hidden 5\n", "codeoceanfs_read_only 1\n", "codeoceanfs_started_seconds 1.7e+09\n",
		"codeoceanfs_cache_bytes_read 1.099511627776e+12\n",
		`codeoceanfs_operation_seconds_bucket{op="read",le="0.01"} 0`, `codeoceanfs_operation_seconds_bucket{op="read",le="0.03"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, no := range []string{"secret.example.org", "a-name", "lost", "4711", "why"} {
		if strings.Contains(text, no) {
			t.Errorf("%q in\n%s", no, text)
		}
	}
}
