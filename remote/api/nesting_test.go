package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Answers nested without end are errors, wherever they are, and end nothing.
func TestNesting(t *testing.T) {
	const depth = 100_000
	for name, deep := range map[string]string{
		"arrays":  strings.Repeat("[", depth) + strings.Repeat("]", depth),
		"objects": strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth),
		"no end":  strings.Repeat("[", depth),
	} {
		for where, format := range map[string]string{"all of it": "%s", "a field": `{"id":"id","results":[{"id":"id","x":%[1]s}],"items":[{"path":"a","x":%[1]s}],"x":%[1]s}`} {
			p := newPlatform(t)
			answer := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, format, deep) }
			p.handle("GET /data_assets/id", answer)
			p.handle("POST /data_assets/search", answer)
			p.handle("POST /data_assets/id/files", answer)
			c := p.client()
			c.calls.Attempts, c.lists.Attempts = 1, 1
			if _, err := c.Get(background(t), "id"); err == nil {
				t.Errorf("%s, %s: a record", name, where)
			}
			if page, err := c.Search(background(t), Query{}, ""); err == nil && len(page.Assets) > 0 {
				t.Errorf("%s, %s: a page of %d", name, where, len(page.Assets))
			}
			if _, err := files(t, c, ""); err == nil && where == "all of it" {
				t.Errorf("%s, %s: a listing", name, where)
			}
		}
	}
}
