package api

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"codeoceanfs/remote/fault"
)

// A token that the platform refuses is not sent for every call; another one is,
// at once.
func TestRefusedTokenIsNotSentAgain(t *testing.T) {
	p := newPlatform(t)
	p.handle("GET /data_assets/id", reply(rec("id")))
	var token atomic.Value
	token.Store("cop_revoked")
	c := p.client(func(cfg *Config) {
		cfg.Token = func(context.Context) (string, error) { return token.Load().(string), nil }
	})
	for range 50 {
		var e *fault.Error
		_, err := c.Get(background(t), "id")
		if !errors.Is(err, fault.ErrToken) || !errors.Is(err, fault.ErrRefused) || !errors.As(err, &e) || e.Status != http.StatusUnauthorized {
			t.Fatalf("error is %v", err)
		}
	}
	if n := p.requests.Load(); n > 2 {
		t.Errorf("%d requests for 50 calls", n)
	}
	if st := c.TokenStatus(); st.Accepted || st.Since == nil {
		t.Errorf("status %+v", st)
	}
	token.Store(canary)
	if _, err := c.Get(background(t), "id"); err != nil {
		t.Error(err)
	}
	if st := c.TokenStatus(); !st.Accepted || c.TokenChanges() != 1 {
		t.Errorf("status %+v after %d changes", st, c.TokenChanges())
	}
}

// A token that comes with an error is the last good one, and is used.
func TestLastTokenStaysInUse(t *testing.T) {
	p := newPlatform(t)
	p.handle("GET /data_assets/id", reply(rec("id")))
	c := p.client(func(cfg *Config) {
		cfg.Token = func(context.Context) (string, error) { return canary, errors.New("token file x is away") }
	})
	if _, err := c.Get(background(t), "id"); err != nil {
		t.Error(err)
	}
	if st := c.TokenStatus(); !st.Accepted || st.File != "token file x is away" {
		t.Errorf("status %+v", st)
	}
}
