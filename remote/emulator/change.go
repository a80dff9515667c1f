package emulator

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"strings"
)

// change replaces an asset by what edit makes of it, on disk and in memory. An
// error of edit changes nothing.
func (s *Server) change(id string, edit func(*entry) error) (*entry, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	e, ok := s.shelf.get(id)
	if !ok {
		return nil, refuse(http.StatusNotFound, "data asset %s not found", id)
	}
	var refused error
	next, err := e.with(func(e *entry) { refused = edit(e) })
	if err = errors.Join(refused, err); err != nil {
		return nil, err
	}
	if next, err = next.save(); err != nil {
		return nil, err
	}
	s.shelf.put(s.quirksNow().IndexLag, next)
	return next, nil
}

func (s *Server) get(c *call) (any, error) {
	e, err := s.asset(c, discoverer)
	if err != nil {
		return nil, err
	}
	return s.record(e, c.now, c.quirks), nil
}

func (s *Server) update(c *call) (any, error) {
	e, err := s.asset(c, editor)
	if err != nil {
		return nil, err
	}
	var body struct {
		Name           *string        `json:"name"`
		Description    *string        `json:"description"`
		Tags           *[]string      `json:"tags"`
		Mount          *string        `json:"mount"`
		CustomMetadata map[string]any `json:"custom_metadata"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if c.quirks.FullUpdates && (body.Name == nil || body.Description == nil || body.Tags == nil || body.Mount == nil) {
		return nil, bad("name, description, tags and mount are required")
	}
	if body.Name != nil && *body.Name == "" {
		return nil, bad("name cannot be empty")
	}
	e, err = s.change(e.ID, func(e *entry) error {
		set(&e.Name, body.Name)
		set(&e.Description, body.Description)
		set(&e.Tags, body.Tags)
		set(&e.Mount, body.Mount)
		if body.CustomMetadata == nil {
			return nil
		}
		if c.quirks.MergeMetadata {
			merged := maps.Clone(e.CustomMetadata)
			if merged == nil {
				merged = make(map[string]any)
			}
			maps.Copy(merged, body.CustomMetadata)
			body.CustomMetadata = merged
		}
		e.CustomMetadata = body.CustomMetadata
		return s.deploy.CustomMetadata.check(e.CustomMetadata)
	})
	if err != nil {
		return nil, err
	}
	return s.record(e, c.now, c.quirks), nil
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

func (s *Server) archive(c *call) (any, error) {
	e, err := s.asset(c, owner)
	if err != nil {
		return nil, err
	}
	var archived bool
	switch strings.ToLower(c.URL.Query().Get("archive")) {
	case "true", "1":
		archived = true
	case "false", "0":
	default:
		return nil, bad("archive: true or false is required")
	}
	_, err = s.change(e.ID, func(e *entry) error {
		e.Archived = archived
		return nil
	})
	return nil, err
}

func (s *Server) delete(c *call) (any, error) {
	e, err := s.asset(c, owner)
	if err != nil {
		return nil, err
	}
	switch {
	case !e.Archived:
		return nil, bad("data asset %s must be archived before it is deleted", e.ID)
	case e.Copying:
		return nil, bad("data asset %s is still being created", e.ID)
	}
	return nil, s.Remove(e.ID)
}

// Remove deletes an asset, archived or not.
func (s *Server) Remove(id string) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	e, ok := s.shelf.get(id)
	if !ok {
		return fmt.Errorf("asset %s: %w", id, fs.ErrNotExist)
	}
	s.shelf.remove(s.quirksNow().IndexLag, id)
	if e.folder == "" {
		return nil
	}
	return os.RemoveAll(e.folder)
}
