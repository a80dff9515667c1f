package emulator

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// createRequest is the body of create.
type createRequest struct {
	Name           string         `json:"name"`
	Tags           *[]string      `json:"tags"`
	Mount          string         `json:"mount"`
	Description    string         `json:"description"`
	CustomMetadata map[string]any `json:"custom_metadata"`
	Source         *createSource  `json:"source"`
	Target         *awsTarget     `json:"target"`
	DataAssetIDs   []string       `json:"data_asset_ids"`
	ResultsInfo    *resultsInfo   `json:"results_info"`
}

// resultsInfo says where an exported result came from.
type resultsInfo struct {
	CapsuleID  string   `json:"capsule_id"`
	PipelineID string   `json:"pipeline_id"`
	Version    any      `json:"version"` // the page says string, the SDK sends a number
	Commit     string   `json:"commit"`
	RunScript  string   `json:"run_script"`
	DataAssets []string `json:"data_assets"`
	Parameters []struct {
		Name      string `json:"name"`
		ParamName string `json:"param_name"`
		Value     string `json:"value"`
	} `json:"parameters"`
	NextflowProfile string           `json:"nextflow_profile"`
	Processes       []map[string]any `json:"processes"`
}

// Origin is what a created asset's files are taken from.
type Origin struct {
	Bucket string `json:"bucket,omitempty"`
	// Prefix is a folder of the bucket, or of the computation's results.
	Prefix string `json:"prefix,omitempty"`
	// Anonymous sources must be public.
	Anonymous   bool   `json:"anonymous,omitempty"`
	Computation string `json:"computation,omitempty"`
}

func (s *Server) create(c *call) (any, error) {
	var body createRequest
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	a := Asset{Record: Record{
		ID: newID(), Name: body.Name, Mount: body.Mount, Description: body.Description,
		Created: secondsOf(c.now), State: "draft", Type: "dataset",
		Owner: c.user.User, OwnerEmail: c.user.Email, CustomMetadata: body.CustomMetadata,
	}, Copying: true, ReadyAt: secondsOf(c.now.Add(s.cfg.DraftTime))}
	if body.Tags != nil {
		a.Tags = *body.Tags
	}
	if err := body.check(s, c, &a); err != nil {
		return nil, err
	}
	folder := ""
	if s.cfg.Data != "" {
		folder = filepath.Join(s.cfg.Data, "assets", a.ID)
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	e, err := newEntry(a, folder, time.Time{}, c.now)
	if err != nil {
		return nil, err
	}
	if e, err = e.save(); err != nil {
		return nil, err
	}
	s.shelf.put(c.quirks.IndexLag, e)
	s.jobs.after(0, func() { s.fill(a.ID) })
	return s.record(e, c.now, c.quirks), nil
}

// check validates the request, and says in a what it will be.
func (r *createRequest) check(s *Server, c *call, a *Asset) error {
	switch {
	case r.Name == "":
		return bad("name is required")
	case r.Mount == "":
		return bad("mount is required")
	case r.Tags == nil:
		return bad("tags is required")
	case r.Source == nil && len(r.DataAssetIDs) == 0:
		return bad("source or data_asset_ids is required")
	case r.Source != nil && len(r.DataAssetIDs) > 0:
		return bad("source and data_asset_ids exclude each other")
	case r.Source == nil && (r.Target != nil || r.ResultsInfo != nil):
		return bad("target and results_info need a source")
	}
	if err := s.deploy.CustomMetadata.check(r.CustomMetadata); err != nil {
		return err
	}
	if r.Source == nil {
		return r.checkCombined(s, c, a)
	}
	if err := r.Source.check(s, c, a); err != nil {
		return err
	}
	if err := r.checkTarget(s, a); err != nil {
		return err
	}
	return r.ResultsInfo.apply(r.Source, a)
}

func (r *createRequest) checkCombined(s *Server, c *call, a *Asset) error {
	if len(r.DataAssetIDs) < 2 {
		return bad("data_asset_ids: at least two are required")
	}
	a.Type = "combined"
	for _, id := range r.DataAssetIDs {
		e, ok := s.shelf.get(id)
		switch {
		case !ok || c.user.roleOf(e) < viewer:
			return bad("data_asset_ids: data asset %s not found", id)
		case e.stateAt(c.now) != "ready":
			return bad("data_asset_ids: data asset %s is not ready", id)
		}
		member := Contained{ID: id, Mount: e.Mount}
		if _, size := s.measure(e); size != nil {
			member.Size = *size
		}
		a.Contained = append(a.Contained, member)
	}
	return nil
}

func (r *createRequest) checkTarget(s *Server, a *Asset) error {
	if r.Target == nil {
		return nil
	}
	to := r.Target.AWS
	switch {
	case to == nil:
		return bad("target: aws is required")
	case to.Bucket == "":
		return bad("target: aws: bucket is required")
	case a.From.Computation == "":
		return bad("target: only for a source of computation or cloud_workstation")
	}
	a.SourceBucket = &SourceBucket{Origin: "aws", Bucket: to.Bucket, Prefix: to.Prefix, External: true}
	return s.checkEndpoint("target: aws: endpoint_name", to.EndpointName)
}

// apply makes a result of what was exported from another deployment.
func (i *resultsInfo) apply(src *createSource, a *Asset) error {
	switch {
	case i == nil:
		return nil
	case src.AWS == nil:
		return bad("results_info: only for a source of aws")
	case (i.CapsuleID == "") == (i.PipelineID == ""):
		return bad("results_info: one of capsule_id and pipeline_id is required")
	}
	a.Type = "result"
	a.Provenance = &Provenance{
		Commit: i.Commit, RunScript: i.RunScript, Capsule: i.CapsuleID + i.PipelineID, DataAssets: i.DataAssets,
	}
	a.NextflowProfile = i.NextflowProfile
	for _, p := range i.Parameters {
		a.AppParameters = append(a.AppParameters, AppParameter{Name: p.Name, Value: p.Value})
	}
	return nil
}

func (s *Server) checkEndpoint(field, name string) error {
	if name == "" || slices.Contains(s.deploy.Endpoints, name) {
		return nil
	}
	return bad("%s: there is no endpoint %q", field, name)
}

// newID is a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
