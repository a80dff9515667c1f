// Package control is what a mount tells about itself: the texts of its control
// directory. It knows the platform's side of the mount and nothing of FUSE.
package control

import (
	"encoding/json"
	"fmt"
	"time"

	"codeoceanfs/control/request"
	"codeoceanfs/remote"
)

// readme is the text that the control directory opens with.
const readme = `This directory tells about this mount. It is readable by its owner only.

README        this text
status.json   whether the token is accepted, how many assets are known, when
              they were last asked for, what is cached, and what cannot be
              shown, with the reason
errors.jsonl  the last failures, one a line, the latest last: when, the
              operation, the asset's id (.by-id/ID shows which it is), the path,
              the errno, and why; also of assets that show .meta.json alone

Nothing here holds a token, a signed URL or a secret.

Beside the types of assets, the root of the mount answers to

.by-id/ID            an asset by its id: a path that stays when it is renamed
.archived/TYPE/NAME  assets that were archived
.search/QUERY/       links to what a search finds, as: ls .search/tag:ecephys
                     (%2F for a slash; .archived/.search looks in the archive)

and each asset holds its record in .meta.json. The data is read-only.
`

// README explains the control directory. Changes tells whether the mount makes
// any.
func README(changes bool) []byte {
	if !changes {
		return []byte(readme)
	}
	return []byte(readme + "\n" + changing + "\n" + request.Manual())
}

// changing is what the README says about requests, before the manual.
const changing = `To change assets, write one JSON object into VERB/KEY.json, where KEY is any
name of yours. The write that completes the object carries it out, and fails if
it fails: the command that writes has the exit status. VERB/KEY.result.json says
what became of it, and errors.jsonl why something failed.

A key is used once. To write the same again after success does nothing, and
succeeds; another request needs another key. After a failure the key is free.
rm VERB/KEY.json forgets a request; it changes no asset.

wait/KEY      to read it waits until the asset that create/KEY.json makes is
              ready, and gives its record; it fails if the asset does
refresh       to write anything into it looks for changes on the platform now

An asset is named by its id, or by its path in the mount. What has a * is
required.
`

// Status is the state of a mount, as status.json has it.
type Status struct {
	Version  string    `json:"version"`
	Domain   string    `json:"domain"`
	PID      int       `json:"pid"`
	Started  time.Time `json:"started"`
	ReadOnly bool      `json:"read_only"`

	Token    any            `json:"token"` // whether the platform accepts it
	Catalog  CatalogStatus  `json:"catalog"`
	Listings ListingsStatus `json:"listings"`
	Cache    any            `json:"cache"`
	Requests any            `json:"requests"`
	Process  ProcessStatus  `json:"process"`
	Failures int64          `json:"failures"` // of operations, since the start

	Unreachable any `json:"unreachable,omitempty"` // hosts that do not answer, since when and why

	Operations int `json:"operations"` // of the kernel that are under way, the one that reads this included

	Hidden HiddenStatus `json:"hidden"`
}

// CatalogStatus tells how much of the deployment is known.
type CatalogStatus struct {
	Complete    bool           `json:"complete"` // every asset was seen at least once
	Assets      int            `json:"assets"`
	ByType      map[string]int `json:"by_type"`
	LastRefresh *time.Time     `json:"last_refresh"`
	LastError   string         `json:"last_error,omitempty"`
}

// ProcessStatus tells what the program itself takes: what grows here without
// end is a mistake of ours.
type ProcessStatus struct {
	Goroutines int   `json:"goroutines"`
	HeapBytes  int64 `json:"heap_bytes"` // in use, without blocks of files
}

// ListingsStatus tells what is kept of the assets' directories.
type ListingsStatus struct {
	Folders int   `json:"folders"`
	Bytes   int64 `json:"bytes"`
}

// HiddenStatus tells what no directory can show: how much, and some of it.
type HiddenStatus struct {
	Count    int64                      `json:"count"`
	Examples map[string][]remote.Hidden `json:"examples,omitempty"` // by asset id; "" is of no asset
}

// JSON is the status as its file has it.
func (s Status) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the status: %w", err)
	}
	return append(visible(b), '\n'), nil
}
