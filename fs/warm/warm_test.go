package warm

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRecordsAreNotCounted takes out what is no file of an asset of all that is
// counted, what is done included.
func TestRecordsAreNotCounted(t *testing.T) {
	record := filepath.Join(t.TempDir(), "record")
	if err := os.WriteFile(record, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	var w warmer
	w.files.Add(1)
	w.bytes.Add(1000)
	w.one(t.Context(), record)
	if s := w.state(); s.Files != 0 || s.Bytes != 0 || s.Done != 0 {
		t.Errorf("after a record: %+v", s)
	}
}
