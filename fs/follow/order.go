package follow

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// Kind is an order in which programs go through a directory.
type Kind int

const (
	// ByName is the order of the listing: of readdir, find, tar and rsync, and
	// of the shell's "*" in the C locale.
	ByName Kind = iota
	// ByNumber has f2 before f10: of Zarr's chunks, and of programs that count.
	ByNumber
	// ByInode is the order of cp -r, which sorts by inode number what it reads,
	// and of find and grep -r in directories of over 10,000 files.
	ByInode
	// ByLetter takes capitals for small letters: the shell's "*" in most locales.
	ByLetter
	kinds
)

// An order is that of all files of a directory or of those with one extension.
type order struct {
	kind Kind
	ext  string  // with its dot; "" is all files
	at   []int32 // by rank: the file; nil is the listing itself
	rank []int32 // by file: the rank, -1 for a file that is left out
}

func (o *order) len(n int) int {
	if o.at == nil {
		return n
	}
	return len(o.at)
}

func (o *order) fileAt(rank int) int {
	if o.at == nil {
		return rank
	}
	return int(o.at[rank])
}

func (o *order) rankOf(file int) int {
	if o.rank == nil {
		return file
	}
	return int(o.rank[file])
}

// newOrder sorts the files of d that have the extension, or all.
func newOrder(d Dir, kind Kind, ext string) *order {
	o := &order{kind: kind, ext: ext}
	if kind == ByName && ext == "" {
		return o
	}
	for i := range d.N {
		if ext == "" || path.Ext(d.Name(i)) == ext {
			o.at = append(o.at, int32(i))
		}
	}
	switch kind {
	case ByNumber:
		slices.SortStableFunc(o.at, func(a, b int32) int { return byNumber(d.Name(int(a)), d.Name(int(b))) })
	case ByLetter:
		slices.SortStableFunc(o.at, func(a, b int32) int {
			return strings.Compare(strings.ToLower(d.Name(int(a))), strings.ToLower(d.Name(int(b))))
		})
	case ByInode:
		inode := make([]uint64, d.N)
		for _, i := range o.at {
			inode[i] = d.Inode(int(i))
		}
		slices.SortFunc(o.at, func(a, b int32) int { return cmp.Compare(inode[a], inode[b]) })
	}
	o.rank = make([]int32, d.N)
	for i := range o.rank {
		o.rank[i] = -1
	}
	for rank, i := range o.at {
		o.rank[i] = int32(rank)
	}
	return o
}

// byNumber compares names, and runs of digits in them as numbers.
func byNumber(a, b string) int {
	for a != "" && b != "" {
		m, n := digits(a), digits(b)
		if m == 0 || n == 0 {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		x, y := strings.TrimLeft(a[:m], "0"), strings.TrimLeft(b[:n], "0")
		if c := cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y)); c != 0 {
			return c
		}
		a, b = a[m:], b[n:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits is how many digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}
