package emulator

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"codeoceanfs/remote/emulator/files"
)

// record is the asset as the API shows it, in the shapes that the quirks ask
// for.
func (s *Server) record(e *entry, now time.Time, q Quirks) any {
	r := e.Record
	r.State = e.stateAt(now)
	if r.State != "failed" {
		r.FailureReason = ""
	}
	if r.State == "ready" {
		r.Files, r.Size = s.measure(e)
	}
	if !q.FloatTimes {
		r.Created, r.LastUsed, r.LastTransferred = math.Floor(r.Created), math.Floor(r.LastUsed), math.Floor(r.LastTransferred)
	}
	if len(e.Extra) == 0 && !q.FloatTimes && !q.StringSizes && !q.Nulls && !q.UpperProvenance {
		return r
	}
	return reshape(r, e.Extra, q)
}

// fields of a record that may be absent, and are null instead with Nulls.
var optionalFields = []string{
	"files", "size", "description", "owner_email", "tags", "provenance", "source_bucket", "custom_metadata",
	"app_parameters", "nextflow_profile", "contained_data_assets", "last_transferred", "transfer_error", "failure_reason",
}

// reshape writes a record in another of its known shapes.
func reshape(r Record, extra map[string]any, q Quirks) any {
	m := make(map[string]any)
	encoded, err := json.Marshal(r)
	if err != nil {
		return r // a value from asset.json that cannot be said again: said as it is, it will fail there
	}
	if err := strictly(encoded, &m); err != nil {
		return r
	}
	if q.StringSizes && r.Size != nil {
		m["size"] = strconv.FormatInt(*r.Size, 10)
	}
	if q.FloatTimes {
		for _, name := range []string{"created", "last_used", "last_transferred"} {
			if n, ok := m[name].(json.Number); ok {
				f, _ := n.Float64()
				m[name] = math.Floor(f) + 0.25 // a fraction that is there in any float
			}
		}
	}
	if p, ok := m["provenance"].(map[string]any); ok && q.UpperProvenance {
		m["provenance"] = renamed(p, map[string]string{
			"commit": "Commit", "run_script": "RunScript", "docker_image": "DockerImage",
			"capsule": "Capsule", "data_assets": "DataAssets", "computation": "Computation",
		})
	}
	if q.Nulls {
		for _, name := range optionalFields {
			if _, ok := m[name]; !ok {
				m[name] = nil
			}
		}
	}
	for name, value := range extra {
		m[name] = value
	}
	return m
}

func renamed(m map[string]any, names map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for key, value := range m {
		if other, ok := names[key]; ok {
			key = other
		}
		out[key] = value
	}
	return out
}

// measure is how many files an asset has, and of what size together: what its
// record says, or else counted. nil is not known.
func (s *Server) measure(e *entry) (count, size *int64) {
	if e.Files != nil && e.Size != nil {
		return e.Files, e.Size
	}
	e.counted.once.Do(func() { s.count(e) })
	count, size = e.Files, e.Size
	if e.counted.unknown.Load() {
		return count, size
	}
	if count == nil && e.Type != "combined" {
		n := e.counted.files.Load()
		count = &n
	}
	if size == nil {
		n := e.counted.size.Load()
		size = &n
	}
	return count, size
}

func (s *Server) count(e *entry) {
	if e.Type == "combined" {
		for _, c := range e.Contained {
			e.counted.size.Add(c.Size)
		}
		return
	}
	tree, prefix, err := s.source(e)
	if err == nil {
		err = files.Below(tree, prefix, func(_ string, f files.File) error {
			e.counted.files.Add(1)
			e.counted.size.Add(f.Size)
			return nil
		})
	}
	e.counted.unknown.Store(err != nil)
}

// source is where an asset's files lie: its own tree, or a bucket's.
func (s *Server) source(e *entry) (files.Tree, string, error) {
	if !e.external() {
		tree, err := s.fileTree(e.ID)
		return tree, "", err
	}
	b, ok := s.buckets.get(e.SourceBucket.Bucket)
	if !ok {
		return nil, "", bad("bucket %q does not exist", e.SourceBucket.Bucket)
	}
	return b.objects, e.SourceBucket.Prefix, nil
}
