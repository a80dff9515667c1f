package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Type is a kind of data asset, in the platform's own word. Others than these
// may come with a newer platform.
type Type string

// The types known today.
const (
	Dataset  Type = "dataset"
	Result   Type = "result"
	Combined Type = "combined"
	Model    Type = "model"
)

// State is where an asset is in its life. Others than these may come with a
// newer platform.
type State string

// The states known today. A draft is still being made; only a ready asset has
// files.
const (
	Draft  State = "draft"
	Ready  State = "ready"
	Failed State = "failed"
)

// Asset is the record of one data asset. It is decoded leniently: a field that
// the platform left out, or sent as something else, has its zero value. Assets
// are shared and not changed once they are returned.
type Asset struct {
	ID          string // a UUID, but any string is possible
	Name        string // for people: not unique, not a file name, may be empty
	Mount       string // the folder name suggested for it
	Description string
	Type        Type
	State       State

	Created         time.Time // zero when not known, as the following
	LastUsed        time.Time
	LastTransferred time.Time // changes when its files move to another bucket

	Files int64 // number of files, -1 when not known
	Size  int64 // in bytes, -1 when not known

	Tags       []string
	Owner      string
	OwnerEmail string

	Source         SourceBucket
	Provenance     *Provenance // of a result; nil without
	Contained      []Contained // of a combined asset
	CustomMetadata json.RawMessage
	FailureReason  string // of a failed asset
	TransferError  string // of the last transfer

	// Raw is the record as the platform sent it, unknown fields included.
	Raw json.RawMessage
}

// SourceBucket is where an asset's files came from, and, when External, are.
type SourceBucket struct {
	Origin   string // "aws", "gcp", "local"
	Bucket   string
	Prefix   string // with or without a trailing slash
	External bool
}

// Provenance says how a result was made.
type Provenance struct {
	Commit      string
	RunScript   string
	DockerImage string
	Capsule     string
	Computation string
	DataAssets  []string
}

// Contained is one asset inside a combined one, which shows it as a folder
// named Mount.
type Contained struct {
	ID    string
	Mount string
	Size  int64 // in bytes, -1 when not known
}

// External reports whether the asset's files are in a bucket of somebody's, and
// not served by the platform. Only the record's own flag says so: internal
// assets carry a source bucket as well.
func (a *Asset) External() bool { return a.Source.External }

// record is an Asset as it comes.
type record struct {
	ID              text         `json:"id"`
	Name            text         `json:"name"`
	Mount           text         `json:"mount"`
	Description     text         `json:"description"`
	Type            text         `json:"type"`
	State           text         `json:"state"`
	Created         stamp        `json:"created"`
	LastUsed        stamp        `json:"last_used"`
	LastTransferred stamp        `json:"last_transferred"`
	Files           *number      `json:"files"`
	Size            *number      `json:"size"`
	Tags            list[text]   `json:"tags"`
	Owner           text         `json:"owner"`
	OwnerEmail      text         `json:"owner_email"`
	Source          sourceRecord `json:"source_bucket"`
	Provenance      *provenance  `json:"provenance"`

	Contained      list[containedRecord] `json:"contained_data_assets"`
	CustomMetadata json.RawMessage       `json:"custom_metadata"`
	FailureReason  text                  `json:"failure_reason"`
	TransferError  text                  `json:"transfer_error"`
}

type sourceRecord struct {
	Origin   text `json:"origin"`
	Bucket   text `json:"bucket"`
	Prefix   text `json:"prefix"`
	External flag `json:"external"`
}

// provenance has its keys in two spellings: encoding/json ignores case, so that
// each pair covers the rest.
type provenance struct {
	Commit       text       `json:"commit"`
	RunScript    text       `json:"run_script"`
	RunScript2   text       `json:"RunScript"`
	DockerImage  text       `json:"docker_image"`
	DockerImage2 text       `json:"DockerImage"`
	Capsule      text       `json:"capsule"`
	Computation  text       `json:"computation"`
	DataAssets   list[text] `json:"data_assets"`
	DataAssets2  list[text] `json:"DataAssets"`
}

type containedRecord struct {
	ID    text    `json:"id"`
	Mount text    `json:"mount"`
	Size  *number `json:"size"`
}

// DecodeAsset reads one record, as the platform sends it and as Raw keeps it.
// It keeps a copy of raw. Only what is no JSON object, or has no id, is an error.
func DecodeAsset(raw []byte) (*Asset, error) {
	a := new(Asset)
	if err := a.UnmarshalJSON(bytes.TrimSpace(raw)); err != nil {
		return nil, err
	}
	return a, nil
}

// UnmarshalJSON implements json.Unmarshaler, by the rules of DecodeAsset.
func (a *Asset) UnmarshalJSON(raw []byte) error {
	if len(raw) == 0 || raw[0] != '{' {
		return fmt.Errorf("%w: record is not an object", errShape)
	}
	var r record
	if err := decodeInto(raw, &r); err != nil {
		return err
	}
	if r.ID == "" {
		return fmt.Errorf("%w: record without an id", errShape)
	}
	*a = Asset{
		ID: string(r.ID), Name: string(r.Name), Mount: string(r.Mount), Description: string(r.Description),
		Type: Type(r.Type), State: State(r.State),
		Created: r.Created.Time, LastUsed: r.LastUsed.Time, LastTransferred: r.LastTransferred.Time,
		Files: r.Files.orUnknown(), Size: r.Size.orUnknown(),
		Tags: texts(r.Tags), Owner: string(r.Owner), OwnerEmail: string(r.OwnerEmail),
		Source: SourceBucket{
			Origin: string(r.Source.Origin), Bucket: string(r.Source.Bucket),
			Prefix: string(r.Source.Prefix), External: bool(r.Source.External),
		},
		Provenance:     r.Provenance.decoded(),
		CustomMetadata: r.CustomMetadata,
		FailureReason:  string(r.FailureReason), TransferError: string(r.TransferError),
		Raw: append(json.RawMessage(nil), raw...),
	}
	for _, c := range r.Contained {
		a.Contained = append(a.Contained, Contained{ID: string(c.ID), Mount: string(c.Mount), Size: c.Size.orUnknown()})
	}
	return nil
}

// MarshalJSON implements json.Marshaler: it gives Raw back.
func (a *Asset) MarshalJSON() ([]byte, error) {
	if len(a.Raw) == 0 {
		return nil, errors.New("asset without a record")
	}
	return a.Raw, nil
}

func (n *number) orUnknown() int64 {
	if n == nil {
		return -1
	}
	return int64(*n)
}

func (p *provenance) decoded() *Provenance {
	if p == nil {
		return nil
	}
	either := func(a, b text) string {
		if a != "" {
			return string(a)
		}
		return string(b)
	}
	d := &Provenance{
		Commit: string(p.Commit), RunScript: either(p.RunScript, p.RunScript2),
		DockerImage: either(p.DockerImage, p.DockerImage2),
		Capsule:     string(p.Capsule), Computation: string(p.Computation),
		DataAssets: texts(p.DataAssets),
	}
	if d.DataAssets == nil {
		d.DataAssets = texts(p.DataAssets2)
	}
	return d
}
