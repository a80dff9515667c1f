package fs

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"codeoceanfs/control/request"
	"codeoceanfs/control/run"
)

// deskFile is a file of a verb's directory, by its name: what it is for.
type deskFile int

const (
	noFile      deskFile = iota // there cannot be one
	scratchFile                 // on its way to be a request, or an editor's: kept in memory
	requestFile                 // KEY.json: a request
	resultFile                  // KEY.result.json: what became of it
)

const (
	requestSuffix = ".json"
	resultSuffix  = ".result.json"
	// maxKey leaves room for the suffixes, and for those that editors add.
	maxKey = 200
)

// classify tells what a file of that name is, and of which request.
func classify(name string) (kind deskFile, key string) {
	if key, ok := strings.CutSuffix(name, resultSuffix); ok && isKey(key) {
		return resultFile, key
	}
	if key, ok := strings.CutSuffix(name, requestSuffix); ok && isKey(key) {
		return requestFile, key
	}
	if isScratch(name) {
		return scratchFile, ""
	}
	return noFile, ""
}

var (
	scratchPrefixes = []string{"tmp", "temp", "sed"}
	scratchSuffixes = []string{"~", ".tmp", ".temp", ".part", ".new", ".bak", ".old", ".orig", ".swp"}
)

// isScratch reports whether name looks like one that will have another, or that
// an editor keeps beside another. Any other name is not to pass for a file:
// whoever takes it for a request's would be told of success.
func isScratch(name string) bool {
	has := func(is func(s, part string) bool, parts []string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return is(name, part) })
	}
	switch {
	case has(strings.HasPrefix, []string{".", "#"}), name == "4913": // the last is vim's
		return true
	case strings.HasSuffix(name, requestSuffix):
		return false // no key
	}
	return has(strings.HasPrefix, scratchPrefixes) || has(strings.HasSuffix, scratchSuffixes) || strings.Contains(name, requestSuffix)
}

// errNoFile is what is wrong with a name that is neither.
var errNoFile = &run.Error{
	Errno: syscall.EINVAL, Hint: "KEY is up to 200 characters that a terminal shows, and begins with no dot; a file that gets this name later is called KEY.tmp",
	Err: errors.New("a request is called KEY.json"),
}

// isKey reports whether s can name a request: not hidden, as the files of
// editors are, nothing that a terminal would not show, and text, as which the
// journal keeps it.
func isKey(s string) bool {
	return utf8.ValidString(s) && s != "" && len(s) <= maxKey && s[0] != '.' && s[0] != '#' && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// desk holds the files of the control directory that are not requests: those of
// editors, and requests that are still empty. They are gone with the mount.
type desk struct {
	mu    sync.Mutex // guards what follows
	files map[deskName]*sheet
}

type deskName struct {
	verb request.Verb
	name string
}

// sheet is one file, in memory.
type sheet struct {
	data     []byte
	modified time.Time
}

// maxSheets bounds the files on a desk: editors leave a few behind.
const maxSheets = 100

func (d *desk) get(n deskName) (sheet, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, ok := d.files[n]
	if !ok {
		return sheet{}, false
	}
	return sheet{slices.Clone(s.data), s.modified}, true
}

// create makes an empty file, if there is none.
func (d *desk) create(n deskName) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.files[n] != nil {
		return 0
	}
	if len(d.files) >= maxSheets && !d.makeRoom() {
		return syscall.ENOSPC
	}
	if d.files == nil {
		d.files = map[deskName]*sheet{}
	}
	d.files[n] = &sheet{modified: time.Now()}
	return 0
}

// makeRoom takes the oldest request away that is still empty: commands that fail
// before they write leave them behind. To an open file it makes no difference.
// mu is held.
func (d *desk) makeRoom() bool {
	var oldest deskName
	var since time.Time
	for n, s := range d.files {
		if kind, _ := classify(n.name); kind == requestFile && len(s.data) == 0 && (since.IsZero() || s.modified.Before(since)) {
			oldest, since = n, s.modified
		}
	}
	delete(d.files, oldest)
	return !since.IsZero()
}

// write puts p at off.
func (d *desk) write(n deskName, p []byte, off int64) syscall.Errno {
	if errno := d.resize(n, off+int64(len(p)), false); errno != 0 {
		return errno
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.files[n]; s != nil && int64(len(s.data)) >= off+int64(len(p)) {
		copy(s.data[off:], p)
	}
	return 0
}

// resize makes a file n bytes long; exact also makes it shorter.
func (d *desk) resize(n deskName, size int64, exact bool) syscall.Errno {
	if size < 0 || size > request.MaxBody {
		return syscall.EFBIG
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.files[n]
	if s == nil {
		return syscall.ENOENT
	}
	s.modified = time.Now()
	if grow := size - int64(len(s.data)); grow > 0 {
		s.data = append(s.data, make([]byte, grow)...)
	} else if exact {
		s.data = s.data[:size]
	}
	return 0
}

func (d *desk) remove(n deskName) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.files[n]
	delete(d.files, n)
	return ok
}

// put puts a file in place, or replaces it.
func (d *desk) put(n deskName, data []byte) syscall.Errno {
	if errno := d.create(n); errno != 0 {
		return errno
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[n] = &sheet{data, time.Now()}
	return 0
}

// names are the files of a verb's directory.
func (d *desk) names(verb request.Verb) (names []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for n := range d.files {
		if n.verb == verb {
			names = append(names, n.name)
		}
	}
	slices.Sort(names)
	return names
}
