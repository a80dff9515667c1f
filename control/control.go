// Package control is what a mount tells about itself: the texts of its control
// directory. It knows the platform's side of the mount and nothing of FUSE.
package control

import (
	"encoding/json"
	"fmt"
	"time"

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

// README explains the control directory.
func README() []byte { return []byte(readme) }

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
	Failures int64          `json:"failures"` // of operations, since the start
	Hidden   HiddenStatus   `json:"hidden"`
}

// CatalogStatus tells how much of the deployment is known.
type CatalogStatus struct {
	Complete    bool           `json:"complete"` // every asset was seen at least once
	Assets      int            `json:"assets"`
	ByType      map[string]int `json:"by_type"`
	LastRefresh *time.Time     `json:"last_refresh"`
	LastError   string         `json:"last_error,omitempty"`
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
