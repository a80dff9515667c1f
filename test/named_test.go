package test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// tests are the texts of all files of tests, by their paths from the top: what
// is said to hold something, in the README and in tables, is looked for there.
type tests map[string]string

func allTests(t *testing.T) tests {
	t.Helper()
	all := make(tests)
	must(t, filepath.WalkDir("..", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, "../")] = string(text)
		return err
	}))
	return all
}

// has looks for a test, or a fuzz target, in a package, or in any if dir is "".
func (all tests) has(dir, name string) bool {
	is := regexp.MustCompile(`(?m)^func ` + regexp.QuoteMeta(name) + `\(\w+ \*testing\.[TF]\)`)
	for file, text := range all {
		if (dir == "" || filepath.Dir(file) == dir) && is.MatchString(text) {
			return true
		}
	}
	return false
}

// hasCase looks for the name of a case of a table, which is not one of faults:
// these only name others.
func (all tests) hasCase(name string) bool {
	for file, text := range all {
		base := filepath.Base(file)
		if (!strings.HasPrefix(base, "fault_") || base == "fault_test.go") && strings.Contains(text, `"`+name+`"`) {
			return true
		}
	}
	return false
}
