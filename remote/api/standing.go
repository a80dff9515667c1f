package api

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"codeoceanfs/remote/fault"
)

// refusedFor is how long a token that the platform has refused is not sent
// again: a program that walks a hundred thousand files with a token that was
// revoked asks the platform once in that time, and not for each. Another token
// is tried at once.
const refusedFor = 2 * time.Second

// standing is how the platform takes the token. Its zero value is ready.
type standing struct {
	mu      sync.Mutex // guards what follows
	token   string     // the one in use
	changes int64      // how often it was another one
	good    bool       // a token was accepted once
	refused TokenStatus
	until   time.Time // refused is not asked again before
	problem error     // with the token's file
}

// TokenStatus tells whether the platform accepts the token.
type TokenStatus struct {
	Accepted bool       `json:"accepted"`
	Since    *time.Time `json:"since,omitempty"`   // it is not accepted
	Message  string     `json:"message,omitempty"` // the platform's words
	File     string     `json:"file,omitempty"`    // why the token's file is not used as it is now
}

// TokenStatus is how the last call found the token.
func (c *Client) TokenStatus() TokenStatus {
	s := &c.standing
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.refused
	st.Accepted = st.Since == nil
	if s.problem != nil {
		st.File = fault.Redact(s.problem.Error())
	}
	return st
}

// TokenChanges counts how often the token was replaced by another, which may be
// another user's.
func (c *Client) TokenChanges() int64 {
	c.standing.mu.Lock()
	defer c.standing.mu.Unlock()
	return c.standing.changes
}

// present is the token to send now. A file that is not as it should be is told
// once, and so is that it is right again; meanwhile the last token is used.
func (c *Client) present(ctx context.Context) (string, error) {
	token, err := c.token(ctx)
	if token == "" {
		if err == nil {
			err = errors.New("no token")
		}
		return "", err
	}
	s := &c.standing
	s.mu.Lock()
	before, replaced := s.problem, s.token != "" && s.token != token
	s.problem, s.token = err, token
	if replaced {
		s.changes++
		s.until = time.Time{} // that was another one
	}
	s.mu.Unlock()
	if replaced {
		c.log.Info("the token was replaced")
	}
	switch {
	case err != nil && (before == nil || before.Error() != err.Error()):
		c.log.Warn("the token is not read again, the one before stays in use", "error", err)
	case err == nil && before != nil:
		c.log.Info("the token's file is as it should be again")
	}
	return token, nil
}

// refusedToken reports whether the platform has refused the token just now, and
// with which words.
func (c *Client) refusedToken(token string) (message string, refused bool) {
	s := &c.standing
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused.Message, s.refused.Since != nil && s.token == token && time.Now().Before(s.until)
}

// answered notes what a call with the token came to, and logs when that turns.
func (c *Client) answered(token string, err error) {
	var e *fault.Error
	if err != nil && (!errors.As(err, &e) || e.Status == 0) {
		return // no answer, or none of the platform's
	}
	if !isUnauthorized(err) {
		if c.standing.accept(token) {
			c.log.Info("the platform accepts the token again")
		}
		return
	}
	if c.standing.refuse(token, e.Message) {
		c.log.Error("the platform refuses the token: what is not in the cache cannot be read before there is another",
			"host", c.Host(), "message", e.Message)
	}
}

// accept notes a good answer, and reports whether the one before was a refusal.
func (s *standing) accept(token string) (turned bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != token {
		return false // of a call with the token before
	}
	turned = s.refused.Since != nil
	s.good, s.refused, s.until = true, TokenStatus{}, time.Time{}
	return turned
}

// refuse notes a refusal, and reports whether the answers before were good. If
// there were none, nothing is mounted, and whoever wants to mount is told.
func (s *standing) refuse(token, message string) (turned bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != token {
		return false
	}
	now := time.Now()
	s.refused.Message, s.until = message, now.Add(refusedFor)
	if s.refused.Since != nil {
		return false
	}
	s.refused.Since = &now
	return s.good
}

func isUnauthorized(err error) bool {
	var e *fault.Error
	return errors.As(err, &e) && e.Status == http.StatusUnauthorized
}

// unauthorized makes the error of a call that is not sent, because the one
// before it was refused.
func (k *call) unauthorized(host, message string) *fault.Error {
	return &fault.Error{
		Op: k.op, Asset: k.asset, Path: k.file, Host: host,
		Status: http.StatusUnauthorized, Kind: fault.ErrToken, Message: message,
	}
}
