package fs

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"codeoceanfs/remote/fault"
)

// TestAccessNotes notes answers about one asset in a row, and looks what holds
// after each.
func TestAccessNotes(t *testing.T) {
	forbidden := &fault.Error{Op: "list files", Kind: fault.ErrRefused, Status: 403}
	revoked := &fault.Error{Op: "list files", Kind: fault.ErrToken, Status: 401}
	var a access
	for i, step := range []struct {
		err     error
		refused bool
	}{
		{nil, false},
		{revoked, false}, // says nothing of this asset
		{errors.New("cut"), false},
		{forbidden, true},
		{revoked, true},
		{errors.New("cut"), true},
		{nil, false},
	} {
		if got := a.note("id", 0, step.err, time.Minute); (got != nil) != step.refused || got != nil && !errors.Is(got, fault.ErrRefused) {
			t.Errorf("step %d: %v", i, got)
		}
		if v := a.verdicts["id"]; !v.until.After(time.Now()) {
			t.Errorf("step %d: asked again at once", i)
		}
	}
	if got := a.note("id", 2, forbidden, time.Minute); got == nil {
		t.Error("the token after it is not refused")
	}
	if got := a.note("id", 1, nil, time.Minute); got == nil || a.verdicts["id"].refused == nil {
		t.Error("a late answer to one token holds for the next")
	}
	a.note("id", 2, nil, time.Minute)
	a.doubt("id", fmt.Errorf("read: %w", revoked))
	if a.verdicts["id"].until.IsZero() {
		t.Error("a refused token casts doubt on an asset")
	}
	a.doubt("id", fmt.Errorf("read: %w", forbidden))
	if !a.verdicts["id"].until.IsZero() {
		t.Error("a refused read casts no doubt")
	}
	a.doubt("other", forbidden)
	if len(a.verdicts) != 1 {
		t.Error("an asset of which nothing is known is in doubt")
	}
}
