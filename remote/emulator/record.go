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
	if len(e.Extra) == 0 && !q.reshapes() {
		return r
	}
	return reshape(r, e.Extra, q)
}

// reshapes reports whether records are not sent as they are kept.
func (q Quirks) reshapes() bool {
	return q.StringSizes || q.FloatSizes || q.FloatTimes || q.StringFlags || q.Sparse || q.Nulls || q.ExtraFields || q.UpperProvenance
}

// size is a number of bytes in the shape that the quirks ask for.
func (q Quirks) size(n int64) any {
	switch {
	case q.StringSizes:
		return strconv.FormatInt(n, 10)
	case q.FloatSizes:
		return json.Number(strconv.FormatFloat(float64(n), 'f', 1, 64))
	}
	return n
}

// flag is true or false, likewise.
func (q Quirks) flag(b bool) any {
	if q.StringFlags {
		return strconv.FormatBool(b)
	}
	return b
}

// sparseFields of a record say nothing about where its files are and what they
// are called.
var sparseFields = []string{
	"files", "size", "description", "owner", "owner_email", "tags", "mount", "last_used", "custom_metadata", "app_parameters",
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
	if r.Size != nil {
		m["size"] = q.size(*r.Size)
	}
	if bucket, ok := m["source_bucket"].(map[string]any); ok {
		bucket["external"] = q.flag(bucket["external"] == true)
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
	if q.Sparse {
		for _, name := range sparseFields {
			delete(m, name)
		}
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
	if q.ExtraFields {
		q.extend(m)
	}
	return m
}

// extend adds fields that nobody knows to an object and those in it.
func (q Quirks) extend(v any) {
	switch v := v.(type) {
	case []any:
		for _, each := range v {
			q.extend(each)
		}
	case map[string]any:
		for _, each := range v {
			q.extend(each)
		}
		v["x_number"], v["x_object"] = 1e300, map[string]any{"items": []any{nil, "x"}, "id": 7}
	}
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
