package request

// Verb is what is to be done, and the directory of the requests for it.
type Verb string

// The verbs.
const (
	Create      Verb = "create"
	Update      Verb = "update"
	Archive     Verb = "archive"
	Unarchive   Verb = "unarchive"
	Permissions Verb = "permissions"
	Delete      Verb = "delete"
	Transfer    Verb = "transfer"
)

// Verbs are all of them, in the order of their use.
var Verbs = []Verb{Create, Update, Archive, Unarchive, Permissions, Delete, Transfer}

// spec is what a verb takes.
type spec struct {
	about   string
	example string
	fields  []field
	rules   func(map[string]any) error // what no single field can say
}

// which names the asset of a request.
var which = []field{
	{name: "id", about: "the asset"},
	{name: "path", about: "the asset by its path, as dataset/NAME in the mount, or from the root; in place of id"},
}

var target = field{name: "target", kind: object, about: "where the files are put", fields: []field{
	{name: "aws", kind: object, required: true, about: "a bucket of S3", fields: []field{
		{name: "bucket", required: true},
		{name: "prefix", about: "the folder in it; a transfer needs one"},
		{name: "endpoint_name", about: "of the deployment's endpoints"},
	}},
}}

var describing = []field{
	{name: "description"},
	{name: "custom_metadata", kind: values, about: "by the names that the deployment defines; dates in unix seconds"},
}

var specs = map[Verb]spec{
	Create: {
		about:   "make an asset: from a bucket, a computation, a cloud workstation, or of other assets",
		example: `{"name": "my data", "mount": "my-data", "tags": ["raw"], "source": {"aws": {"bucket": "our-lab", "prefix": "mouse1", "keep_on_external_storage": true, "public": false}}}`,
		fields: with([]field{
			{name: "name", required: true},
			{name: "mount", required: true, about: "the folder it gets in capsules"},
			{name: "tags", kind: texts, required: true, about: "may be []"},
		}, describing, []field{
			{name: "source", kind: object, about: "one of aws, gcp, computation, cloud_workstation", fields: sources},
			{name: "data_asset_ids", kind: texts, about: "in place of source: the assets of a combined one, two or more, by id or path"},
			target,
			resultsInfo,
		}),
		rules: createRules,
	},
	Update: {
		about:   "change what an asset's record says; what is not named stays",
		example: `{"path": "dataset/my data", "tags_add": ["checked"], "expect": {"state": "ready"}}`,
		fields: with(which, []field{
			{name: "name"},
			{name: "mount"},
			{name: "tags", kind: texts, about: "all of them"},
			{name: "tags_add", kind: texts, about: "more of them"},
			{name: "tags_remove", kind: texts, about: "without these"},
		}, describing, []field{
			{name: "expect", kind: object, about: "fields of the record as they must be before, or nothing is changed", fields: with([]field{
				{name: "name"}, {name: "mount"}, {name: "tags", kind: texts}, {name: "state"}, {name: "type"},
			}, describing)},
		}),
		rules: updateRules,
	},
	Archive: {
		about:   "archive an asset: it moves to .archived",
		example: `{"path": "dataset/my data"}`,
		fields:  which, rules: oneAsset,
	},
	Unarchive: {
		about:   "take an asset out of the archive",
		example: `{"path": ".archived/dataset/my data"}`,
		fields:  which, rules: oneAsset,
	},
	Permissions: {
		about:   "replace who may do what with an asset; permissions/ID.json shows what is",
		example: `{"path": "dataset/my data", "users": [{"email": "ada@lab.example", "role": "owner"}], "groups": [], "everyone": "viewer"}`,
		fields: with(which, []field{
			{name: "users", kind: list, about: "all of them, the owner too", fields: []field{
				{name: "email", required: true},
				{name: "role", required: true, oneOf: []string{"owner", "editor", "viewer"}},
			}},
			{name: "groups", kind: list, fields: []field{
				{name: "group", required: true},
				{name: "role", required: true, oneOf: []string{"owner", "editor", "viewer", "discoverable"}},
			}},
			{name: "everyone", oneOf: []string{"viewer", "discoverable", "none"}},
			{name: "share_assets", kind: flag, about: "of a combined asset: share those in it too"},
		}),
		rules: permissionRules,
	},
	Delete: {
		about:   "delete an archived asset for ever; needs mount --allow-delete",
		example: `{"path": ".archived/dataset/my data"}`,
		fields:  which, rules: oneAsset,
	},
	Transfer: {
		about:   "move an asset's files to another bucket, for administrators; needs mount --allow-transfer",
		example: `{"path": "dataset/my data", "target": {"aws": {"bucket": "cold-storage", "prefix": "mouse1"}}}`,
		fields: with(which, []field{
			target,
			{name: "force", kind: flag, about: "also when released pipelines use them"},
		}),
		rules: transferRules,
	},
}

var sources = []field{
	{name: "aws", kind: object, about: "a folder of an S3 bucket", fields: []field{
		{name: "bucket", about: "needed, but with use_input_bucket"},
		{name: "prefix", about: "the folder; without it, the whole bucket"},
		{name: "keep_on_external_storage", kind: flag, about: "needed, too; true: the files stay where they are; false: they are copied"},
		{name: "public", kind: flag, about: "needed, too; true: read without credentials"},
		{name: "use_input_bucket", kind: flag, about: "for administrators: the deployment's own; only prefix counts"},
		{name: "endpoint_name", about: "of the deployment's endpoints"},
	}},
	{name: "gcp", kind: object, about: "a folder of a Google Cloud bucket", fields: []field{
		{name: "bucket", required: true},
		{name: "prefix"},
		{name: "client_id"},
		{name: "client_secret", secret: true},
	}},
	{name: "computation", kind: object, about: "the results of a computation", fields: []field{
		{name: "id", required: true},
		{name: "path", about: "a part of them; without it, all"},
	}},
	{name: "cloud_workstation", kind: object, about: "a folder of a cloud workstation", fields: []field{
		{name: "id", required: true},
		{name: "path", required: true},
		{name: "run_script", about: "what made it, if it is a result"},
	}},
}

var parameters = field{name: "parameters", kind: list, fields: []field{
	{name: "name"}, {name: "param_name"}, {name: "value", required: true},
}}

var resultsInfo = field{
	name: "results_info", kind: object, about: "how results in a bucket were made elsewhere", fields: []field{
		{name: "capsule_id", about: "or pipeline_id"},
		{name: "pipeline_id"},
		{name: "version", kind: scalar},
		{name: "commit"},
		{name: "run_script"},
		{name: "data_assets", kind: texts, about: "what they were made from, by id or path"},
		parameters,
		{name: "nextflow_profile"},
		{name: "processes", kind: list, about: "of a pipeline", fields: []field{
			{name: "name", required: true},
			{name: "capsule_id"},
			{name: "version", kind: scalar},
			{name: "public", kind: flag},
			parameters,
		}},
	},
}

// with puts tables one behind the other.
func with(tables ...[]field) (all []field) {
	for _, t := range tables {
		all = append(all, t...)
	}
	return all
}
