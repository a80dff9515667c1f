package emulator

import (
	"fmt"
	"slices"
)

// metadataSchema answers the deployment's custom metadata.
func (s *Server) metadataSchema(*call) (any, error) {
	if s.deploy.CustomMetadata == nil {
		return Schema{Fields: []Field{}, Categories: []string{}}, nil
	}
	return s.deploy.CustomMetadata, nil
}

// check tells what is wrong with an asset's metadata; without a schema nothing is.
func (sc *Schema) check(values map[string]any) error {
	if sc == nil {
		return nil
	}
	for name, value := range values {
		i := slices.IndexFunc(sc.Fields, func(f Field) bool { return f.Name == name })
		if i < 0 {
			return bad("custom_metadata: there is no field %q", name)
		}
		if err := sc.Fields[i].check(value); err != nil {
			return bad("custom_metadata: %s: %v", name, err)
		}
	}
	for _, f := range sc.Fields {
		if _, ok := values[f.Name]; f.Required && !ok {
			return bad("custom_metadata: %s is required", f.Name)
		}
	}
	return nil
}

func (f Field) check(value any) error {
	if many, ok := value.([]any); ok {
		if !f.Multiple {
			return fmt.Errorf("takes one value")
		}
		for _, one := range many {
			if err := f.checkOne(one); err != nil {
				return err
			}
		}
		return nil
	}
	return f.checkOne(value)
}

func (f Field) checkOne(value any) error {
	n, isNumber := value.(float64)
	_, isText := value.(string)
	switch {
	case f.Type == "string" && !isText:
		return fmt.Errorf("%v is not a string", value)
	case f.Type != "string" && !isNumber:
		return fmt.Errorf("%v is not a number", value)
	case f.Range != nil && isNumber && !f.Range.holds(n):
		return fmt.Errorf("%v is out of range", value)
	case len(f.AllowedValues) > 0 && !slices.Contains(f.AllowedValues, value):
		return fmt.Errorf("%v is not one of %v", value, f.AllowedValues)
	}
	return nil
}
