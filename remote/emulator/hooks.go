package emulator

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

// Add puts an asset into the deployment, in memory only. An empty ID, Name,
// Mount, Type, State, Owner or creation time is filled in; an asset of the
// same id is replaced. It returns the id.
func (s *Server) Add(a Asset) (string, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	now := time.Now()
	a = copyOf(a)
	if a.ID == "" {
		a.ID = newID()
	}
	if a.Name == "" {
		a.Name = "asset " + a.ID[:min(8, len(a.ID))]
	}
	if a.Type == "" {
		a.Type = "dataset"
	}
	if a.State == "" {
		a.State = "ready"
	}
	if a.Created == 0 {
		a.Created = secondsOf(now)
	}
	e, err := newEntry(s.complete(a), "", time.Time{}, now)
	if err != nil {
		return "", fmt.Errorf("emulator: %w", err)
	}
	s.shelf.put(s.quirksNow().IndexLag, e)
	return a.ID, nil
}

// populated are the files of each asset that Populate adds.
var populated = []Generated{
	{Path: "data.bin", Size: 64 << 10},
	{Path: "session.json", Text: `{"populated": true}` + "\n"},
}

// Populate adds n ready datasets, with names and tags as labs give them and
// ten minutes between their creation times. Each holds data.bin, generated, of
// 64 KiB, and session.json. They take some 900 bytes each.
func (s *Server) Populate(n int) (ids []string, err error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	kinds := []string{"ecephys", "behavior", "multiplane-ophys", "FIP", "SmartSPIM", "exaSPIM"}
	first := time.Date(2019, time.January, 7, 9, 0, 0, 0, time.UTC)
	count, size := int64(len(populated)), populated[0].Size+int64(len(populated[1].Text))
	entries := make([]*entry, 0, n)
	for i := range n {
		when := first.Add(time.Duration(i) * 10 * time.Minute)
		kind := kinds[i%len(kinds)]
		subject := fmt.Sprint(600000 + i/20)
		name := kind + "_" + subject + "_" + when.Format("2006-01-02_15-04-05")
		a := s.complete(Asset{Record: Record{
			ID: idOf(name), Name: name, Type: "dataset", State: "ready", Created: float64(when.Unix()),
			Files: &count, Size: &size, Tags: []string{kind, subject},
		}, Generate: populated})
		e, err := newEntry(a, "", time.Time{}, s.began)
		if err != nil {
			return nil, fmt.Errorf("emulator: %w", err)
		}
		ids = append(ids, a.ID)
		entries = append(entries, e)
	}
	s.shelf.put(s.quirksNow().IndexLag, entries...)
	return ids, nil
}

// Asset returns the asset as it is now, its state included.
func (s *Server) Asset(id string) (Asset, bool) {
	e, ok := s.shelf.get(id)
	if !ok {
		return Asset{}, false
	}
	a := copyOf(e.Asset)
	a.State = e.stateAt(time.Now())
	return a, true
}

// Assets are the ids of all assets, the newest first, as a search that missed
// nothing would list them.
func (s *Server) Assets() []string {
	all := s.shelf.all()
	slices.SortFunc(all, order{field: "created", descending: true}.compare)
	ids := make([]string, len(all))
	for i, e := range all {
		ids[i] = e.ID
	}
	return ids
}

// Change edits an asset in place, as nobody could through the API: its state,
// its owner, its files. The id stays.
func (s *Server) Change(id string, edit func(*Asset)) error {
	_, err := s.change(id, func(e *entry) error {
		e.Asset = copyOf(e.Asset)
		edit(&e.Asset)
		if e.ID != id {
			return errors.New("emulator: an asset's id cannot change")
		}
		return nil
	})
	return err
}

// AddBucket puts a bucket into the deployment, or replaces one of that name;
// objects of the name on disk are in it.
func (s *Server) AddBucket(b Bucket) error {
	b.Generate = slices.Clone(b.Generate)
	return s.buckets.set(b, time.Now(), nil)
}

// PutObject adds objects to a bucket, in memory. What has the same key is
// replaced, and its time of change is now unless Modified says another.
func (s *Server) PutObject(bucket string, objects ...Generated) error {
	return s.buckets.edit(bucket, func(def *Bucket, deleted map[string]bool) {
		for _, o := range objects {
			if o.Modified == 0 {
				o.Modified = time.Now().Unix()
			}
			def.Generate = slices.DeleteFunc(def.Generate, func(g Generated) bool { return g.Path == o.Path })
			def.Generate = append(def.Generate, o)
			delete(deleted, o.Path)
		}
	})
}

// DeleteObject removes objects from a bucket's view; files on disk stay.
func (s *Server) DeleteObject(bucket string, keys ...string) error {
	return s.buckets.edit(bucket, func(_ *Bucket, deleted map[string]bool) {
		for _, key := range keys {
			deleted[key] = true
		}
	})
}

// AddComputation makes a computation that assets can be created from.
func (s *Server) AddComputation(c Computation) error {
	if c.ID == "" {
		return fmt.Errorf("emulator: computation without an id: %w", fs.ErrInvalid)
	}
	s.runs.Lock()
	defer s.runs.Unlock()
	s.computed[c.ID] = c
	return nil
}

// SetTokens replaces the tokens that are let in.
func (s *Server) SetTokens(tokens ...Token) { s.access.setTokens(tokens) }

// SetS3Keys replaces the keys of the S3 endpoint's users.
func (s *Server) SetS3Keys(keys ...S3Key) { s.access.setKeys(keys) }

// RevokeURLs ends every URL signed until now, whatever its expiry says, as
// when the signer's own session ends (ExpiredToken).
func (s *Server) RevokeURLs() { s.access.rotate() }

// SetShape changes how slow the network is, also for open connections.
func (s *Server) SetShape(shape Shape) { s.net.SetShape(shape) }

// Inject makes requests fail until remove is called. Of several faults that
// match, the one injected first and not yet used up applies.
func (s *Server) Inject(f Fault) (remove func()) { return s.net.Inject(f) }

// Counts is what each route has seen since the start or the last ResetCounts:
// "search", "get", "create", "update", "archive", "permissions.get",
// "permissions.set", "delete", "transfer", "files", "urls", "download_url",
// "metadata", and on the S3 side "s3.ListBuckets", "s3.HeadBucket",
// "s3.GetBucketLocation", "s3.ListObjects", "s3.ListObjectsV2",
// "s3.HeadObject", "s3.GetObject"; "other" and "s3.other" for the rest.
func (s *Server) Counts() map[string]Count { return s.net.Counts() }

// Requests is Counts of one route, its requests alone.
func (s *Server) Requests(route string) int64 { return s.net.Counts()[route].Requests }

// ResetCounts starts counting anew.
func (s *Server) ResetCounts() { s.net.ResetCounts() }

// Conns counts connections.
type Conns struct{ Accepted, Open int64 }

// Conns is how many connections the API's side and the S3 side have accepted,
// and how many are open now.
func (s *Server) Conns() (api, s3 Conns) {
	s.listening.mu.Lock()
	defer s.listening.mu.Unlock()
	if s.listening.api != nil {
		api.Accepted, api.Open = s.listening.api.wire.Conns()
		s3.Accepted, s3.Open = s.listening.s3.wire.Conns()
	}
	return api, s3
}
