package run

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"codeoceanfs/remote/api"
)

const (
	// schemaAge is how long the deployment's fields are taken as they were:
	// administrators change them now and then.
	schemaAge = 10 * time.Minute
	// schemaTime is how long they are waited for. Without them the platform
	// checks alone.
	schemaTime = 5 * time.Second
)

// schema is the deployment's custom metadata, asked for when it is needed.
type schema struct {
	mu     sync.Mutex // guards what follows; not held while it is asked for
	fields *api.MetadataSchema
	asked  time.Time
}

func (r *Runner) metadataSchema(ctx context.Context) *api.MetadataSchema {
	r.schema.mu.Lock()
	fields, asked := r.schema.fields, r.schema.asked
	r.schema.mu.Unlock()
	if fields != nil && time.Since(asked) < schemaAge {
		return fields
	}
	ctx, cancel := context.WithTimeout(ctx, schemaTime)
	defer cancel()
	s, err := r.dep.API.MetadataSchema(ctx)
	if err != nil {
		r.log.Info("custom metadata is not checked before it is sent", "error", err)
		return nil
	}
	r.schema.mu.Lock()
	defer r.schema.mu.Unlock()
	r.schema.fields, r.schema.asked = s, time.Now()
	return s
}

// checkMetadata compares values with what the deployment defines, if it can be
// known. whole says that nothing else will be in the record.
func (r *Runner) checkMetadata(ctx context.Context, values map[string]any, whole bool) error {
	if len(values) == 0 && !whole {
		return nil
	}
	s := r.metadataSchema(ctx)
	if s == nil || len(s.Fields) == 0 {
		return nil
	}
	known := map[string]api.MetadataField{}
	for _, f := range s.Fields {
		known[f.Name] = f
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		f, ok := known[name]
		if !ok {
			return fail(syscall.EINVAL, "it has "+strings.Join(slices.Sorted(maps.Keys(known)), ", "),
				"custom_metadata.%s: the deployment has no such field", name)
		}
		if err := checkValue(f, values[name]); err != nil {
			return err
		}
	}
	if whole {
		for _, name := range slices.Sorted(maps.Keys(known)) {
			if known[name].Required && values[name] == nil {
				return fail(syscall.EINVAL, "", "custom_metadata.%s: the deployment requires it", name)
			}
		}
	}
	return nil
}

func checkValue(f api.MetadataField, value any) error {
	all, isList := value.([]any)
	if isList && !f.Multiple {
		return fail(syscall.EINVAL, "", "custom_metadata.%s: has one value, not a list", f.Name)
	}
	if !isList {
		all = []any{value}
	}
	for _, v := range all {
		if err := checkOne(f, v); err != nil {
			return err
		}
	}
	return nil
}

func checkOne(f api.MetadataField, v any) error {
	switch f.Type {
	case "number", "date":
		n, ok := v.(json.Number)
		x, err := n.Float64()
		switch {
		case !ok || err != nil:
			what := "is a number, without quotes"
			if f.Type == "date" {
				what = "is a date, in unix seconds: as date +%s prints it"
			}
			return fail(syscall.EINVAL, "", "custom_metadata.%s: %s", f.Name, what)
		case f.Min != nil && x < *f.Min, f.Max != nil && x > *f.Max:
			return fail(syscall.EINVAL, "", "custom_metadata.%s: %s is out of its range", f.Name, n)
		}
	case "string":
		s, ok := v.(string)
		switch {
		case !ok:
			return fail(syscall.EINVAL, "", "custom_metadata.%s: is a text, in quotes", f.Name)
		case len(f.AllowedValues) > 0 && !slices.Contains(f.AllowedValues, s):
			return fail(syscall.EINVAL, "", "custom_metadata.%s: %q is none of %s", f.Name, s, strings.Join(f.AllowedValues, ", "))
		}
	}
	return nil
}
