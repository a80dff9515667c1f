package names

import (
	"cmp"
	"slices"
	"strconv"
)

// Item is an asset to be named, among others of its type.
type Item struct {
	ID      string
	Name    string // as the platform has it
	Created int64  // any unit; the oldest gets the plain name
}

// Plain is the directory name of an asset that shares its name with no other,
// in a directory that keeps the reserved names for something else.
func Plain(name, id string, reserved ...string) string {
	return fit(escape(name, reserved), "", Suffix(id))
}

// Decorated is the directory name with the suffix, name@id8, that finds an
// asset whether it is listed by it or not.
func Decorated(name, id string) string {
	return decorate(name, Suffix(id))
}

func decorate(name, suffix string) string {
	return cut(escape(name, nil), MaxLen-suffixLen) + "@" + suffix
}

// Assign gives every item its directory name: id → name. Of items with one
// name the oldest (by Created, then ID) has it plain, the others decorated.
//
// held are the names in use, name → id, and a name held by one id is given to
// no other, also when its holder is gone or has another name by now: a path
// that a program has open never leads to another asset. Items may be in any
// order and the result does not depend on it. No item gets a reserved name.
func Assign(items []Item, held map[string]string, reserved ...string) map[string]string {
	byAge := slices.Clone(items)
	slices.SortFunc(byAge, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Created, b.Created), cmp.Compare(a.ID, b.ID))
	})
	dirs := make(map[string]string, len(items))
	owner := make(map[string]string, len(items))
	take := func(name, id string) bool {
		if holder, ok := held[name]; ok && holder != id {
			return false
		}
		if _, ok := owner[name]; ok {
			return false
		}
		owner[name], dirs[id] = id, name
		return true
	}
	for _, it := range byAge {
		if _, ok := dirs[it.ID]; ok {
			continue // one id listed twice is one asset
		}
		if take(Plain(it.Name, it.ID, reserved...), it.ID) || take(Decorated(it.Name, it.ID), it.ID) {
			continue
		}
		// Two ids with one name and the same first eight digits: of 100,000
		// assets of one name there is about one such pair.
		for n := 1; !take(decorate(it.Name, hashSuffix(it.ID+strconv.Itoa(n))), it.ID); n++ {
		}
	}
	return dirs
}
