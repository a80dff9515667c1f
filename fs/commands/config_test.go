package commands

import (
	"fmt"
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

// TestVariablesOfNoFlag mistypes variables of mount; those of other commands and
// of tests are nothing to it.
func TestVariablesOfNoFlag(t *testing.T) {
	t.Setenv("CODEOCEANFS_MEMORY_LIMT", "1G")
	all := make(map[string]bool)
	for _, f := range mountFlags() {
		all[f.Names()[0]] = true
	}
	for name, near := range map[string]string{
		"MEMORY_LIMT": "MEMORY_LIMIT", "TYPES": "TYPE", "UMSK": "UMASK", "UMSAK": "UMASK", "READONLY": "READ_ONLY", "memory_limit": "MEMORY_LIMIT",
		"CACHEDIR": "CACHE_DIR", "REFRESH_INTERVALL": "REFRESH_INTERVAL", "MAX_API_REQUEST": "MAX_API_REQUESTS", "CONFG": "CONFIG",
		"MEMORY_LIMIT": "", "CONFIG": "", "S3_ENDPOINT": "",
		"MOUNT": "", "DATA": "", "LISTEN": "", "S3_LISTEN": "", "LATENCY": "", "SAMPLES": "", "POPULATE": "",
		"CONN_RATE": "", "TOTAL_RATE": "", "URL_LIFETIME": "", "DRAFT_TIME": "",
		"TEST_FULL": "", "TEST_SOAK": "", "BENCH_ROWS": "", "BENCH_TABLE": "", "MODEL_OPS": "", "MODEL_SEEDS": "", "X": "", "": "",
	} {
		var said strings.Builder
		service.WarnOfVariables(&said, []string{"PATH=/", envPrefix + name + "=secret"}, all)
		want := ""
		if near != "" {
			want = fmt.Sprintf("codeoceanfs: the variable %s does nothing: did you mean %s?\n", envPrefix+name, envPrefix+near)
		}
		if said.String() != want {
			t.Errorf("%s: %q, not %q", name, said.String(), want)
		}
	}
	if _, set := os.LookupEnv("CODEOCEANFS_MEMORY_LIMT"); set {
		t.Error("a background process would say it again")
	}
}
