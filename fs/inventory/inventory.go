// Package inventory tells what a cache directory holds, and clears it.
package inventory

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/docker/go-units"

	"codeoceanfs/cache/disk"
	"codeoceanfs/remote"
)

// Show writes to w what the blocks in dir are of, by deployment and asset, the
// largest first, and the bound in bytes that mounts have which are made like
// this.
func Show(w io.Writer, dir string, limit int64, now time.Time) error {
	d, err := disk.Look(dir)
	if errors.Is(err, iofs.ErrNotExist) {
		return nothing(w, dir)
	}
	if err != nil {
		return fmt.Errorf("look at the cache: %w", err)
	}
	defer d.Close()
	files, values, ofValues, err := d.Files()
	if err != nil {
		return fmt.Errorf("look at the cache: %w", err)
	}
	assets := group(files, func(user, asset string) remote.KeptName {
		raw, ok := d.Value(remote.NameKey(user, asset))
		if !ok {
			return remote.KeptName{}
		}
		name, err := remote.DecodeName(raw)
		if err != nil {
			return remote.KeptName{}
		}
		return name
	})
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(assets) > 0 {
		fmt.Fprintln(table, "DEPLOYMENT\tASSET\tFILES\tWHOLE\tON DISK\tUSED")
	}
	taken := ofValues
	for _, a := range assets {
		taken += a.taken
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\t%s ago\n", a.host, a.name, a.files, a.whole, size(a.taken), units.HumanDuration(now.Sub(a.used)))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: %d files and %d listings and the like take %s; a mount keeps it below %s\n", dir, len(files), values, size(taken), size(limit))
	return nil
}

// nothing tells of a directory of blocks that is not there, nor may be the one
// that it would be in: somebody has mistyped that, or nothing was mounted yet.
func nothing(w io.Writer, dir string) error {
	what := dir + ": nothing is kept there"
	if in := filepath.Dir(dir); !exists(in) {
		what = in + ": there is no such directory, so nothing is kept there"
	}
	_, err := fmt.Fprintln(w, what)
	return err
}

func exists(dir string) bool {
	_, err := os.Stat(dir)
	return !errors.Is(err, iofs.ErrNotExist)
}

func size(n int64) string { return units.BytesSize(float64(n)) }

// asset is what is held of one.
type asset struct {
	host, name string
	files      int
	whole      int // of them, those of which all is there
	taken      int64
	used       time.Time // last
}

// group adds up files by whose they are.
func group(files []disk.Held, nameOf func(user, asset string) remote.KeptName) []*asset {
	found := map[[2]string]*asset{}
	for _, f := range files {
		user, id, _ := remote.OwnerOf(f.Key)
		a := found[[2]string{user, id}]
		if a == nil {
			a = &asset{host: "unknown", name: "unknown"}
			if id != "" {
				name := nameOf(user, id)
				a.host, a.name = plain(cmp.Or(name.Host, "unknown")), plain(id)
				if name.Name != "" {
					a.name = plain(name.Name) + " (" + plain(id) + ")"
				}
			}
			found[[2]string{user, id}] = a
		}
		a.files++
		a.taken += f.Taken
		if f.There == f.Size {
			a.whole++
		}
		if f.Used.After(a.used) {
			a.used = f.Used
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b *asset) int {
		return cmp.Or(cmp.Compare(b.taken, a.taken), strings.Compare(a.name, b.name))
	})
}

// plain keeps names of the platform from speaking to a terminal.
func plain(s string) string {
	quoted := strconv.Quote(s)
	if inner := quoted[1 : len(quoted)-1]; inner != s {
		return quoted
	}
	return s
}

// Clear removes what is kept in dir, and says on w what that was. Mounts that
// use it go on, and fetch again what they need.
func Clear(w io.Writer, dir string) error {
	d, err := disk.Look(dir)
	if errors.Is(err, iofs.ErrNotExist) {
		return nothing(w, dir)
	}
	if err != nil {
		return fmt.Errorf("clear the cache: %w", err)
	}
	defer d.Close()
	n, freed, err := d.Clear()
	fmt.Fprintf(w, "%s: %d files and listings removed, %s\n", dir, n, size(freed))
	if err != nil {
		return fmt.Errorf("clear the cache: %w", err)
	}
	return nil
}
