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

// kept is a file of the store as the directory has it.
type kept struct {
	name  string
	taken int64
	last  time.Time
}

// trim counts what is there, and drops the files not wanted for the longest
// time while it is more than allowed or the disk is too full. It makes more
// room than needed, a tenth, so as not to come again at once.
func (s *Store) trim() {
	s.recent.Store(0)
	root := s.directory()
	if root == nil {
		return
	}
	// Files that others dropped are still open here, and would take space.
	s.mu.Lock()
	s.files.Purge()
	s.mu.Unlock()
	all, total, err := count(root)
	if err != nil {
		s.judge(err)
		return
	}
	excess := total - s.cfg.Size
	if excess > 0 {
		excess += s.cfg.Size / 10
	}
	excess = max(excess, lacking(root))
	slices.SortFunc(all, func(a, b kept) int { return a.last.Compare(b.last) })
	for _, k := range all {
		if excess <= 0 {
			break
		}
		s.drop(root, k.name)
		excess -= k.taken
		total -= k.taken
	}
	s.used.Store(total)
}

// drop removes the files of one name; the table first, so that no block
// counts as there whose data is gone. Those that are open elsewhere are read
// to the end.
func (s *Store) drop(root *os.Root, name string) {
	s.mu.Lock()
	s.files.Remove(name)
	s.mu.Unlock()
	_ = root.Remove(name + tableName) // another process may have been first
	_ = root.Remove(name + dataName)
}

// forget closes files that are not those of that name any more.
func (s *Store) forget(name string, open *files) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
		info, err := e.Info()
		if err != nil {
			continue // gone meanwhile
		}
		k := found[name]
		if k == nil {
			k = &kept{name: name}
			found[name] = k
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			k.taken += stat.Blocks * 512
			total += stat.Blocks * 512
		}
		if isTable {
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
