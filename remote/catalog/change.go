package catalog

import "codeoceanfs/remote/api"

// Place is a name in the tree and the asset it leads to.
type Place struct {
	Archived bool
	Type     api.Type
	Dir      string // the directory name
	ID       string
}

// Change is what became different from one snapshot to the next, for whoever
// keeps names or records of it. A renamed asset, or one that was archived, is
// both gone and new.
type Change struct {
	Gone    []Place  // names that lead nowhere now
	New     []Place  // names that led nowhere before
	Updated []Update // records that are different
	Deleted []string // ids of assets that are there no more at all
}

// Update is an asset's record before and after; a draft that has become ready
// is one.
type Update struct{ Old, New Entry }

func (c *Change) empty() bool {
	return len(c.Gone)+len(c.New)+len(c.Updated)+len(c.Deleted) == 0
}

// diff adds what became of the names of one directory.
func (c *Change) diff(key dirKey, before, after []Entry) {
	place := func(e Entry) Place {
		return Place{Archived: key.archived, Type: key.typ, Dir: e.Dir, ID: e.ID}
	}
	// Both are sorted by name.
	for len(before)+len(after) > 0 {
		switch {
		case len(after) == 0 || len(before) > 0 && before[0].Dir < after[0].Dir:
			c.Gone = append(c.Gone, place(before[0]))
			before = before[1:]
		case len(before) == 0 || after[0].Dir < before[0].Dir:
			c.New = append(c.New, place(after[0]))
			after = after[1:]
		default:
			before, after = before[1:], after[1:]
		}
	}
}
