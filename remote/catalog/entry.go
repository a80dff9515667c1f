package catalog

import (
	"fmt"

	"codeoceanfs/remote/api"
)

// Entry is one asset and its place in the tree. It does not change: ask again
// for what is known later.
//
// Its Asset lacks what is long and seldom asked for: Raw, Description,
// Provenance and CustomMetadata are empty. [Entry.Record] has them.
type Entry struct {
	*api.Asset
	Dir      string // the directory name
	Archived bool
	raw      packed
	sum      uint64
}

// Record decodes the whole record, Raw included.
func (e Entry) Record() (*api.Asset, error) {
	raw, err := e.raw.unpack()
	if err != nil {
		return nil, fmt.Errorf("unpack the record of asset %s: %w", e.ID, err)
	}
	return api.DecodeAsset(raw)
}
