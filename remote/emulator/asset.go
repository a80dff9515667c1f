package emulator

// Asset is a data asset: what asset.json holds.
type Asset struct {
	Record

	// Archived assets are only found by a search for archived ones.
	Archived bool `json:"archived,omitempty"`
	// Favorite assets are found by a search for favorites, whoever asks.
	Favorite bool `json:"favorite,omitempty"`
	// RefuseFiles refuses the files to everybody, the owner included, who may
	// see the record all the same.
	RefuseFiles bool `json:"refuse_files,omitempty"`
	// ReadyAfter is in how many seconds after start (or [Server.Add]) a draft
	// becomes ready; 0 means that it stays a draft.
	ReadyAfter float64 `json:"ready_after,omitempty"`
	// ReadyAt is ReadyAfter as a time, in unix seconds; it counts before it.
	ReadyAt float64 `json:"ready_at,omitempty"`
	// Copying is true while the files of a created asset are not all there;
	// From is what it is created from.
	Copying bool    `json:"copying,omitempty"`
	From    *Origin `json:"from,omitempty"`
	// InReleasePipeline makes transfer ask for force.
	InReleasePipeline bool `json:"in_release_pipeline,omitempty"`
	// Permissions are what the permissions call shows; nil means the owner's
	// alone.
	Permissions *Permissions `json:"permissions,omitempty"`
	// Generate adds files that are not stored.
	Generate []Generated `json:"generate,omitempty"`
	// Extra are further fields of the record, which may also replace known ones.
	// A json.RawMessage is sent as it is written.
	Extra map[string]any `json:"extra,omitempty"`
}

// Record is what the API shows of an asset. Times are unix seconds.
type Record struct {
	ID              string         `json:"id"`
	Created         float64        `json:"created"`
	Name            string         `json:"name"`
	Mount           string         `json:"mount"`
	LastUsed        float64        `json:"last_used"`
	Owner           string         `json:"owner"`
	OwnerEmail      string         `json:"owner_email,omitempty"`
	State           string         `json:"state"`           // draft, ready, failed
	Type            string         `json:"type"`            // dataset, result, combined, model
	Files           *int64         `json:"files,omitempty"` // nil: counted
	Size            *int64         `json:"size,omitempty"`  // nil: counted
	Description     string         `json:"description,omitempty"`
	Tags            []string       `json:"tags,omitempty"`
	Provenance      *Provenance    `json:"provenance,omitempty"`
	SourceBucket    *SourceBucket  `json:"source_bucket,omitempty"`
	CustomMetadata  map[string]any `json:"custom_metadata,omitempty"`
	AppParameters   []AppParameter `json:"app_parameters,omitempty"`
	NextflowProfile string         `json:"nextflow_profile,omitempty"`
	Contained       []Contained    `json:"contained_data_assets,omitempty"`
	LastTransferred float64        `json:"last_transferred,omitempty"`
	TransferError   string         `json:"transfer_error,omitempty"`
	FailureReason   string         `json:"failure_reason,omitempty"`
}

// Provenance says what a result was made from.
type Provenance struct {
	Commit      string   `json:"commit,omitempty"`
	RunScript   string   `json:"run_script,omitempty"`
	DockerImage string   `json:"docker_image,omitempty"`
	Capsule     string   `json:"capsule,omitempty"`
	DataAssets  []string `json:"data_assets,omitempty"`
	Computation string   `json:"computation,omitempty"`
}

// SourceBucket says where an asset's files came from, and with External that
// they are still there.
type SourceBucket struct {
	Origin   string `json:"origin"` // aws, local, gcp
	Bucket   string `json:"bucket"`
	Prefix   string `json:"prefix,omitempty"`
	External bool   `json:"external"`
}

// AppParameter is one parameter of the run that made a result.
type AppParameter struct {
	Name  string `json:"name,omitempty"`
	Value string `json:"value,omitempty"`
}

// Contained is one member of a combined asset, and the folder it appears as.
type Contained struct {
	ID    string `json:"id"`
	Mount string `json:"mount"`
	Size  int64  `json:"size,omitempty"`
}

// Permissions say who may do what with an asset.
type Permissions struct {
	Users       []UserRole  `json:"users"`
	Groups      []GroupRole `json:"groups"`
	Everyone    string      `json:"everyone"` // viewer, discoverable, none
	ShareAssets bool        `json:"share_assets,omitempty"`
}

// UserRole is one user's part: owner, editor or viewer.
type UserRole struct {
	Email string `json:"email"`
	Role  string `json:"role"`
}

// GroupRole is one group's part: owner, editor, viewer or discoverable.
type GroupRole struct {
	Group string `json:"group"`
	Role  string `json:"role"`
}
