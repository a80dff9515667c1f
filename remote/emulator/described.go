package emulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// described is what asset.json says, where that may be less than what is kept.
type described struct {
	Asset
	SourceBucket *struct {
		Origin   string `json:"origin"`
		Bucket   string `json:"bucket"`
		Prefix   string `json:"prefix"`
		External *bool  `json:"external"` // nil: as the folder shows
	} `json:"source_bucket"`
	Contained []member `json:"contained_data_assets"`
}

// member is a Contained, of which the id alone will do, or the name of a folder.
type member Contained

// UnmarshalJSON takes a string for an object with that id.
func (m *member) UnmarshalJSON(raw []byte) error {
	if json.Unmarshal(raw, &m.ID) == nil {
		return nil
	}
	if err := decodeJSON(raw, (*Contained)(m)); err != nil {
		words := err.Error()
		if strings.HasPrefix(words, "line ") { // of the member, not of the file
			_, words, _ = strings.Cut(words, ": ")
		}
		return fmt.Errorf("contained_data_assets: %s", words)
	}
	return nil
}

// What a record on disk may say; newer words are put into Extra.
var (
	knownTypes  = []string{"dataset", "result", "combined", "model"}
	knownStates = []string{"draft", "ready", "failed"}
)

// asset is the asset that is described in a folder. What would be an asset whose
// files nobody finds is refused.
func (d *described) asset(folder string) (Asset, error) {
	a := d.Asset
	if a.Type == "" {
		a.Type = "dataset"
		if len(d.Contained) > 0 {
			a.Type = "combined"
		}
	}
	a.State = cmp.Or(a.State, "ready")
	switch {
	case !slices.Contains(knownTypes, a.Type):
		return a, fmt.Errorf("type %q is none of %s", a.Type, strings.Join(knownTypes, ", "))
	case !slices.Contains(knownStates, a.State):
		return a, fmt.Errorf("state %q is none of %s", a.State, strings.Join(knownStates, ", "))
	case len(d.Contained) > 0 && a.Type != "combined":
		return a, fmt.Errorf(`contained_data_assets are of the type "combined", and this says %q`, a.Type)
	}
	for _, m := range d.Contained {
		if m.ID == "" {
			return a, fmt.Errorf("contained_data_assets: a member has no id")
		}
		a.Contained = append(a.Contained, Contained(m))
	}
	from := d.SourceBucket
	if from == nil {
		return a, nil
	}
	a.SourceBucket = &SourceBucket{Origin: from.Origin, Bucket: from.Bucket, Prefix: from.Prefix}
	switch {
	case from.External != nil:
		a.SourceBucket.External = *from.External
	case from.Bucket != "":
		// An internal asset may have come from a bucket, too; then its files are here.
		_, err := os.Stat(filepath.Join(folder, "files"))
		a.SourceBucket.External = os.IsNotExist(err) && len(a.Generate) == 0
	}
	if from.Bucket == "" && (a.SourceBucket.External || from.Prefix != "") {
		return a, fmt.Errorf("source_bucket: bucket is missing: name a folder of buckets/")
	}
	if from.Origin == "" {
		a.SourceBucket.Origin = "local"
		if from.Bucket != "" {
			a.SourceBucket.Origin = "aws"
		}
	}
	return a, nil
}
