package emulator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"codeoceanfs/remote/emulator/files"
)

// resume finishes what a server before this one has left unfinished.
func (s *Server) resume() {
	for _, e := range s.shelf.all() {
		if e.Copying {
			s.jobs.after(0, func() { s.fill(e.ID) })
		}
	}
}

// fill brings a created asset's files to where they belong, and lets it become
// ready, or failed.
func (s *Server) fill(id string) {
	e, ok := s.shelf.get(id)
	if !ok {
		return
	}
	result, err := s.take(e)
	if s.jobs.ctx.Err() != nil {
		return // closing: the next server begins it again
	}
	_, changed := s.change(id, func(e *entry) error {
		e.Copying = false
		if err != nil {
			e.FailureReason = err.Error()
			return nil
		}
		e.Files, e.Size = result.count, result.size
		e.copied = result.tree
		return nil
	})
	var gone *refusal
	if errors.As(changed, &gone) && e.folder != "" { // removed meanwhile: so is what came after
		changed = os.RemoveAll(e.folder)
	}
	if changed != nil {
		s.log.Error("data asset not finished", "asset", id, "error", changed)
	}
}

// taken is what a created asset got.
type taken struct {
	count, size *int64
	tree        files.Tree // where there is no disk
}

// take copies, or only counts what stays where it is.
func (s *Server) take(e *entry) (taken, error) {
	var t taken
	if e.From == nil { // combined
		_, t.size = s.measure(e)
		return t, nil
	}
	tree, err := s.origin(e.From)
	if err != nil {
		return t, err
	}
	var count, size int64
	if err := files.Below(tree, e.From.Prefix, func(_ string, f files.File) error {
		count++
		size += f.Size
		return nil
	}); err != nil {
		return t, err
	}
	if count == 0 {
		return t, fmt.Errorf("the source %s holds no file below %q", e.From.name(), e.From.Prefix)
	}
	t.count, t.size = &count, &size
	switch {
	case e.external() && e.From.Computation == "":
		return t, nil
	case e.external():
		return t, s.copyToBucket(tree, e.From.Prefix, e.SourceBucket.Bucket, e.SourceBucket.Prefix)
	case e.folder != "":
		return t, files.Copy(s.jobs.ctx, filepath.Join(e.folder, "files"), tree, e.From.Prefix)
	}
	t.tree, err = files.Snapshot(tree, e.From.Prefix)
	return t, err
}

func (o *Origin) name() string {
	if o.Computation != "" {
		return "computation " + o.Computation
	}
	return "bucket " + o.Bucket
}

// origin is the tree that an asset is made from.
func (s *Server) origin(o *Origin) (files.Tree, error) {
	if o.Computation != "" {
		_, tree, err := s.computation(o.Computation)
		return tree, err
	}
	b, ok := s.buckets.get(o.Bucket)
	switch {
	case !ok:
		return nil, fmt.Errorf("the source bucket %s does not exist", o.Bucket)
	case o.Anonymous && !b.Public:
		return nil, fmt.Errorf("the source bucket %s is not public", o.Bucket)
	}
	return b.objects, nil
}

// computation finds a run and its results.
func (s *Server) computation(id string) (Computation, files.Tree, error) {
	s.runs.Lock()
	c, ok := s.computed[id]
	s.runs.Unlock()
	var layers []files.Tree
	if s.cfg.Data != "" && fs.ValidPath(id) && !strings.ContainsAny(id, "/\x00") && id != "." {
		dir := filepath.Join(s.cfg.Data, "computations", id)
		if info, err := os.Stat(dir); err == nil && info.IsDir() && !ok {
			ok = true
			if err := readJSON(filepath.Join(dir, "computation.json"), &c); err != nil {
				return c, nil, err
			}
			c.ID = id
		}
		layers = append(layers, files.Dir(filepath.Join(dir, "results")))
	}
	if !ok {
		return c, nil, fmt.Errorf("computation %s does not exist", id)
	}
	generated, err := files.NewGenerated(id, s.began, c.Generate...)
	if err != nil {
		return c, nil, err
	}
	return c, files.Union(append(layers, generated)...), nil
}

// fromComputation makes a the result of a run.
func (s *Server) fromComputation(source, id, path string, a *Asset) error {
	if id == "" {
		return bad("source: %s: id is required", source)
	}
	run, _, err := s.computation(id)
	if err != nil {
		return bad("source: %s: %v", source, err)
	}
	a.Type = "result"
	provenance := run.Provenance
	provenance.Computation = id
	a.Provenance = &provenance
	a.AppParameters, a.NextflowProfile = run.AppParameters, run.NextflowProfile
	a.SourceBucket = &SourceBucket{Origin: "local"}
	a.From = &Origin{Computation: id, Prefix: path}
	return nil
}
