package doctor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"codeoceanfs/fs/mountpoint"
	"codeoceanfs/fs/service"
)

// machine looks at what mounting needs of this machine.
func (r *Report) machine(s *service.Settings) {
	known, err := os.ReadFile("/proc/filesystems")
	var uname unix.Utsname
	kernel := ""
	if unix.Uname(&uname) == nil {
		kernel = unix.ByteSliceToString(uname.Release[:])
	}
	switch {
	case err != nil:
		r.line(note, "kernel", "which file systems it knows cannot be read: "+err.Error(), "")
	case slices.Contains(strings.Fields(string(known)), "fuse"):
		r.line(ok, "kernel", kernel+", with FUSE", "")
	default:
		r.line(mend, "kernel", kernel+" has no FUSE", "load it: sudo modprobe fuse; in a container the host has to")
	}
	if err := mountpoint.CheckDevice(); err != nil {
		r.failed(mend, "device", err)
	} else {
		r.line(ok, "device", "/dev/fuse can be opened", "")
	}
	r.helper()
	switch err := mountpoint.CheckAllowOther(); {
	case err == nil:
		r.line(ok, "other users", "--allow-other is allowed here", "")
	case s.AllowOther:
		r.failed(mend, "other users", err)
	default:
		r.line(ok, "other users", "are kept out: /etc/fuse.conf does not allow --allow-other, which was not asked for", "")
	}
	if s.Point != "" {
		r.point(mountpoint.Resolve(s.Point))
	}
}

// helper looks at the program that mounts for users who are not root.
func (r *Report) helper() {
	bin := mountpoint.Helper()
	info, err := os.Stat(bin)
	switch root := os.Geteuid() == 0; {
	case bin == "" && root:
		r.line(note, "fusermount3", "is not here; root mounts without it, other users cannot", "install the package fuse3")
	case bin == "":
		r.line(mend, "fusermount3", "is not here, and users other than root need it", "install the package fuse3")
	case !root && err == nil && info.Mode()&os.ModeSetuid == 0:
		r.line(note, "fusermount3", bin+" does not run with root's rights", "unless the machine gives it those in another way: sudo chmod u+s "+bin)
	default:
		r.line(ok, "fusermount3", bin, "")
	}
}

// point looks at the directory to mount at.
func (r *Report) point(abs string) {
	all, _ := mountpoint.All() // an error shows with the mounts
	if slices.ContainsFunc(all, func(m mountpoint.Mount) bool { return m.Point == abs }) {
		r.line(ok, "mount point", abs+" is mounted: see below", "")
		return
	}
	if err := mountpoint.CheckDirectory(abs); err != nil {
		r.failed(mend, "mount point", err)
		return
	}
	if unix.Access(abs, unix.W_OK) != nil {
		r.line(mend, "mount point", abs+" may not be written by you", "choose a directory of your own")
		return
	}
	r.line(ok, "mount point", filepath.Clean(abs), "")
}
