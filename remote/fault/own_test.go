package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"codeoceanfs/remote/fault"
)

func TestOwn(t *testing.T) {
	shared := &fault.Error{Op: "get url", Kind: fault.ErrNotExist, Attempts: 1}
	for name, err := range map[string]error{
		"itself":  shared,
		"wrapped": fmt.Errorf("wrapped: %w", shared),
	} {
		own := fault.Own(err)
		var e *fault.Error
		if !errors.As(own, &e) {
			t.Fatalf("%s: no Error", name)
		}
		e.Attempts, e.Asset = 7, "mine"
		if shared.Attempts != 1 || shared.Asset != "" {
			t.Errorf("%s: the shared one was changed: %+v", name, shared)
		}
		var again *fault.Error
		if errors.As(own, &again); again.Attempts != 7 {
			t.Errorf("%s: what was added is lost: %+v", name, again)
		}
		if !errors.Is(own, fault.ErrNotExist) || fault.KindOf(own) != fault.ErrNotExist {
			t.Errorf("%s: the kind is lost", name)
		}
	}
	if plain := errors.New("plain"); fault.Own(plain) != plain || fault.Own(nil) != nil {
		t.Error("other errors are not left as they are")
	}
}
