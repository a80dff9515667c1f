package request

import (
	"slices"
	"strings"
)

// given are those of names that v has.
func given(v map[string]any, names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return v[name] == nil })
}

// oneAsset is the rule of all requests about an asset that is there.
func oneAsset(v map[string]any) error {
	switch len(given(v, "id", "path")) {
	case 0:
		return &Error{Why: "which asset? id or path is required", Hint: `as "path": "dataset/NAME"`}
	case 2:
		return &Error{Field: "path", Why: "id and path exclude each other"}
	}
	if id, ok := v["id"].(string); ok && strings.TrimSpace(id) == "" {
		return invalid("id", "cannot be empty")
	}
	if path, ok := v["path"].(string); ok && strings.Trim(path, "/ ") == "" {
		return invalid("path", "cannot be empty")
	}
	return nil
}

func createRules(v map[string]any) error {
	members, _ := v["data_asset_ids"].([]any)
	src, hasSource := v["source"].(map[string]any)
	switch {
	case !hasSource && v["data_asset_ids"] == nil:
		return &Error{Field: "source", Why: "is required", Hint: "or data_asset_ids, for a combined asset"}
	case hasSource && v["data_asset_ids"] != nil:
		return invalid("data_asset_ids", "source and data_asset_ids exclude each other")
	case !hasSource && len(members) < 2:
		return invalid("data_asset_ids", "a combined asset has two or more")
	case !hasSource:
		if wrong := given(v, "target", "results_info"); len(wrong) > 0 {
			return invalid(wrong[0], "is for what has a source")
		}
		return nil
	}
	kinds := given(src, "aws", "gcp", "computation", "cloud_workstation")
	if len(kinds) != 1 {
		return invalid("source", "has exactly one of aws, gcp, computation and cloud_workstation")
	}
	if aws, ok := src["aws"].(map[string]any); ok {
		if err := awsRules(aws); err != nil {
			return err
		}
	}
	return purposeRules(v, kinds[0])
}

func awsRules(aws map[string]any) error {
	bucket, _ := aws["bucket"].(string)
	if aws["use_input_bucket"] == true {
		return nil
	}
	if strings.TrimSpace(bucket) == "" {
		return invalid("source.aws.bucket", "is required")
	}
	for _, name := range []string{"keep_on_external_storage", "public"} {
		if aws[name] == nil {
			return invalid("source.aws."+name, "is required: true or false")
		}
	}
	return nil
}

// purposeRules are about what goes with a kind of source.
func purposeRules(v map[string]any, source string) error {
	if v["target"] != nil && source != "computation" && source != "cloud_workstation" {
		return invalid("target", "is for a source of computation or cloud_workstation")
	}
	info, ok := v["results_info"].(map[string]any)
	switch {
	case !ok:
		return nil
	case source != "aws":
		return invalid("results_info", "is for a source of aws")
	case len(given(info, "capsule_id", "pipeline_id")) != 1:
		return invalid("results_info", "has exactly one of capsule_id and pipeline_id")
	}
	return nil
}

func updateRules(v map[string]any) error {
	if err := oneAsset(v); err != nil {
		return err
	}
	if len(given(v, "name", "mount", "tags", "tags_add", "tags_remove", "description", "custom_metadata")) == 0 {
		return &Error{Why: "nothing is to be changed", Hint: "name, description, tags, tags_add, tags_remove, mount and custom_metadata can be"}
	}
	if v["tags"] != nil && len(given(v, "tags_add", "tags_remove")) > 0 {
		return invalid("tags", "are all of them: tags_add and tags_remove go without")
	}
	for _, name := range []string{"name", "mount"} {
		if s, ok := v[name].(string); ok && strings.TrimSpace(s) == "" {
			return invalid(name, "cannot be empty")
		}
	}
	return nil
}

func permissionRules(v map[string]any) error {
	if err := oneAsset(v); err != nil {
		return err
	}
	if v["users"] == nil && v["groups"] == nil && v["everyone"] == nil {
		return &Error{Why: "no permissions are given", Hint: "they replace what is there: users, groups and everyone"}
	}
	return nil
}

func transferRules(v map[string]any) error {
	if err := oneAsset(v); err != nil {
		return err
	}
	to, _ := v["target"].(map[string]any)
	aws, _ := to["aws"].(map[string]any)
	prefix, _ := aws["prefix"].(string)
	switch {
	case to == nil:
		return invalid("target", "is required")
	case strings.TrimSpace(prefix) == "":
		return invalid("target.aws.prefix", "is required")
	}
	return nil
}
