package mountpoint

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Flags are the flags of the mount(2) call: nothing in a mount is a device or
// changes the user, whatever its owner of the data thinks of it.
func Flags(readOnly bool) uintptr {
	flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV)
	if readOnly {
		flags |= unix.MS_RDONLY
	}
	return flags
}

// SetReadAhead sets how many bytes the kernel reads ahead in a mount. FUSE has
// no other way to raise it over 128 KiB, and it takes root's rights.
func (d Device) SetReadAhead(bytes int) error {
	knob := fmt.Sprintf("/sys/class/bdi/%d:%d/read_ahead_kb", d.major, d.minor)
	return os.WriteFile(knob, []byte(strconv.Itoa(bytes/1024)), 0)
}
