package mountpoint

import (
	"errors"
	"os"
	"strings"
)

const fuseConf = "/etc/fuse.conf"

// CheckAllowOther tells whether this user may let other users into a mount: an
// administrator has to allow it once for the machine.
func CheckAllowOther() error {
	if os.Geteuid() == 0 {
		return nil
	}
	conf, err := os.ReadFile(fuseConf)
	if err == nil {
		for line := range strings.Lines(string(conf)) {
			if strings.TrimSpace(line) == "user_allow_other" {
				return nil
			}
		}
	}
	return errors.New("--allow-other is not allowed here: an administrator has to add the line user_allow_other to " + fuseConf)
}
