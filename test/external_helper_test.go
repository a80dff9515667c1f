package test

import (
	"crypto/sha256"
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
	d := serve(t)
	for i, name := range slices.Sorted(maps.Keys(shapes)) {
		s := shapes[name]
		bucket := emulator.Bucket{Name: fmt.Sprintf("bucket-%d", i)}
		for _, key := range s.keys {
			bucket.Generate = append(bucket.Generate, emulator.Generated{Path: key, Text: key})
		}
		for _, key := range s.empty {
			bucket.Generate = append(bucket.Generate, emulator.Generated{Path: key})
		}
		d.addExternal(t, name, s.prefix, bucket)
	}
	lists, asks := d.mount(t), d.mount(t)
	for name, s := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want, paths []string
			for path, content := range s.shows {
				line := fmt.Sprintf("%q %q", path, content)
				if strings.HasSuffix(path, "/") {
					line = fmt.Sprintf("%q", path)
				}
				want, paths = append(want, line), append(paths, path)
			}
			asks := asks
			if s.listed {
				asks = lists
			}
			slices.Sort(want)
			slices.Sort(paths)
			if got := lists.show(t, name); !slices.Equal(got, want) {
				t.Errorf("listed:\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			}
			if s.status != "" {
				status, err := lists.try("cat", lists.path("control", "status.json"))
				if err != nil || !strings.Contains(strings.ReplaceAll(status, `\"`, `"`), s.status) {
					t.Errorf("status.json: %s, %v", status, err)
				}
			}
			if len(paths) > 50 {
				paths = append(paths[:20], paths[len(paths)-20:]...)
				want = append(want[:20], want[len(want)-20:]...)
			}
			if got := asks.show(t, name, paths...); !slices.Equal(got, want) {
				t.Errorf("asked for:\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			}
			for _, path := range s.hides {
				if got := strings.Join(asks.show(t, name, path), ""); !strings.HasSuffix(got, "no such file or directory") {
					t.Errorf("%s: %s", path, got)
				}
			}
		})
	}
}

// cutName is a name that was too long, as the mount shows it: so many bytes of
// it, and a hash of all.
func cutName(name string, n int) string {
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%s@%x", name[:n], sum[:4])
}

// addExternal puts a bucket into the deployment, and an asset of what it has
// under the prefix.
func (d *deployment) addExternal(t testing.TB, name, prefix string, bucket emulator.Bucket) (id string) {
	t.Helper()
	if err := d.AddBucket(bucket); err != nil {
		t.Fatal(err)
	}
	return d.addAsset(t, name, "aws", bucket.Name, prefix)
}

// addAsset puts an asset into the deployment whose files are in a bucket.
func (d *deployment) addAsset(t testing.TB, name, origin, bucket, prefix string) (id string) {
	t.Helper()
	id, err := d.Add(emulator.Asset{Record: emulator.Record{
		Name: name, Type: "dataset", State: "ready",
		SourceBucket: &emulator.SourceBucket{Origin: origin, Bucket: bucket, Prefix: prefix, External: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// show is what the asset shows: its files with their content, empty folders,
// and what cannot be read, each a line. With paths it is these alone, which
// nobody lists.
func (m *mounted) show(t testing.TB, asset string, paths ...string) []string {
	t.Helper()
	out, err := m.helper("show", append([]string{m.path("dataset", asset)}, paths...)...)
	if err != nil {
		t.Fatal(err)
	}
	if out == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(out, "\n"), "\n")
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

// in is the mount for a test of its own.
func (m *mounted) in(t testing.TB) *mounted {
	return &mounted{t: t, point: m.point, process: m.process, log: m.log, exited: m.exited}
}
