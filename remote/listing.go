package remote

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"codeoceanfs/remote/names"
)

// MetaName is the name of an asset's record in its own directory. A file of an
// asset that has it by chance appears under another name.
const MetaName = ".meta.json"

// Entry is one file or folder of an asset, as the mount shows it.
type Entry struct {
	Name     string    // the name in its directory: legal, and unique there
	Raw      string    // what the platform calls it: the rest of its path or key below its folder
	Dir      bool      // a folder
	Size     int64     // bytes; 0 for a folder
	Modified time.Time // when the store last changed it; zero if the platform does not say
	ETag     string    // the version, of a file that can change; else empty
}

// Listing is one folder, whole: a name that it does not hold does not exist.
// It never changes, so any number of goroutines may read it.
type Listing struct {
	entries []Entry  // by Name
	folders []int32  // those of entries
	hidden  []Hidden // the first few
	left    int      // how many things were left out
}

// Join is the path of e, an entry of the folder dir, in its asset. It is made of
// the platform's own names, whatever they hold. A folder's ends in a slash, so
// that it cannot be a file's, and the root is "".
func Join(dir string, e Entry) string {
	if e.Dir {
		return dir + e.Raw + "/"
	}
	return dir + e.Raw
}

// Hidden is something of the platform that no directory can show.
type Hidden struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Len is the number of entries.
func (l *Listing) Len() int { return len(l.entries) }

// At is the entry of index i, in order of name.
func (l *Listing) At(i int) Entry { return l.entries[i] }

// All yields the entries in order of name.
func (l *Listing) All() iter.Seq2[int, Entry] { return slices.All(l.entries) }

// Version is different for files of one path that may have different bytes, or
// times. Times count in seconds: a store's answers about one object differ in
// the rest.
func (e Entry) Version() string {
	return strconv.FormatInt(e.Size, 10) + "\x00" + e.ETag + "\x00" + e.second()
}

func (e Entry) second() string { return strconv.FormatInt(e.Modified.Unix(), 10) }

// Find is the entry of that name.
func (l *Listing) Find(name string) (Entry, bool) {
	i, ok := slices.BinarySearchFunc(l.entries, name, func(e Entry, name string) int {
		return strings.Compare(e.Name, name)
	})
	if !ok {
		return Entry{}, false
	}
	return l.entries[i], true
}

// Folders is the number of folders, and Folder one of them, in order of name.
func (l *Listing) Folders() int       { return len(l.folders) }
func (l *Listing) Folder(i int) Entry { return l.entries[l.folders[i]] }

// Hidden is how many things were left out, and some of them as examples.
func (l *Listing) Hidden() (count int, examples []Hidden) { return l.left, l.hidden }

// keptHidden are the examples that a listing keeps of what it leaves out.
const keptHidden = 5

// hide leaves something out, with the reason.
func (l *Listing) hide(path, reason string) {
	if l.left++; len(l.hidden) < keptHidden {
		l.hidden = append(l.hidden, Hidden{path, reason})
	}
}

// entryCost is what an Entry takes beside its strings.
const entryCost = int64(unsafe.Sizeof(Entry{}))

// Cost is the memory that the listing takes, in bytes, near enough to bound
// the memory of many.
func (l *Listing) Cost() int64 {
	total := entryCost
	for _, e := range l.entries {
		total += entryCost + int64(len(e.Name)+len(e.ETag))
		if e.Raw != e.Name {
			total += int64(len(e.Raw))
		}
	}
	for _, h := range l.hidden {
		total += int64(len(h.Path) + len(h.Reason))
	}
	return total
}

// newListing names the entries of the folder dir of an asset and puts them in
// order. Of a file and a folder with one name the folder keeps it; what is
// listed twice is shown once; a file whose size is not known is not shown,
// because the only size to give it would be a wrong one.
func newListing(dir string, entries []Entry) *Listing {
	l := &Listing{entries: entries[:0]}
	folders := make(map[string]bool)
	for _, e := range entries {
		if e.Dir {
			folders[e.Raw] = true
		}
	}
	for _, e := range entries {
		switch {
		case !e.Dir && e.Size < 0:
			l.hide(Join(dir, e), "the platform gives no valid size for it")
			continue
		case !e.Dir && folders[e.Raw]:
			e.Name = names.Shadowed(e.Raw)
		default:
			e.Name = names.File(e.Raw, reserved(dir)...)
		}
		l.entries = append(l.entries, e)
	}
	slices.SortStableFunc(l.entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	l.entries = slices.CompactFunc(l.entries, func(e, shown Entry) bool {
		switch {
		case e.Name != shown.Name:
			return false
		case e.Raw != shown.Raw || e.Dir != shown.Dir:
			// Names that had to be cut end in 32 bits of a hash.
			l.hide(Join(dir, e), "its name is too long, and what is left of it is the name of another")
		case e.Version() != shown.Version():
			l.hide(Join(dir, e), "it is listed twice, as different files")
		}
		return true
	})
	l.entries = slices.Clip(l.entries)
	for i, e := range l.entries {
		if e.Dir {
			l.folders = append(l.folders, int32(i))
		}
	}
	return l
}

// plain is what the platform calls the entry name of the folder dir, if that
// can be told without the listing: a name that stands for something else than
// itself is only known there.
func plain(dir, name string) (raw string, ok bool) {
	raw, shadowed, ok := names.DecodeFile(name, reserved(dir)...)
	return raw, ok && !shadowed && raw != "" && raw != "." && raw != ".." && !strings.Contains(raw, "/")
}

// reserved are the names that files of the folder dir cannot have as they are.
func reserved(dir string) []string {
	if dir == "" {
		return []string{MetaName}
	}
	return nil
}
