package commands

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
	"github.com/urfave/cli/v2/altsrc"

	"codeoceanfs/fs/service"
)

// TestConfigKinds sets each flag of mount to something else than it is, in the
// file: the words are of its own kind, so that none is left to the library's.
func TestConfigKinds(t *testing.T) {
	all := mountFlags()
	text := make(map[string]bool)
	for _, f := range all {
		_, text[f.Names()[0]] = f.(*altsrc.StringFlag)
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	refused := func(name, value, want string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(name+": "+value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := service.ReadConfig(file, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s: %v, not %q", name, value, err, want)
		}
	}
	for _, f := range all {
		name := f.Names()[0]
		switch f.(type) {
		case *altsrc.StringFlag:
			refused(name, "[x]", "one value, not a list")
		case *altsrc.StringSliceFlag:
			refused(name, "[[x]]", "each item of the list")
		case *altsrc.BoolFlag:
			refused(name, "maybe", "neither true nor false")
		case *altsrc.IntFlag:
			refused(name, "some", "not a whole number")
		case *altsrc.DurationFlag:
			refused(name, "some", "not a duration")
		case *cli.StringFlag: // --config itself
		default:
			t.Errorf("%s is a %T", name, f)
		}
	}
}
