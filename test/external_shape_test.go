package test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// checkShapes makes a bucket and an asset of each shape. In one mount it lists
// the asset, and reads all that it meets; in another it asks for the names that
// it knows, of folders that nobody has listed: both must show the same.
func checkShapes(t *testing.T, shapes map[string]shape) {
	d, ids := serve(t), map[string]string{}
	for i, name := range slices.Sorted(maps.Keys(shapes)) {
		s := shapes[name]
		bucket := emulator.Bucket{Name: fmt.Sprintf("bucket-%d", i)}
		for _, key := range s.keys {
			bucket.Generate = append(bucket.Generate, emulator.Generated{Path: key, Text: key})
		}
		for _, key := range s.empty {
			bucket.Generate = append(bucket.Generate, emulator.Generated{Path: key})
		}
		ids[name] = d.addExternal(t, name, s.prefix, bucket)
	}
	lists, asks := d.mount(t), d.mount(t)
	for name, s := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lists, asks := lists.in(t), asks.in(t)
			if s.listed {
				asks = lists
			}
			dir := lists.path("dataset", name)
			lists.shows(dir, s.shows)
			if hidden := lists.status().hidden(ids[name]); len(hidden) == 0 != (s.status == "") || !strings.Contains(strings.Join(hidden, "\n"), s.status) {
				t.Errorf("status.json says it hides %q, not %q", hidden, s.status)
			}
			want := maps.Clone(s.shows)
			paths := slices.Sorted(maps.Keys(want))
			if most := 50; len(paths) > most {
				for _, path := range paths[most/2 : len(paths)-most/2] {
					delete(want, path)
				}
				paths = slices.Sorted(maps.Keys(want))
			}
			if d := difference(lines(asks.show(asks.path("dataset", name), paths...)), lines(want)); len(paths) > 0 && d != "" {
				t.Errorf("asked for:%s", d)
			}
			var ask []question
			for _, path := range s.hides {
				ask = append(ask, question{name, asks.path("dataset", name, path), "ENOENT"})
			}
			asks.answers(ask)
		})
	}
}

// cutName is a name that was too long, as the mount shows it: so many bytes of
// it, and a hash of all.
func cutName(name string, n int) string {
	return name[:n] + "@" + hash8(name)
}

// of puts the prefix in front of each name.
func of(prefix string, names ...string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = prefix + name
	}
	return all
}

func numbered(format string, n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf(format, i))
	}
	return all
}

func shownNumbered(more map[string]string, path, key string, n int) map[string]string {
	for i := range n {
		more[fmt.Sprintf(path, i)] = fmt.Sprintf(key, i)
	}
	return more
}
