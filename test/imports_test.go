package test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "codeoceanfs"

// arrows says what each package of ours may import of ours, tests aside. They
// point one way: main → fs → control → remote, and fs → cache. The cache knows
// no HTTP, remote no FUSE, and the emulator nothing of the client: a field name
// that both got wrong must not cancel itself out.
var arrows = map[string][]string{
	"":                        {"fs/commands", "fs/daemon"},
	"cache":                   {"cache/..."},
	"control":                 {"control/request", "remote", "remote/fault"},
	"control/client":          {"control/request"},
	"control/journal":         {"control/request"},
	"control/request":         {"remote/api"},
	"control/run":             {"control/journal", "control/request", "remote", "remote/api", "remote/catalog", "remote/fault"},
	"fs":                      {"cache", "control", "control/...", "fs/follow", "fs/mountpoint", "remote", "remote/api", "remote/catalog", "remote/fault", "remote/names", "remote/transport"},
	"fs/commands":             {"control/client", "control/request", "fs/daemon", "fs/doctor", "fs/inventory", "fs/mountpoint", "fs/service", "fs/warm", "remote/api", "remote/bucket", "remote/emulator", "remote/emulator/samples"},
	"fs/daemon":               {},
	"fs/doctor":               {"cache/disk", "fs/mountpoint", "fs/service", "remote/api", "remote/bucket", "remote/fault"},
	"fs/follow":               {},
	"fs/inventory":            {"cache/disk", "remote"},
	"fs/mountpoint":           {},
	"fs/service":              {"cache", "control/...", "fs", "fs/mountpoint", "remote", "remote/..."},
	"fs/warm":                 {"fs/mountpoint"},
	"test":                    {"..."},
	"remote":                  {"remote/api", "remote/bucket", "remote/catalog", "remote/fault", "remote/names", "remote/transport"},
	"remote/api":              {"remote/fault", "remote/transport"},
	"remote/bucket":           {"remote/fault", "remote/transport"},
	"remote/catalog":          {"remote/api", "remote/fault", "remote/names"},
	"remote/emulator":         {"remote/emulator/..."},
	"remote/emulator/samples": {},
	"remote/fault":            {},
	"remote/names":            {},
	"remote/transport":        {"remote/fault"},
}

// homes says which packages may import a library; the emulator and the tests
// may use what they need to check us.
var homes = map[string][]string{
	"github.com/hanwen/go-fuse":       {"fs"},
	"github.com/aws/":                 {"remote/bucket", "remote/emulator/..."},
	"github.com/hashicorp/golang-lru": {"cache/..."},
	"github.com/urfave/cli":           {"fs/commands"},
	"github.com/docker/go-units":      {"fs/commands", "fs/doctor", "fs/inventory", "fs/warm"},
	"gopkg.in/yaml.v3":                {"fs/service"},
	"github.com/moby/sys/mountinfo":   {"fs/mountpoint"},
	"github.com/prometheus/":          {"control"},
	"golang.org/x/":                   {"..."},
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		for _, imported := range p.Imports {
			check(t, name, imported)
		}
	}
}

func check(t *testing.T, name, imported string) {
	if ours, ok := strings.CutPrefix(imported, module+"/"); ok {
		allowed, ok := rule(name)
		if !ok {
			t.Errorf("package %q is in no table of what it may import: add it", name)
		} else if !slices.ContainsFunc(allowed, func(p string) bool { return within(ours, p) }) {
			t.Errorf("package %q may not import %q", name, ours)
		}
		return
	}
	if !strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") {
		return // of the standard library
	}
	for library, allowed := range homes {
		if strings.HasPrefix(imported, library) {
			if !slices.ContainsFunc(allowed, func(p string) bool { return within(name, p) }) {
				t.Errorf("package %q imports %s, whose home is %q", name, imported, allowed)
			}
			return
		}
	}
	t.Errorf("package %q imports %s, which has no home: add it to the table, or do without", name, imported)
}

// rule finds what a package may import: its own line, or that of the nearest
// package above it.
func rule(name string) ([]string, bool) {
	for {
		if allowed, ok := arrows[name]; ok {
			return allowed, true
		}
		above, _, _ := cutLast(name, "/")
		if above == name || above == "" {
			return nil, false
		}
		name = above
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// within matches a package with a pattern: a package, or one with "..." for all
// below it.
func within(name, pattern string) bool {
	if below, ok := strings.CutSuffix(pattern, "..."); ok {
		return strings.HasPrefix(name+"/", below)
	}
	return name == pattern
}
