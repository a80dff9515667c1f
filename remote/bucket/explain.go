package bucket

import (
	"errors"
	"fmt"
	"time"
)

// The operations, as errors have them.
const (
	opFind = "find bucket"
	opList = "list folder"
	opStat = "stat file"
	opRead = "read range"
)

// explain says what somebody can do about an answer, or nil.
func (b *bucket) explain(op string, w way, r reply) error {
	switch {
	case r.code == "InvalidObjectState":
		return errors.New("it is in an archived storage class: restore it first")
	case r.code == "RequestTimeTooSkewed":
		return fmt.Errorf("the clock of this machine is off by %v", r.skew.Round(time.Minute))
	case r.misdirected():
		return fmt.Errorf("bucket %q is in another region: set its region in the configuration", b.name)
	case r.noBucket(w):
		return fmt.Errorf("there is no bucket %q: where the store is not AWS's own, set its endpoint in the configuration", b.name)
	case !r.refused():
		return nil
	}
	why := b.refusal(w, r)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case op == opList && b.read:
		return fmt.Errorf("bucket %q may be read, but not listed: %w", b.name, why)
	case op == opRead && b.listed, op == opStat && b.listed:
		return fmt.Errorf("bucket %q may be listed, but this not be read: %w", b.name, why)
	}
	return why
}

// refusal says whose credentials were refused, and what would be better ones.
func (b *bucket) refusal(w way, r reply) error {
	b.mu.Lock()
	why := b.why
	b.mu.Unlock()
	other := fmt.Sprintf("set AWS_PROFILE, or a profile for bucket %q in the configuration", b.name)
	whose := "the AWS credentials found"
	if b.rule.Profile != "" {
		whose = fmt.Sprintf("the credentials of profile %q", b.rule.Profile)
		other = "correct the profile, or name another one in the configuration"
	}
	switch {
	case w.signed && r.code == "InvalidToken":
		return fmt.Errorf("%s are wrong: the session token does not belong to the access key", whose)
	case w.signed && r.expired():
		return fmt.Errorf("%s have expired: sign in again, or renew them", whose)
	case w.signed && r.code == "InvalidAccessKeyId":
		return fmt.Errorf("%s are unknown to the store: %s", whose, other)
	case w.signed && r.code == "SignatureDoesNotMatch":
		return fmt.Errorf("%s are wrong: the secret key does not belong to the access key", whose)
	case w.signed:
		return fmt.Errorf("%s may not read it: %s", whose, other)
	case b.rule.Anonymous:
		return fmt.Errorf("bucket %q does not allow it without credentials, and the configuration forbids to use any", b.name)
	case errors.Is(cause(why), errNoCredentials):
		return fmt.Errorf("no credentials for bucket %q were found: set AWS_PROFILE, or a profile for it in the configuration", b.name)
	}
	return cause(why)
}

// did notes what the bucket has allowed, which says more about what it refuses.
func (b *bucket) did(op string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch op {
	case opList:
		b.listed = true
	case opStat, opRead:
		b.read = true
	}
}
