package api

import "encoding/json"

// The bodies that are sent. Decoding is lenient, sending is strict: these are
// the API's own field names, and nothing is sent that was not set.

// Query selects and orders assets. Its zero value finds everything that the
// token may see, perhaps without the archived ones: the platform does not say.
type Query struct {
	Query     string   `json:"query,omitempty"` // free text, or name: tag: and so on
	Type      Type     `json:"type,omitempty"`
	Ownership string   `json:"ownership,omitempty"`  // "created", "shared", "private"
	Origin    string   `json:"origin,omitempty"`     // "internal", "external"
	Favorite  bool     `json:"favorite,omitempty"`   // only favourites
	Archived  bool     `json:"archived,omitempty"`   // only archived ones
	SortField string   `json:"sort_field,omitempty"` // "created", "type", "name", "size"
	SortOrder string   `json:"sort_order,omitempty"` // "asc", "desc"
	Filters   []Filter `json:"filters,omitempty"`
	Limit     int      `json:"limit,omitempty"` // assets per page; 0 means 1000, the most there is
	Offset    int      `json:"offset,omitempty"`

	// Unusable is told of every result of SearchAll that is no asset, because
	// it has no id: the name it has, and all of it. One may be told of more
	// than once. It may be nil.
	Unusable func(name string, record []byte) `json:"-"`
}

// Filter restricts a search by one field: by Value, Values or Range.
type Filter struct {
	Key     string `json:"key"` // name, description, tags, or a custom field's
	Value   any    `json:"value,omitempty"`
	Values  []any  `json:"values,omitempty"`
	Range   *Range `json:"range,omitempty"`
	Exclude bool   `json:"exclude,omitempty"`
}

// Range is an interval; a nil end is open.
type Range struct {
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
}

// CreateRequest makes an asset. Name, Tags and Mount are required, and either a
// Source or, for a combined asset, DataAssetIDs. It may hold a secret
// (Source.GCP): it is not to be logged.
type CreateRequest struct {
	Name           string         `json:"name"`
	Tags           []string       `json:"tags"`
	Mount          string         `json:"mount"`
	Description    string         `json:"description,omitempty"`
	CustomMetadata map[string]any `json:"custom_metadata,omitempty"`
	Source         *Source        `json:"source,omitempty"`
	Target         *Target        `json:"target,omitempty"`
	DataAssetIDs   []string       `json:"data_asset_ids,omitempty"`
	ResultsInfo    *ResultsInfo   `json:"results_info,omitempty"`
}

// Source is where a new asset's files come from: one of its fields.
type Source struct {
	AWS              *AWSSource         `json:"aws,omitempty"`
	GCP              *GCPSource         `json:"gcp,omitempty"`
	Computation      *ComputationSource `json:"computation,omitempty"`
	CloudWorkstation *WorkstationSource `json:"cloud_workstation,omitempty"`
}

// AWSSource is a folder of an S3 bucket.
type AWSSource struct {
	Bucket                string `json:"bucket"`
	Prefix                string `json:"prefix"`
	KeepOnExternalStorage bool   `json:"keep_on_external_storage"` // true: an external asset
	Public                bool   `json:"public"`                   // true: read without credentials
	UseInputBucket        bool   `json:"use_input_bucket,omitempty"`
	EndpointName          string `json:"endpoint_name,omitempty"`
}

// GCPSource is a folder of a Google Cloud bucket.
type GCPSource struct {
	Bucket       string `json:"bucket"`
	Prefix       string `json:"prefix"`
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
}

// ComputationSource is the results of a computation, or one path of them.
type ComputationSource struct {
	ID   string `json:"id"`
	Path string `json:"path,omitempty"`
}

// WorkstationSource is a folder of a cloud workstation.
type WorkstationSource struct {
	ID        string `json:"id"`
	Path      string `json:"path,omitempty"`
	RunScript string `json:"run_script,omitempty"`
}

// Target is where an asset's files are put instead of the platform's storage.
type Target struct {
	AWS *AWSTarget `json:"aws,omitempty"`
}

// AWSTarget is a folder of an S3 bucket.
type AWSTarget struct {
	Bucket       string `json:"bucket"`
	Prefix       string `json:"prefix"`
	EndpointName string `json:"endpoint_name,omitempty"`
}

// ResultsInfo is the provenance of results that were made elsewhere.
type ResultsInfo struct {
	CapsuleID       string      `json:"capsule_id,omitempty"`
	PipelineID      string      `json:"pipeline_id,omitempty"`
	Version         any         `json:"version,omitempty"` // a number or a string
	Commit          string      `json:"commit,omitempty"`
	RunScript       string      `json:"run_script,omitempty"`
	DataAssets      []string    `json:"data_assets,omitempty"`
	Parameters      []Parameter `json:"parameters,omitempty"`
	NextflowProfile string      `json:"nextflow_profile,omitempty"`
	Processes       []Process   `json:"processes,omitempty"`
}

// Parameter is one parameter of a run.
type Parameter struct {
	Name      string `json:"name,omitempty"`
	ParamName string `json:"param_name,omitempty"`
	Value     string `json:"value"`
}

// Process is one process of a pipeline.
type Process struct {
	Name       string      `json:"name"`
	CapsuleID  string      `json:"capsule_id,omitempty"`
	Version    any         `json:"version,omitempty"`
	Public     bool        `json:"public,omitempty"`
	Parameters []Parameter `json:"parameters,omitempty"`
}

// UpdateRequest changes a record: nil fields keep what is there. A null in
// CustomMetadata removes that key.
type UpdateRequest struct {
	Name           *string                    `json:"name,omitempty"`
	Description    *string                    `json:"description,omitempty"`
	Tags           *[]string                  `json:"tags,omitempty"`
	Mount          *string                    `json:"mount,omitempty"`
	CustomMetadata map[string]json.RawMessage `json:"custom_metadata,omitempty"`
}

// Permissions says who may do what with an asset.
type Permissions struct {
	Users       []UserPermission  `json:"users"`
	Groups      []GroupPermission `json:"groups"`
	Everyone    string            `json:"everyone"` // "viewer", "discoverable", "none"
	ShareAssets *bool             `json:"share_assets,omitempty"`
}

// UserPermission is one user's role: "owner", "editor" or "viewer".
type UserPermission struct {
	Email string `json:"email"`
	Role  string `json:"role"`
}

// GroupPermission is one group's role: a user's, or "discoverable".
type GroupPermission struct {
	Group string `json:"group"`
	Role  string `json:"role"`
}

// TransferRequest moves an asset's files to another bucket. Force does so even
// when released pipelines use them.
type TransferRequest struct {
	Target Target `json:"target"`
	Force  bool   `json:"force,omitempty"`
}
