package doctor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/docker/go-units"
	"golang.org/x/sys/unix"

	"codeoceanfs/cache/disk"
	"codeoceanfs/fs/service"
)

// storage looks at the places on disk.
func (r *Report) storage(s *service.Settings) {
	r.place("cache", "--cache-dir", s.CacheDir, s.CacheSize)
	if !s.ReadOnly {
		r.place("state", "--state-dir", s.StateDir, 0)
	}
}

// place looks at a directory that a mount makes, or writes to, and whether so
// many bytes fit.
func (r *Report) place(topic, flag, dir string, wanted int64) {
	if dir == "" {
		r.line(mend, topic, "no place for it", "set HOME, or name one with "+flag)
		return
	}
	there := dir
	info, err := os.Stat(there)
	for errors.Is(err, os.ErrNotExist) && filepath.Dir(there) != there {
		there = filepath.Dir(there)
		info, err = os.Stat(there)
	}
	other := "name another directory with " + flag
	if err != nil {
		r.line(mend, topic, fmt.Sprintf("%s cannot be used: %v", dir, errors.Unwrap(err)), other)
		return
	}
	owner, _ := info.Sys().(*syscall.Stat_t)
	mode := info.Mode()
	switch {
	case !mode.IsDir():
		r.line(mend, topic, there+" is not a directory", other)
		return
	case unix.Access(there, unix.W_OK|unix.X_OK) != nil:
		r.line(mend, topic, there+" may not be written by you", other)
		return
	case service.CheckPlace(dir) != nil:
		r.failed(mend, topic, service.CheckPlace(dir))
		return
	case there == dir && owner != nil && int(owner.Uid) != os.Geteuid():
		r.line(mend, topic, there+" belongs to somebody else", other)
		return
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(there, &fs); err != nil {
		r.line(note, topic, fmt.Sprintf("%s: how much room there is cannot be told: %v", there, err), "")
		return
	}
	free := int64(fs.Bavail) * fs.Bsize
	room := units.BytesSize(float64(free)) + " free"
	if wanted > 0 && free < wanted {
		r.line(note, topic, fmt.Sprintf("%s, with %s of the %s that it may take", dir, room, units.BytesSize(float64(wanted))), "it keeps less; another disk: "+flag)
		return
	}
	if topic == "cache" && disk.Network(int64(fs.Type)) {
		r.line(note, topic, dir+" is on a network file system, or another process's: its data is read with more steps, and may be slower than what it is kept from", "a local disk: "+flag)
		return
	}
	if wanted == 0 && flag == "--cache-dir" {
		room = "keeps no files"
	}
	r.line(ok, topic, dir+", "+room, "")
}
