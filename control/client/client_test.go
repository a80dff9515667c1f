package client_test

import (
	"testing"

	"codeoceanfs/control/client"
	"codeoceanfs/control/request"
)

// What must not be carried out twice has one name, and what may be done again,
// after the opposite, has another each time.
func TestKey(t *testing.T) {
	for _, verb := range request.Verbs {
		once := verb == request.Create || verb == request.Transfer
		if a, b := client.Key(verb, []byte("{}")), client.Key(verb, []byte("{}")); (a == b) != once {
			t.Errorf("%s: %s and %s", verb, a, b)
		}
	}
}
