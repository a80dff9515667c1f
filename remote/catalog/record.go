package catalog

import (
	"crypto/sha256"
	"encoding/binary"

	"codeoceanfs/remote/api"
)

// record is what is kept of one asset as it was at one time. It is not changed
// once it is in a table.
type record struct {
	asset    api.Asset // without its long fields
	raw      packed
	sum      uint64 // of the raw record, to see that it has changed
	archived bool   // only a search can tell; no record does
}

func (r *record) entry(dir string) Entry {
	return Entry{Asset: &r.asset, Dir: dir, Archived: r.archived, raw: r.raw, sum: r.sum}
}

func (r *record) key() dirKey { return dirKey{r.archived, r.asset.Type} }

// is reports whether the record says the same as other.
func (r *record) is(other *record) bool {
	return r.sum == other.sum && r.archived == other.archived
}

// fingerprint is cut from SHA-256, so that it is the same in every process, and
// nobody can write two records with one fingerprint.
func fingerprint(raw []byte) uint64 {
	sum := sha256.Sum256(raw)
	return binary.LittleEndian.Uint64(sum[:8])
}

// interner makes equal strings share their bytes: 100,000 assets have a few
// hundred owners, buckets and tags. Its zero value shares nothing.
type interner map[string]string

func (in interner) string(s string) string {
	if in == nil {
		return s
	}
	if one, ok := in[s]; ok {
		return one
	}
	in[s] = s
	return s
}

// slim is a without what is long and seldom asked for.
func (in interner) slim(a *api.Asset) api.Asset {
	s := *a
	s.Raw, s.Description, s.Provenance, s.CustomMetadata = nil, "", nil, nil
	if s.Mount == s.Name {
		s.Mount = s.Name // the usual case: one string for all
	}
	if s.Source.Prefix == s.Name {
		s.Source.Prefix = s.Name
	}
	s.Type = api.Type(in.string(string(s.Type)))
	s.State = api.State(in.string(string(s.State)))
	s.Owner, s.OwnerEmail = in.string(s.Owner), in.string(s.OwnerEmail)
	s.Source.Origin, s.Source.Bucket = in.string(s.Source.Origin), in.string(s.Source.Bucket)
	s.Tags = make([]string, len(a.Tags))
	for i, tag := range a.Tags {
		s.Tags[i] = in.string(tag)
	}
	return s
}
