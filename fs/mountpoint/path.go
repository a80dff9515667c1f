package mountpoint

import (
	"os"
	"strings"
)

// helperDirs are the system's directories in which programs are that run with
// root's rights.
var helperDirs = []string{"/usr/bin", "/bin", "/usr/local/bin", "/run/wrappers/bin"}

// WithTrustedPath does what looks for the helper by PATH, which is the user's,
// with one of the system's directories alone. Programs that are started
// meanwhile have it too.
func WithTrustedPath(do func()) {
	before, set := os.LookupEnv("PATH")
	os.Setenv("PATH", strings.Join(helperDirs, ":"))
	defer func() {
		if set {
			os.Setenv("PATH", before)
		} else {
			os.Unsetenv("PATH")
		}
	}()
	do()
}
