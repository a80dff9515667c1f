package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"time"

	"codeoceanfs/control/request"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/fault"
)

// update changes a record, if it is still as the request expects.
func (r *Runner) update(ctx context.Context, id string, change *request.Change) error {
	current, err := r.dep.API.Get(ctx, id)
	if err != nil {
		return err
	}
	merged := change.UpdateRequest
	if len(change.TagsAdd)+len(change.TagsRemove) > 0 {
		tags := retag(current.Tags, change.TagsAdd, change.TagsRemove)
		merged.Tags = &tags
	}
	if isAlready(current, merged) {
		r.dep.Catalog.Put(current)
		return nil // also when it was sent before, and not answered
	}
	if err := expected(current, change.Expect); err != nil {
		return err
	}
	metadata := map[string]any{}
	for name, value := range merged.CustomMetadata {
		var v any
		d := json.NewDecoder(strings.NewReader(string(value)))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			return fail(syscall.EINVAL, "", "custom_metadata.%s: %w", name, err)
		}
		if v != nil {
			metadata[name] = v
		}
	}
	if err := r.checkMetadata(ctx, metadata, false); err != nil {
		return err
	}
	changed, err := r.dep.API.Update(ctx, id, merged)
	if err != nil {
		return err
	}
	r.dep.Catalog.Put(changed)
	return nil
}

// retag gives tags with some more and some less, in their order.
func retag(tags, add, remove []string) []string {
	out := []string{}
	for _, t := range slices.Concat(tags, add) {
		if !slices.Contains(remove, t) && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// isAlready reports whether a record says what it is to say.
func isAlready(a *api.Asset, want api.UpdateRequest) bool {
	same := func(have string, want *string) bool { return want == nil || *want == have }
	if !same(a.Name, want.Name) || !same(a.Description, want.Description) || !same(a.Mount, want.Mount) ||
		want.Tags != nil && !slices.Equal(a.Tags, *want.Tags) {
		return false
	}
	have := map[string]json.RawMessage{}
	_ = json.Unmarshal(a.CustomMetadata, &have) // what is no object has no values
	for name, value := range want.CustomMetadata {
		is, ok := have[name]
		if string(value) == "null" && !ok {
			continue
		}
		if !ok || !equal(is, value) {
			return false
		}
	}
	return true
}

// expected compares a record with what a request says it must be.
func expected(a *api.Asset, expect map[string]json.RawMessage) error {
	have := map[string]json.RawMessage{}
	if err := json.Unmarshal(a.Raw, &have); err != nil {
		return fmt.Errorf("read the record: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(expect)) {
		is, ok := have[name]
		if !ok {
			is = json.RawMessage(`""`)
			if name == "tags" {
				is = json.RawMessage(`[]`)
			}
		}
		if name == "custom_metadata" {
			if err := expectedMetadata(is, expect[name]); err != nil {
				return err
			}
			continue
		}
		if !equal(is, expect[name]) {
			return fail(syscall.ESTALE, "look at .meta.json again", "expect.%s: the record has %s", name, shorten(is))
		}
	}
	return nil
}

// expectedMetadata compares the values that are named, and no others.
func expectedMetadata(is, want json.RawMessage) error {
	have, expect := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	_ = json.Unmarshal(is, &have) // what is no object has no values
	if err := json.Unmarshal(want, &expect); err != nil {
		return fail(syscall.EINVAL, "", "expect.custom_metadata: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(expect)) {
		if v, ok := have[name]; !ok || !equal(v, expect[name]) {
			return fail(syscall.ESTALE, "look at .meta.json again", "expect.custom_metadata.%s: the record has %s", name, shorten(v))
		}
	}
	return nil
}

// equal compares JSON values: by what they mean, numbers by their value.
func equal(a, b json.RawMessage) bool {
	x, errX := plain(a)
	y, errY := plain(b)
	return errX == nil && errY == nil && reflect.DeepEqual(x, y)
}

// plain decodes JSON so that equal values are equal in Go. A float does not have
// all digits of a long whole number, which stays as it is written.
func plain(raw json.RawMessage) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return withFloats(v), nil
}

func withFloats(v any) any {
	switch v := v.(type) {
	case json.Number:
		const exact = 1 << 53
		if f, err := v.Float64(); err == nil && (math.Abs(f) < exact || strings.ContainsAny(v.String(), ".eE")) {
			return f
		}
	case []any:
		for i := range v {
			v[i] = withFloats(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = withFloats(v[name])
		}
	}
	return v
}

func shorten(v json.RawMessage) string {
	const most = 200
	if len(v) == 0 {
		return "nothing"
	}
	if len(v) > most {
		return strings.ToValidUTF8(string(v[:most]), "") + "…"
	}
	return string(v)
}

func (r *Runner) archive(ctx context.Context, id string, archived bool) error {
	if err := r.dep.API.Archive(ctx, id, archived); err != nil {
		return err
	}
	if _, err := r.dep.Catalog.Recheck(ctx, id); err != nil {
		r.log.Info("an asset that was archived cannot be looked at", "asset", id, "error", err)
	}
	r.dep.Catalog.SetArchived(id, archived)
	return nil
}

func (r *Runner) remove(ctx context.Context, id string, again bool) error {
	err := r.dep.API.Delete(ctx, id)
	if errors.Is(err, fault.ErrNotExist) && again {
		err = nil // it was us, before
	}
	if e, ok := r.dep.Catalog.Known(id); errors.Is(err, fault.ErrInvalid) && ok && !e.Archived {
		return &Error{Errno: r.cfg.Errno(err), Hint: "archive it first: only what is archived can be deleted", Err: err}
	}
	if err == nil {
		r.dep.Catalog.Remove(id)
	}
	return err
}

// transfer asks for a transfer. It is sent once; when nobody knows what became
// of it, the record tells whether it has been made since.
func (r *Runner) transfer(ctx context.Context, id string, t api.TransferRequest, submitted time.Time, again bool) error {
	if again {
		a, err := r.dep.API.Get(ctx, id)
		if err != nil {
			return err
		}
		to := t.Target.AWS
		if to != nil && a.Source.Bucket == to.Bucket && samePrefix(a.Source.Prefix, to.Prefix) && a.LastTransferred.After(submitted.Add(-skew)) {
			return nil
		}
		return &fault.Error{Op: "transfer asset", Asset: id, Kind: fault.ErrUnknown, Err: errors.New("it may be under way: watch last_transferred in .meta.json")}
	}
	return r.dep.API.Transfer(ctx, id, t)
}
