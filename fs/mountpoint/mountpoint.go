// Package mountpoint is about the directory that a mount is at: whether it can
// be used, what is mounted there, and how to take that away again.
package mountpoint

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/moby/sys/mountinfo"
)

// Type is the name of our file system: mounts have the type "fuse." + Type.
const Type = "codeoceanfs"

const device = "/dev/fuse"

// Point is a directory that can be mounted on. Until Release, nobody else who
// asks in the same way gets it.
type Point struct {
	Path string   // absolute, without symbolic links
	lock *os.File // the directory itself, under the mount
}

// Prepare makes sure that a mount at dir can work. Each error is one line with
// its remedy. A mount of ours that lost its process is cleared away.
func Prepare(dir string) (*Point, error) {
	if err := CheckDevice(); err != nil {
		return nil, err
	}
	abs := Resolve(dir)
	if err := clearDead(abs); err != nil {
		return nil, err
	}
	abs = Resolve(dir) // what was dead could not be looked at
	if err := CheckDirectory(abs); err != nil {
		return nil, err
	}
	// Of two mounts that are made at one place at one time, both would succeed,
	// one over the other.
	lock, err := os.Open(abs)
	if err != nil {
		return nil, fmt.Errorf("mount point %s cannot be used: %w", abs, err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("mount point %s is just being mounted on: choose another", abs)
	}
	p := &Point{abs, lock}
	if err := CheckDirectory(abs); err != nil { // by one who had the lock before us
		p.Release()
		return nil, err
	}
	return p, nil
}

// Release lets others have the directory; a mount there keeps them out by now.
func (p *Point) Release() { p.lock.Close() }

// CheckDevice looks for what mounting needs. Users other than root have a
// helper for it, which opens the device with their own rights all the same.
func CheckDevice() error {
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	root := os.Geteuid() == 0
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("no %s here: load the fuse module (modprobe fuse), or start the container with --device %s", device, device)
	case err != nil && root:
		return fmt.Errorf("%s cannot be opened (%w): start the container with --device %s --cap-add SYS_ADMIN", device, err, device)
	case err != nil:
		return fmt.Errorf("%s cannot be opened (%w): ask an administrator for chmod 666 %s", device, err, device)
	}
	f.Close()
	if !root && Helper() == "" {
		return errors.New("no fusermount3 here, which users other than root need to mount: install the package fuse3")
	}
	return nil
}

// CheckDirectory looks whether a mount can be made at abs, which is resolved.
func CheckDirectory(abs string) error {
	if m, err := find(abs); err != nil {
		return err
	} else if m != nil {
		return fmt.Errorf("%s is already mounted on %s: unmount it, or choose another directory", m.Source, abs)
	}
	entries, err := os.ReadDir(abs)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("mount point %s does not exist: make it with mkdir -p %s", abs, abs)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("mount point %s is not a directory: choose one", abs)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("mount point %s belongs to somebody else: choose a directory of your own", abs)
	case err != nil:
		return fmt.Errorf("mount point %s cannot be read: %w", abs, err)
	case len(entries) > 0:
		return fmt.Errorf("mount point %s is not empty: choose an empty directory, because what is in it would be hidden", abs)
	}
	return nil
}

// clearDead takes away a mount of ours whose process is gone: all that is done
// with it fails with ENOTCONN.
func clearDead(abs string) error {
	m, err := find(abs)
	if err != nil {
		return err
	}
	ours := m != nil && m.FSType == "fuse."+Type
	if !dead(abs, ours) {
		return nil
	}
	if !ours {
		return fmt.Errorf("mount point %s is dead, and not a mount of %s: unmount it with fusermount3 -uz %s", abs, Type, abs)
	}
	if err := Unmount(abs, true); err != nil {
		return fmt.Errorf("mount point %s is dead and cannot be cleared: %w", abs, err)
	}
	return nil
}

// Dead reports whether nobody serves the mount of ours at a point any more.
func Dead(point string) bool { return dead(point, true) }

// dead reports whether nobody serves what is mounted at abs. Its attributes may
// still be in the kernel's cache, so of a mount of ours, which answers that from
// memory, more is asked: to open it.
func dead(abs string, ours bool) bool {
	_, err := os.Stat(abs)
	if err == nil && ours {
		var f *os.File
		if f, err = os.Open(abs); err == nil {
			f.Close()
		}
	}
	return errors.Is(err, syscall.ENOTCONN) || ours && errors.Is(err, syscall.ECONNABORTED)
}

// find is the topmost mount at abs, or nil. It reads the kernel's table and
// does not touch the mount.
func find(abs string) (*mountinfo.Info, error) {
	all, err := mountinfo.GetMounts(func(m *mountinfo.Info) (skip, stop bool) {
		return m.Mountpoint != abs, false
	})
	if err != nil {
		return nil, fmt.Errorf("read the table of mounts: %w", err)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all[len(all)-1], nil
}

func ours() ([]*mountinfo.Info, error) {
	all, err := mountinfo.GetMounts(func(m *mountinfo.Info) (skip, stop bool) {
		return m.FSType != "fuse."+Type, false
	})
	if err != nil {
		return nil, fmt.Errorf("read the table of mounts: %w", err)
	}
	return all, nil
}

// Mount is a mount of this program, by whichever user.
type Mount struct {
	Point  string
	Domain string
	Device Device
}

// All are the mounts of this program that this process can see. It does not
// touch any.
func All() ([]Mount, error) {
	all, err := ours()
	mounts := make([]Mount, 0, len(all))
	for _, m := range all {
		mounts = append(mounts, Mount{m.Mountpoint, m.Source, Device{m.Major, m.Minor}})
	}
	return mounts, err
}

// ErrNothing is that there is no mount of this program.
var ErrNothing = errors.New("nothing is mounted: codeoceanfs mount comes first")

// Running is the mount of this program that a command without a choice is for:
// the one that the directory here is in, or the only one that there is.
func Running(here string) (string, error) {
	all, err := ours()
	if err != nil {
		return "", err
	}
	var points []string
	for _, m := range all {
		if Inside(here, m.Mountpoint) {
			return m.Mountpoint, nil
		}
		points = append(points, m.Mountpoint)
	}
	switch len(points) {
	case 0:
		return "", ErrNothing
	case 1:
		return points[0], nil
	}
	return "", fmt.Errorf("several mounts: choose one with --mount: %s", strings.Join(points, ", "))
}

// Of is the mount of ours that path is in.
func Of(path string) (string, error) {
	all, err := mountinfo.GetMounts(func(m *mountinfo.Info) (skip, stop bool) {
		return m.FSType != "fuse."+Type || !Inside(path, m.Mountpoint), false
	})
	if err != nil {
		return "", fmt.Errorf("read the table of mounts: %w", err)
	}
	if len(all) == 0 {
		return "", fmt.Errorf("%s is in no mount of %s", path, Type)
	}
	return all[len(all)-1].Mountpoint, nil
}

// Helper is the helper that mounts for users, or "". It is looked for in
// the system's directories only: it runs with more rights than the user has,
// and PATH is the user's.
func Helper() string {
	for _, name := range []string{"fusermount3", "fusermount"} {
		for _, dir := range helperDirs {
			if bin, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
				return bin
			}
		}
	}
	return ""
}

// Inside reports whether path is, or will be, at or below the resolved point.
func Inside(path, point string) bool {
	rel, err := filepath.Rel(point, Resolve(path))
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}
