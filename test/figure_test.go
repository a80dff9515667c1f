package test

import (
	"encoding/json"
	"os"
	"testing"
)

// figuresVar names a file that figures are added to, a line of JSON each.
const figuresVar = "CODEOCEANFS_TEST_FIGURES"

// figure logs what a test has found out, and keeps it for the table of all
// figures. good is nil where there is nothing to be reached.
func figure(t testing.TB, what string, value any, good any) {
	t.Helper()
	t.Logf("%s: %v", what, value)
	name := os.Getenv(figuresVar)
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	must(t, err)
	defer f.Close()
	must(t, json.NewEncoder(f).Encode(struct {
		Test  string `json:"test"`
		What  string `json:"figure"`
		Value any    `json:"value"`
		Good  any    `json:"good,omitempty"`
	}{t.Name(), what, value, good}))
}
