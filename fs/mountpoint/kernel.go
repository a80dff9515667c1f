package mountpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"

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
	return os.WriteFile(d.Knob(), []byte(strconv.Itoa(bytes/1024)), 0)
}

// ReadAhead is how many bytes the kernel reads ahead.
func (d Device) ReadAhead() (bytes int, err error) {
	raw, err := os.ReadFile(d.Knob())
	if err != nil {
		return 0, err
	}
	kb, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	return kb * 1024, err
}

// Knob is the file that sets it.
func (d Device) Knob() string {
	return fmt.Sprintf("/sys/class/bdi/%d:%d/read_ahead_kb", d.major, d.minor)
}
