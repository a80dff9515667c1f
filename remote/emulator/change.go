package emulator

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"codeoceanfs/remote/emulator/files"
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
	if !e.Archived {
		return nil, bad("data asset %s must be archived before it is deleted", e.ID)
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

// awsTarget is a place in a bucket, as create and transfer name it.
type awsTarget struct {
	AWS *struct {
		Bucket       string `json:"bucket"`
		Prefix       string `json:"prefix"`
		EndpointName string `json:"endpoint_name"`
	} `json:"aws"`
}

func (s *Server) transfer(c *call) (any, error) {
	e, err := s.asset(c, viewer)
	if err != nil {
		return nil, err
	}
	if !c.user.Admin {
		return nil, refuse(http.StatusForbidden, "forbidden: only admins can transfer data assets")
	}
	var body struct {
		Target awsTarget `json:"target"`
		Force  bool      `json:"force"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	to := body.Target.AWS
	switch {
	case to == nil:
		return nil, bad("target: aws is required")
	case to.Bucket == "":
		return nil, bad("target: aws: bucket is required")
	case to.Prefix == "":
		return nil, bad("target: aws: prefix is required")
	case e.Type == "combined":
		return nil, bad("data asset %s is combined: it has no files of its own", e.ID)
	case e.stateAt(c.now) != "ready":
		return nil, bad("data asset %s is not ready", e.ID)
	case e.InReleasePipeline && !body.Force:
		return nil, bad("data asset %s is used by a release pipeline: force is required", e.ID)
	}
	if err := s.checkEndpoint("target: aws: endpoint_name", to.EndpointName); err != nil {
		return nil, err
	}
	s.jobs.after(s.cfg.DraftTime, func() { s.move(e, to.Bucket, to.Prefix) })
	return nil, nil
}

// move is the transfer itself.
func (s *Server) move(e *entry, bucketName, prefix string) {
	tree, from, err := s.source(e)
	if err == nil {
		err = s.copyToBucket(tree, from, bucketName, prefix)
	}
	if s.jobs.ctx.Err() != nil {
		return // closing: the asset stays where it is
	}
	_, changed := s.change(e.ID, func(e *entry) error {
		if err != nil {
			e.TransferError = err.Error()
			return nil
		}
		e.TransferError, e.LastTransferred = "", secondsOf(time.Now())
		e.SourceBucket = &SourceBucket{Origin: "aws", Bucket: bucketName, Prefix: prefix, External: true}
		e.Generate, e.copied = nil, nil
		return nil
	})
	if err == nil && changed == nil && e.folder != "" {
		changed = os.RemoveAll(filepath.Join(e.folder, "files"))
	}
	if changed != nil {
		s.log.Error("transfer not finished", "asset", e.ID, "error", changed)
	}
}

// copyToBucket puts the files of a folder of t below a prefix of a bucket.
func (s *Server) copyToBucket(t files.Tree, folder, bucketName, prefix string) error {
	prefix = strings.Trim(prefix, "/")
	b, ok := s.buckets.get(bucketName)
	if !ok {
		return bad("bucket %q does not exist", bucketName)
	}
	if prefix != "" && !fs.ValidPath(prefix) {
		return bad("prefix %q is not a folder", prefix)
	}
	if s.buckets.dir != "" {
		return files.Copy(s.jobs.ctx, filepath.Join(s.buckets.path(b.Name), "objects", filepath.FromSlash(prefix)), t, folder)
	}
	snapshot, err := files.Snapshot(t, folder)
	if err != nil {
		return err
	}
	if prefix != "" {
		snapshot = files.At(prefix, snapshot)
	}
	return s.buckets.add(b.Name, snapshot)
}
