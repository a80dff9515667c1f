package run

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"syscall"

	"codeoceanfs/control/request"
	"codeoceanfs/remote/api"
)

// editable are the fields of a record that can be changed by writing it back.
var editable = []string{"name", "description", "tags", "mount", "custom_metadata"}

// moving are fields that the platform changes while somebody edits.
var moving = []string{"last_used"}

// Edit changes an asset's record to what somebody has made of it. Seen is the
// record as it was when they read it, or nil if that is not known. Fields that
// are left out stay. It returns when it is done, or with ctx's error when ctx
// ends first: then the change goes on. Every other error is an [*Error].
func (r *Runner) Edit(ctx context.Context, id string, body, seen []byte) error {
	want, err := request.Parse(body)
	if err != nil {
		return &Error{Errno: syscall.EINVAL, Err: err}
	}
	return r.wait(ctx, func(ctx context.Context) error {
		done, err := r.cfg.Journal.Turn(ctx, id)
		if err == nil {
			defer done()
			err = r.edit(ctx, id, want, seen)
		}
		if err != nil {
			return r.explain(err)
		}
		r.log.Info("record edited", "asset", id)
		return nil
	})
}

func (r *Runner) edit(ctx context.Context, id string, want map[string]json.RawMessage, seen []byte) (err error) {
	defer r.survive("edit", &err)
	current, err := r.dep.API.Get(ctx, id)
	if err != nil {
		return err
	}
	now, before := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if err := json.Unmarshal(current.Raw, &now); err != nil {
		return err
	}
	if seen == nil {
		seen = current.Raw
	}
	if err := json.Unmarshal(seen, &before); err != nil {
		return err
	}
	var change api.UpdateRequest
	for _, name := range slices.Sorted(maps.Keys(want)) {
		switch is := want[name]; {
		case same(is, before[name]), slices.Contains(moving, name):
		case !slices.Contains(editable, name):
			if !same(is, now[name]) {
				return fail(syscall.EINVAL, "name, description, tags, mount and custom_metadata can be",
					"%s cannot be changed here", request.Quote(name))
			}
		default:
			if err := set(&change, name, is, now[name]); err != nil {
				return err
			}
		}
	}
	if slices.ContainsFunc(editable, func(name string) bool { return want[name] != nil && !same(want[name], now[name]) }) {
		if err := unmoved(before, now); err != nil {
			r.dep.Catalog.Put(current) // who reads it again sees it
			return err
		}
	} // else the record says all that was written, by an earlier time perhaps
	return r.update(ctx, id, &request.Change{UpdateRequest: change})
}

// unmoved compares the record that somebody has read with the one there is.
func unmoved(before, now map[string]json.RawMessage) error {
	for _, name := range editable {
		if !same(before[name], now[name]) {
			return fail(syscall.ESTALE, "read it again", "%s was changed by somebody else meanwhile: it is %s", name, shorten(now[name]))
		}
	}
	return nil
}

// same compares values of a record: one that is absent, null or empty is one
// that says nothing.
func same(a, b json.RawMessage) bool { return equal(said(a), said(b)) }

func said(v json.RawMessage) json.RawMessage {
	switch strings.Join(strings.Fields(string(v)), "") {
	case "", "null", `""`, "[]", "{}":
		return json.RawMessage("null")
	}
	return v
}

// set puts a field into the change, in its own type.
func set(change *api.UpdateRequest, name string, value, now json.RawMessage) error {
	null := string(value) == "null" // which json takes for any type
	text := func(into **string) error {
		var s string
		if json.Unmarshal(value, &s) != nil || strings.TrimSpace(s) == "" && name != "description" {
			return fail(syscall.EINVAL, "", "%s is a text, in quotes, and not empty", name)
		}
		*into = &s
		return nil
	}
	switch name {
	case "name":
		return text(&change.Name)
	case "mount":
		return text(&change.Mount)
	case "description":
		if string(said(value)) == "null" {
			value = json.RawMessage(`""`)
		}
		return text(&change.Description)
	case "tags":
		tags := []string{}
		if !null && json.Unmarshal(value, &tags) != nil {
			return fail(syscall.EINVAL, "", "tags is a list of texts, in square brackets")
		}
		change.Tags = &tags
		return nil
	}
	fields, had := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if !null && json.Unmarshal(value, &fields) != nil {
		return fail(syscall.EINVAL, "", "custom_metadata is an object, in braces")
	}
	_ = json.Unmarshal(now, &had) // what is no object has no values
	for name := range had {
		if _, ok := fields[name]; !ok {
			fields[name] = json.RawMessage("null") // taken out
		}
	}
	change.CustomMetadata = fields
	return nil
}
