package disk

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// lookEvery so many bytes written, the directory is counted anew: others
	// write to it too, and take space on the disk.
	lookEvery = 256 << 20

	// A twentieth of the disk, at most 2 GiB, is left free whatever the size
	// allowed: a full disk is everyone's trouble.
	floorPart = 20
	floorMost = 2 << 30
)

// kept is a file of the store as the directory has it, or a value.
type kept struct {
	name  string // without what tells data and table apart
	value bool
	taken int64
	last  time.Time
}

// trim counts what is there, and drops the files not wanted for the longest
// time while it is more than allowed or the disk is too full. It makes more
// room than needed, a tenth, so as not to come again at once. Values go by
// themselves, or when no file is left to drop.
func (s *Store) trim() {
	s.recent.Store(0)
	root := s.directory()
	if root == nil {
		return
	}
	// Files that others dropped are still open here, and would take space.
	s.mu.Lock()
	s.files.Purge()
	s.unlock()
	all, total, err := count(root)
	if err != nil {
		s.judge(err)
		return
	}
	slices.SortFunc(all, func(a, b kept) int { return a.last.Compare(b.last) })
	files, values := split(all)
	excess := func(total, size int64) int64 {
		if total > size {
			return total - size + size/10
		}
		return 0
	}
	ofValues := int64(0)
	for _, v := range values {
		ofValues += v.taken
	}
	values, freed := s.dropFirst(root, values, excess(ofValues, s.cfg.Size/valuesPart))
	total -= freed
	_, freed = s.dropFirst(root, append(files, values...), max(excess(total, s.cfg.Size), lacking(root)))
	s.used.Store(total - freed)
}

// split tells files and values apart.
func split(all []kept) (files, values []kept) {
	for _, k := range all {
		if k.value {
			values = append(values, k)
		} else {
			files = append(files, k)
		}
	}
	return files, values
}

// dropFirst drops the first of all until they have taken as much as excess.
func (s *Store) dropFirst(root *os.Root, all []kept, excess int64) (left []kept, freed int64) {
	for freed < excess && len(all) > 0 {
		s.drop(root, all[0].name)
		freed += all[0].taken
		all = all[1:]
	}
	return all, freed
}

// drop removes the files of one name; the table first, so that no block
// counts as there whose data is gone. Those that are open elsewhere are read
// to the end.
func (s *Store) drop(root *os.Root, name string) {
	s.mu.Lock()
	s.files.Remove(name)
	s.unlock()
	_ = root.Remove(name + tableName) // another process may have been first
	_ = root.Remove(name + dataName)
	_ = root.Remove(name + valueName)
}

// forget closes files that are not those of that name any more.
func (s *Store) forget(name string, open *files) {
	s.mu.Lock()
	defer s.unlock()
	if now, ok := s.files.Peek(name); ok && now == open {
		s.files.Remove(name)
	}
}

// count lists the files of the store, with the space they take.
func count(root *os.Root) (all []kept, total int64, err error) {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, 0, err
	}
	found := map[string]*kept{}
	for _, e := range entries {
		name, isTable := strings.CutSuffix(e.Name(), tableName)
		name = strings.TrimSuffix(name, dataName)
		name, isValue := strings.CutSuffix(name, valueName)
		info, err := e.Info()
		if err != nil {
			continue // gone meanwhile
		}
		if orphan(e.Name(), info) {
			_ = root.Remove(e.Name())
			continue
		}
		k := found[name]
		if k == nil {
			k = &kept{name: name, value: isValue}
			found[name] = k
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			k.taken += stat.Blocks * 512
			total += stat.Blocks * 512
		}
		if isTable || isValue {
			k.last = info.ModTime()
		}
	}
	for _, k := range found {
		all = append(all, *k)
	}
	return all, total, nil
}

// lacking is how many bytes the disk is short of its floor.
func lacking(root *os.Root) int64 {
	dir, err := root.Open(".")
	if err != nil {
		return 0
	}
	defer dir.Close()
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(dir.Fd()), &st); err != nil {
		return 0
	}
	size := int64(st.Blocks) * st.Bsize
	return min(size/floorPart, floorMost) - int64(st.Bavail)*st.Bsize
}
