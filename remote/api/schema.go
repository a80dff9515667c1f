package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
)

// MetadataSchema is the custom metadata that a deployment's administrator
// defined for its assets.
type MetadataSchema struct {
	Fields     []MetadataField
	Categories []string
	Raw        json.RawMessage // as the platform sent it
}

// MetadataField is one field of custom metadata.
type MetadataField struct {
	Name          string
	Type          string   // "string", "number", "date"
	Min, Max      *float64 // nil: open
	AllowedValues []string // nil: any
	Multiple      bool
	Units         string
	Category      string
	Required      bool
}

// MetadataSchema returns the deployment's custom metadata.
func (c *Client) MetadataSchema(ctx context.Context) (*MetadataSchema, error) {
	var s *MetadataSchema
	err := c.do(ctx, &call{
		op: "get custom metadata", method: http.MethodGet, path: []string{"custom_metadata"},
	}, func(body io.Reader, _ http.Header) error {
		raw, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		s, err = decodeSchema(raw)
		return err
	})
	return s, err
}

func decodeSchema(raw []byte) (*MetadataSchema, error) {
	var r struct {
		Fields list[struct {
			Name  text `json:"name"`
			Type  text `json:"type"`
			Range struct {
				Min *float64 `json:"min"`
				Max *float64 `json:"max"`
			} `json:"range"`
			AllowedValues list[text] `json:"allowed_values"`
			Multiple      flag       `json:"multiple"`
			Units         text       `json:"units"`
			Category      text       `json:"category"`
			Required      flag       `json:"required"`
		}] `json:"fields"`
		Categories list[text] `json:"categories"`
	}
	if err := decodeInto(raw, &r); err != nil {
		return nil, err
	}
	s := &MetadataSchema{Categories: texts(r.Categories), Raw: raw}
	for _, f := range r.Fields {
		s.Fields = append(s.Fields, MetadataField{
			Name: string(f.Name), Type: string(f.Type), Min: f.Range.Min, Max: f.Range.Max,
			AllowedValues: texts(f.AllowedValues), Multiple: bool(f.Multiple),
			Units: string(f.Units), Category: string(f.Category), Required: bool(f.Required),
		})
	}
	return s, nil
}
