package journal

import (
	"encoding/json"
	"time"

	"codeoceanfs/control/request"
)

// State is how far a request is.
type State string

// The states. Only Running changes, and Unknown when somebody looks again.
const (
	Running State = "running" // about to be sent, or sent
	Done    State = "done"
	Failed  State = "failed"  // not carried out; it may be sent again
	Unknown State = "unknown" // sent, and nobody knows what came of it
)

// ID is a request's name: of one verb and key there is one.
type ID struct {
	Verb request.Verb `json:"verb"`
	Key  string       `json:"key"`
}

// Asset is what a request was about, or made.
type Asset struct {
	ID    string `json:"id"`
	Path  string `json:"path,omitempty"` // in the mount
	State string `json:"state,omitempty"`
}

// Record is what is known of one request. It holds no secret.
type Record struct {
	ID
	State     State           `json:"status"`
	Sum       string          `json:"sum"`
	Request   json.RawMessage `json:"request"` // the body, as it may be shown
	Asset     *Asset          `json:"asset,omitempty"`
	Errno     string          `json:"errno,omitempty"`
	Error     string          `json:"error,omitempty"`
	Hint      string          `json:"hint,omitempty"`
	Submitted time.Time       `json:"submitted"`
	Finished  *time.Time      `json:"finished,omitempty"`
	// Owner is the process that runs it, see [Journal].
	Owner string `json:"owner,omitempty"`
}

// line is a Record as the journal has it; Forgotten ends one.
type line struct {
	Record
	Forgotten bool `json:"forgotten,omitempty"`
}

// replay puts the lines of a journal together: for each request, what the last
// line about it says. What is no line (the last one, when the machine stopped in
// the middle of it) is skipped.
func replay(raw []byte, into map[ID]Record) {
	for len(raw) > 0 {
		end := 0
		for end < len(raw) && raw[end] != '\n' {
			end++
		}
		var l line
		if json.Unmarshal(raw[:end], &l) == nil && l.Key != "" && l.Verb != "" {
			if l.Forgotten {
				delete(into, l.ID)
			} else {
				into[l.ID] = l.Record
			}
		}
		raw = raw[min(end+1, len(raw)):]
	}
}
