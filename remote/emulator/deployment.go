package emulator

// Deployment is what deployment.json holds: everything that is not an asset,
// a bucket or a computation.
type Deployment struct {
	// Tokens that are let in; none means [DefaultTokens].
	Tokens []Token `json:"tokens,omitempty"`
	// CustomMetadata is the schema; without one any metadata is taken.
	CustomMetadata *Schema `json:"custom_metadata,omitempty"`
	// S3Keys of the users of the S3 endpoint; none means [DefaultS3Keys].
	S3Keys []S3Key `json:"s3_keys,omitempty"`
	// InputBucket serves sources with use_input_bucket.
	InputBucket string `json:"input_bucket,omitempty"`
	// Endpoints are the names that endpoint_name may take.
	Endpoints []string `json:"endpoints,omitempty"`
}

// Token is an access token and the user it stands for.
type Token struct {
	Token  string   `json:"token"`
	User   string   `json:"user"` // the user's id
	Email  string   `json:"email"`
	Groups []string `json:"groups,omitempty"`
	Access string   `json:"access"` // read-write or read-only
	Admin  bool     `json:"admin,omitempty"`
}

// DefaultTokens are let in where deployment.json names none: two of one user,
// and one of an admin.
func DefaultTokens() []Token {
	const user, email = "b7a1b2c4-0000-4000-8000-000000000001", "demo@example.org"
	return []Token{
		{Token: "cop_demo", User: user, Email: email, Access: "read-write"},
		{Token: "cop_demo_readonly", User: user, Email: email, Access: "read-only"},
		{
			Token: "cop_demo_admin", User: "b7a1b2c4-0000-4000-8000-000000000002",
			Email: "admin@example.org", Access: "read-write", Admin: true,
		},
	}
}

// S3Key is an access key of the S3 endpoint. A key with a session token is
// good only together with it.
type S3Key struct {
	AccessKey    string `json:"access_key"`
	SecretKey    string `json:"secret_key"`
	SessionToken string `json:"session_token,omitempty"`
	// Expired keys answer as those of a session that has ended.
	Expired bool `json:"expired,omitempty"`
}

// DefaultS3Keys are known where deployment.json names none.
func DefaultS3Keys() []S3Key {
	return []S3Key{{AccessKey: "AKIACODEOCEANDEMO000", SecretKey: "demo/secret+of/codeoceanfs/not/a/secret"}}
}

// Bucket is what bucket.json holds.
type Bucket struct {
	// Name is the bucket folder's name.
	Name string `json:"-"`
	// Public buckets are listed and read without credentials.
	Public bool `json:"public,omitempty"`
	// Region is where the bucket lives, and what signatures must name; empty
	// means us-east-1.
	Region string `json:"region,omitempty"`
	// AccessKeys are the keys that may use the bucket; none means all.
	AccessKeys []string `json:"access_keys,omitempty"`
	// Unlisted buckets list nothing for anybody, whoever may read their objects.
	Unlisted bool `json:"unlisted,omitempty"`
	// Unread are the prefixes of keys that nobody may read, whoever may list
	// them; "" is all of them.
	Unread []string `json:"unread,omitempty"`
	// Generate adds objects that are not stored, also of keys that no file
	// system would take.
	Generate []Generated `json:"generate,omitempty"`
}

// Computation is what computation.json holds: the run of a capsule or
// pipeline, whose results an asset can be made from.
type Computation struct {
	// ID is the computation folder's name.
	ID              string         `json:"-"`
	Provenance      Provenance     `json:"provenance"`
	AppParameters   []AppParameter `json:"app_parameters,omitempty"`
	NextflowProfile string         `json:"nextflow_profile,omitempty"`
	// Generate adds result files that are not stored.
	Generate []Generated `json:"generate,omitempty"`
}

// Schema is the deployment's custom metadata.
type Schema struct {
	Fields     []Field  `json:"fields"`
	Categories []string `json:"categories"`
}

// Field is one field of the custom metadata.
type Field struct {
	Name          string `json:"name"`
	Type          string `json:"type"` // string, number, date
	Range         *Range `json:"range,omitempty"`
	AllowedValues []any  `json:"allowed_values,omitempty"`
	Multiple      bool   `json:"multiple,omitempty"`
	Units         string `json:"units,omitempty"`
	Category      string `json:"category,omitempty"`
	Required      bool   `json:"required,omitempty"`
}

// Range bounds a number or a date; a nil end is open.
type Range struct {
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
}
