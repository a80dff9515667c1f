package control

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Metrics are the numbers of the status in the text format of Prometheus: each
// by its path in status.json, as codeoceanfs_catalog_assets.
func (s Status) Metrics() []byte {
	raw, err := s.JSON()
	if err != nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var tree map[string]any
	if err := d.Decode(&tree); err != nil {
		return nil
	}
	var b bytes.Buffer
	delete(tree, "hidden") // names of files; how many is enough
	tree["hidden"] = json.Number(fmt.Sprint(s.Hidden.Count))
	flatten(&b, "codeoceanfs", tree)
	fmt.Fprintf(&b, "codeoceanfs_started_seconds %d\n", s.Started.Unix())
	return b.Bytes()
}

func flatten(b *bytes.Buffer, name string, value any) {
	switch v := value.(type) {
	case json.Number:
		fmt.Fprintf(b, "%s %s\n", name, v)
	case bool:
		n := 0
		if v {
			n = 1
		}
		fmt.Fprintf(b, "%s %d\n", name, n)
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			flatten(b, name+"_"+strings.ToLower(key), v[key])
		}
	}
}
