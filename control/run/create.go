package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"codeoceanfs/control/journal"
	"codeoceanfs/control/request"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/fault"
)

const (
	// skew is how far the platform's clock may be from ours.
	skew = 10 * time.Minute
	// adoptTime is how long to look for an asset whose create was not answered:
	// the platform's index shows it seconds after it was made.
	adoptTime = 20 * time.Second
	// adoptPoll is how often.
	adoptPoll = 2 * time.Second
)

// create makes an asset. It is sent once: when nobody knows what became of it,
// now or since an earlier time, an asset is looked for that is like it.
func (r *Runner) create(ctx context.Context, req *request.Request, rec journal.Record, again bool) (*journal.Asset, error) {
	body := *req.Create
	var err error
	if body.DataAssetIDs, err = r.resolveAll(ctx, "data_asset_ids", body.DataAssetIDs); err != nil {
		return nil, err
	}
	if body.ResultsInfo != nil {
		info := *body.ResultsInfo
		if info.DataAssets, err = r.resolveAll(ctx, "results_info.data_assets", info.DataAssets); err != nil {
			return nil, err
		}
		body.ResultsInfo = &info
	}
	if !again {
		if err := r.checkMetadata(ctx, body.CustomMetadata, true); err != nil {
			return nil, err
		}
	}
	made, err := (*api.Asset)(nil), error(&fault.Error{Op: "create asset", Kind: fault.ErrUnknown})
	if !again {
		rec.Submitted = time.Now()
		made, err = r.dep.API.Create(ctx, body)
	}
	if errors.Is(err, fault.ErrUnknown) {
		made, err = r.adopt(ctx, body, rec, err)
	}
	if err != nil {
		return nil, err
	}
	r.dep.Catalog.Put(made)
	return r.asset(ctx, made.ID), nil
}

// adopt looks for the asset that a create has made whose answer was lost.
// Whose it is must be sure: while another request like this one is open, too, it
// may be that one's.
func (r *Runner) adopt(ctx context.Context, body api.CreateRequest, rec journal.Record, lost error) (*api.Asset, error) {
	for deadline := time.Now().Add(adoptTime); ; {
		taken, rival, err := r.made(rec)
		if err != nil {
			return nil, errors.Join(lost, err)
		}
		found, err := r.alike(ctx, body, rec.Submitted, taken)
		switch {
		case err != nil:
			return nil, errors.Join(lost, err)
		case len(found) == 1 && rival == "":
			return found[0], nil
		case len(found) > 1:
			return nil, &fault.Error{Op: "create asset", Kind: fault.ErrUnknown, Err: fmt.Errorf("%d assets are like it: %s", len(found), ids(found))}
		case len(found) == 1 && time.Now().After(deadline):
			return nil, &fault.Error{Op: "create asset", Kind: fault.ErrUnknown, Err: fmt.Errorf("asset %s is like it, and may be that of %s", found[0].ID, rival)}
		case time.Now().After(deadline):
			return nil, lost
		}
		select {
		case <-ctx.Done():
			return nil, lost
		case <-time.After(adoptPoll):
		}
	}
}

// made are the assets that other requests have made: they are not this one's.
// rival is another request for the same of which nobody knows yet what it made.
func (r *Runner) made(of journal.Record) (taken map[string]bool, rival string, err error) {
	all, err := r.cfg.Journal.All()
	if err != nil {
		return nil, "", err
	}
	taken = map[string]bool{}
	for _, rec := range all {
		switch {
		case rec.Verb != request.Create || rec.Key == of.Key:
		case rec.Asset != nil:
			taken[rec.Asset.ID] = true
		case rec.Sum == of.Sum && rec.State != journal.Failed:
			rival = string(rec.Verb) + "/" + rec.Key + ".json"
		}
	}
	return taken, rival, nil
}

// alike are the assets that the request may have made: young enough, and equal
// in all that it says about them.
func (r *Runner) alike(ctx context.Context, body api.CreateRequest, submitted time.Time, taken map[string]bool) ([]*api.Asset, error) {
	var found []*api.Asset
	for a, err := range r.dep.API.SearchAll(ctx, api.Query{SortField: "created", SortOrder: "desc"}) {
		switch {
		case err != nil:
			return nil, err
		case !a.Created.IsZero() && a.Created.Before(submitted.Add(-skew)):
			return found, nil
		case !taken[a.ID] && like(a, body):
			found = append(found, a)
		}
	}
	return found, nil
}

// like compares what a request and a record both say.
func like(a *api.Asset, body api.CreateRequest) bool {
	if a.Name != body.Name || a.Mount != body.Mount || a.Description != body.Description || !slices.Equal(a.Tags, body.Tags) {
		return false
	}
	if len(body.DataAssetIDs) > 0 {
		var members []string
		for _, c := range a.Contained {
			members = append(members, c.ID)
		}
		want := slices.Clone(body.DataAssetIDs)
		slices.Sort(want)
		slices.Sort(members)
		return a.Type == api.Combined && slices.Equal(members, want)
	}
	if a.Type == api.Combined {
		return false
	}
	src := body.Source
	switch {
	case src == nil:
		return false
	case src.AWS != nil && !src.AWS.UseInputBucket:
		return a.Source.Bucket == "" || a.Source.Bucket == src.AWS.Bucket && samePrefix(a.Source.Prefix, src.AWS.Prefix)
	case src.GCP != nil:
		return a.Source.Bucket == "" || a.Source.Bucket == src.GCP.Bucket && samePrefix(a.Source.Prefix, src.GCP.Prefix)
	case src.Computation != nil && a.Provenance != nil:
		return a.Provenance.Computation == "" || a.Provenance.Computation == src.Computation.ID
	}
	return true
}

func samePrefix(a, b string) bool { return strings.Trim(a, "/") == strings.Trim(b, "/") }

func ids(assets []*api.Asset) string {
	all := make([]string, len(assets))
	for i, a := range assets {
		all[i] = a.ID
	}
	return strings.Join(all, ", ")
}
