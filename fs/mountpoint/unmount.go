package mountpoint

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// helperTime is how long fusermount3 may take. It only makes a system call.
const helperTime = 10 * time.Second

// Unmount takes a mount of ours away, and refuses to touch any other. A lazy
// one takes it out of the tree at once, whoever still uses it.
func Unmount(dir string, lazy bool) error {
	abs := Resolve(dir)
	m, err := find(abs)
	switch {
	case err != nil:
		return err
	case m == nil:
		return fmt.Errorf("%s: nothing is mounted there", dir)
	case m.FSType != "fuse."+Type:
		return fmt.Errorf("%s is a mount of type %s, not of %s: use umount", dir, m.FSType, Type)
	}
	if uid := owner(m.VFSOptions); os.Geteuid() != 0 && uid != "" && uid != strconv.Itoa(os.Geteuid()) {
		return fmt.Errorf("%s is another user's mount: only user %s and root can take it away", dir, uid)
	}
	err = unmount(abs, lazy)
	switch {
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%s is in use: close the programs that have files of it open or stand in it, or add --lazy to leave them behind", dir)
	case err != nil:
		return fmt.Errorf("unmount %s: %w", dir, err)
	}
	return nil
}

// owner is the number of the user who made a mount, by the options that it has
// in the table, or "".
func owner(options string) string {
	for option := range strings.SplitSeq(options, ",") {
		if uid, ok := strings.CutPrefix(option, "user_id="); ok {
			return uid
		}
	}
	return ""
}

// Device is a mount as the kernel numbers it.
type Device struct{ major, minor int }

// DeviceAt is the device of the mount at abs.
func DeviceAt(abs string) (Device, error) {
	m, err := find(abs)
	if err != nil {
		return Device{}, err
	}
	if m == nil {
		return Device{}, fmt.Errorf("%s is not in the table of mounts", abs)
	}
	return Device{m.Major, m.Minor}, nil
}

// Remove takes the mount at abs away, if it still is the device, and lazily if
// it is in use: its process is about to end.
func Remove(abs string, device Device) error {
	if now, err := DeviceAt(abs); err != nil || now != device {
		return err // somebody else's by now, or nobody's
	}
	err := unmount(abs, false)
	if errors.Is(err, unix.EBUSY) {
		err = unmount(abs, true)
	}
	if err != nil {
		return fmt.Errorf("unmount %s: %w", abs, err)
	}
	return nil
}

func unmount(abs string, lazy bool) error {
	if os.Geteuid() != 0 {
		return helper(abs, lazy)
	}
	flags := unix.UMOUNT_NOFOLLOW
	if lazy {
		flags |= unix.MNT_DETACH
	}
	return unix.Unmount(abs, flags)
}

// Resolve makes dir absolute and follows symbolic links, also in front of what
// does not exist, or cannot be looked at because it is a dead mount.
func Resolve(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return dir // without a working directory, as it is
	}
	for parent, rest := abs, ""; ; {
		if real, err := filepath.EvalSymlinks(parent); err == nil {
			return filepath.Join(real, rest)
		}
		if parent == filepath.Dir(parent) {
			return abs
		}
		parent, rest = filepath.Dir(parent), filepath.Join(filepath.Base(parent), rest)
	}
}

// helper unmounts for a user who is not root.
func helper(abs string, lazy bool) error {
	bin := Helper()
	if bin == "" {
		return errors.New("no fusermount3 here: install the package fuse3")
	}
	args := []string{"-u"}
	if lazy {
		args = append(args, "-z")
	}
	ctx, cancel := context.WithTimeout(context.Background(), helperTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, bin, append(args, "--", abs)...).CombinedOutput()
	if err == nil {
		return nil
	}
	if strings.Contains(strings.ToLower(string(out)), "busy") {
		return syscall.EBUSY
	}
	return fmt.Errorf("%s: %s", filepath.Base(bin), strings.TrimSpace(string(out)))
}
