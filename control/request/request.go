// Package request decodes and checks what people write to change assets: one
// JSON object, in the API's own field names, for one [Verb]. What passes is
// complete and well-formed, and whatever does not is refused with the name of
// the field; nothing is sent anywhere from here, and nothing is looked up.
//
// What each verb takes is one table, which checks requests and prints the
// manual ([Manual]). Everything here is pure and safe for concurrent use.
package request

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"codeoceanfs/remote/api"
)

// Request is one request, checked.
type Request struct {
	Verb Verb
	ID   string // the asset's, or
	Path string // where it is in the mount; both empty for create

	Create      *api.CreateRequest   // of create
	Update      *Change              // of update
	Permissions *api.Permissions     // of permissions
	Transfer    *api.TransferRequest // of transfer

	// Sum tells requests apart: it is the same for bodies that mean the same,
	// whatever their spaces and order. It says nothing about secrets in it.
	Sum string
	// Shown is the body without its secrets, to be kept and shown.
	Shown json.RawMessage

	secrets []string
}

// Change is what update does: fields that are nil stay.
type Change struct {
	api.UpdateRequest
	TagsAdd    []string                   `json:"tags_add"`
	TagsRemove []string                   `json:"tags_remove"`
	Expect     map[string]json.RawMessage `json:"expect"` // what the record must say, by field
}

// Decode reads a request for verb. Every error is an [*Error].
func Decode(verb Verb, body []byte) (*Request, error) {
	s, ok := specs[verb]
	if !ok {
		return nil, invalid("", "there is no verb %q", verb)
	}
	v, err := parse(body)
	if err != nil {
		return nil, err
	}
	if err := check("", v, s.fields); err != nil {
		return nil, err
	}
	if err := s.rules(v); err != nil {
		return nil, err
	}
	r := &Request{Verb: verb}
	r.ID, _ = v["id"].(string)
	r.Path, _ = v["path"].(string)
	withoutNulls(v, verb == Update)
	if err := r.fill(v); err != nil {
		return nil, err
	}
	if r.Sum, err = sum(verb, v); err != nil {
		return nil, invalid("", "%s", err)
	}
	r.secrets = hide(v, s.fields)
	if r.Shown, err = encode(v); err != nil {
		return nil, invalid("", "%s", err)
	}
	return r, nil
}

// fill puts the checked object into the API's own types.
func (r *Request) fill(v map[string]any) error {
	var into any
	switch r.Verb {
	case Create:
		r.Create = &api.CreateRequest{}
		into = r.Create
	case Update:
		r.Update = &Change{}
		into = r.Update
	case Permissions:
		r.Permissions = &api.Permissions{}
		into = r.Permissions
	case Transfer:
		r.Transfer = &api.TransferRequest{}
		into = r.Transfer
	default:
		return nil
	}
	raw, err := encode(v)
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		err = d.Decode(into)
	}
	if err != nil { // the table and the types disagree
		return invalid("", "%s", err)
	}
	return nil
}

// withoutNulls takes out fields that are null: they are as good as absent. In
// custom metadata of an update a null means that the value is to go.
func withoutNulls(v map[string]any, keepMetadata bool) {
	for name, value := range v {
		switch value := value.(type) {
		case nil:
			delete(v, name)
		case map[string]any:
			if name == "custom_metadata" && keepMetadata {
				continue
			}
			withoutNulls(value, keepMetadata)
		case []any:
			for _, each := range value {
				if o, ok := each.(map[string]any); ok {
					withoutNulls(o, keepMetadata)
				}
			}
		}
	}
}

// sum is a hash of what is asked for. Maps are encoded in order of their keys.
func sum(verb Verb, v map[string]any) (string, error) {
	raw, err := encode(v)
	if err != nil {
		return "", err
	}
	h := sha256.Sum256(append([]byte(verb+"\x00"), raw...))
	return hex.EncodeToString(h[:]), nil
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// Hidden is what a secret is shown as.
const Hidden = "(not shown)"

// hide replaces what is secret, and returns it.
func hide(v map[string]any, fields []field) (secrets []string) {
	for _, f := range fields {
		switch value := v[f.name].(type) {
		case string:
			if f.secret {
				v[f.name] = Hidden
				secrets = append(secrets, value)
			}
		case map[string]any:
			secrets = append(secrets, hide(value, f.fields)...)
		case []any:
			for _, each := range value {
				if o, ok := each.(map[string]any); ok {
					secrets = append(secrets, hide(o, f.fields)...)
				}
			}
		}
	}
	return secrets
}

// minSecret is the shortest part of a secret that Conceal looks for: an answer
// may be cut off in the middle of it.
const minSecret = 8

// Conceal takes the request's secrets out of a text, also as they are quoted.
func (r *Request) Conceal(text string) string {
	for _, secret := range r.secrets {
		if len(secret) < minSecret/2 {
			continue // it hides nothing, and would hide all
		}
		for _, s := range []string{secret, strings.Trim(strconv.Quote(secret), `"`)} {
			for n := len(s); n >= min(minSecret, len(s)) && n > 0; n-- {
				text = strings.ReplaceAll(text, s[:n], Hidden)
			}
		}
	}
	return text
}

var secrets = regexp.MustCompile(`(?i)("[^"\\]*(?:secret|token|passw|credential|access_?key|private_?key)[^"\\]*"\s*:\s*)` +
	`("(?:\\.|[^"\\])*"?|[\[{][^\]}]*[\]}]?|[^\s",}\]]+)`)

// Conceal takes the secrets out of a body that was refused: one that is not
// well-formed, perhaps, or has a secret where none belongs, so that this goes by
// the look of it. A body whose look may deceive is not shown at all.
func Conceal(body []byte) []byte {
	if bytes.Contains(body, []byte(`\u00`)) {
		return nil
	}
	return secrets.ReplaceAll(body, []byte(`${1}"`+Hidden+`"`))
}

// Known reports whether verb is one.
func Known(verb string) bool { return slices.Contains(Verbs, Verb(verb)) }
