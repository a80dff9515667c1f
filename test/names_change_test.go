package test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"codeoceanfs/remote/emulator"
)

// nameChanges says what becomes of names when assets come, go and are renamed
// while a mount shows them. Each case is a type of its own.
var nameChanges = map[string]struct {
	Holds []named
	Shows map[string]string // directory name → the asset that it leads to
	Steps []nameChange
	Later map[string]string // what the next mount shows
}{
	"a second asset of a name has a suffix, and the first keeps the name": {
		Holds: []named{{first, "mouse", 1}},
		Shows: map[string]string{"mouse": first},
		Steps: []nameChange{{add(second, "mouse", 2), map[string]string{"mouse": first, "mouse@bbbbbbbb": second}}},
		Later: map[string]string{"mouse": first, "mouse@bbbbbbbb": second},
	},
	"an older asset of a name that comes later has a suffix, and the name from the next mount on": {
		Holds: []named{{first, "mouse", 2}},
		Shows: map[string]string{"mouse": first},
		Steps: []nameChange{{add(second, "mouse", 1), map[string]string{"mouse": first, "mouse@bbbbbbbb": second}}},
		Later: map[string]string{"mouse": second, "mouse@aaaaaaaa": first},
	},
	"the name of a deleted asset is not given to another before the next mount": {
		Holds: []named{{first, "mouse", 1}, {second, "mouse", 2}},
		Shows: map[string]string{"mouse": first, "mouse@bbbbbbbb": second},
		Steps: []nameChange{
			{remove(first), map[string]string{"mouse@bbbbbbbb": second}},
			{add(third, "mouse", 3), map[string]string{"mouse@bbbbbbbb": second, "mouse@cccccccc": third}},
		},
		Later: map[string]string{"mouse": second, "mouse@cccccccc": third},
	},
	"the name of a renamed asset is not given to another before the next mount": {
		Holds: []named{{first, "mouse", 1}, {second, "mouse", 2}},
		Shows: map[string]string{"mouse": first, "mouse@bbbbbbbb": second},
		Steps: []nameChange{{rename(first, "rat"), map[string]string{"rat": first, "mouse@bbbbbbbb": second}}},
		Later: map[string]string{"rat": first, "mouse": second},
	},
	"an asset that gets its name back has it again": {
		Holds: []named{{first, "mouse", 1}, {second, "mouse", 2}},
		Shows: map[string]string{"mouse": first, "mouse@bbbbbbbb": second},
		Steps: []nameChange{
			{rename(first, "rat"), map[string]string{"rat": first, "mouse@bbbbbbbb": second}},
			{rename(first, "mouse"), map[string]string{"mouse": first, "mouse@bbbbbbbb": second}},
		},
		Later: map[string]string{"mouse": first, "mouse@bbbbbbbb": second},
	},
	"an asset that is renamed to a name that is taken has a suffix": {
		Holds: []named{{first, "mouse", 2}, {second, "rat", 1}},
		Shows: map[string]string{"mouse": first, "rat": second},
		Steps: []nameChange{{rename(second, "mouse"), map[string]string{"mouse": first, "mouse@bbbbbbbb": second}}},
		Later: map[string]string{"mouse": second, "mouse@aaaaaaaa": first},
	},
	"two assets that swap their names have suffixes until the next mount": {
		Holds: []named{{first, "mouse", 1}, {second, "rat", 2}},
		Shows: map[string]string{"mouse": first, "rat": second},
		Steps: []nameChange{
			{rename(first, "rat"), map[string]string{"rat@aaaaaaaa": first, "rat": second}},
			{rename(second, "mouse"), map[string]string{"rat@aaaaaaaa": first, "mouse@bbbbbbbb": second}},
		},
		Later: map[string]string{"rat": first, "mouse": second},
	},
	"an archived asset takes its name along, and has it again when it is back": {
		Holds: []named{{first, "mouse", 1}, {second, "mouse", 2}},
		Shows: map[string]string{"mouse": first, "mouse@bbbbbbbb": second},
		Steps: []nameChange{
			{archive(first, true), map[string]string{".archived/mouse": first, "mouse@bbbbbbbb": second}},
			{archive(first, false), map[string]string{"mouse": first, "mouse@bbbbbbbb": second}},
		},
		Later: map[string]string{"mouse": first, "mouse@bbbbbbbb": second},
	},
	"assets with one name, of which one is archived, both have it": {
		Holds: []named{{first, "mouse", 1}, {second, "mouse", 2}},
		Shows: map[string]string{"mouse": first, "mouse@bbbbbbbb": second},
		Steps: []nameChange{{archive(second, true), map[string]string{"mouse": first, ".archived/mouse": second}}},
		Later: map[string]string{"mouse": first, ".archived/mouse": second},
	},
	"a name that becomes too long, odd or empty is written as such a name is": {
		Holds: []named{{first, "a", 1}, {second, "b", 2}, {third, "c", 3}},
		Shows: map[string]string{"a": first, "b": second, "c": third},
		Steps: []nameChange{
			{rename(first, strings.Repeat("x", 300)), map[string]string{strings.Repeat("x", 246) + "@aaaaaaaa": first, "b": second, "c": third}},
			{rename(second, "b/b"), map[string]string{strings.Repeat("x", 246) + "@aaaaaaaa": first, "b%2Fb": second, "c": third}},
			{rename(third, ""), map[string]string{strings.Repeat("x", 246) + "@aaaaaaaa": first, "b%2Fb": second, "@cccccccc": third}},
		},
		Later: map[string]string{strings.Repeat("x", 246) + "@aaaaaaaa": first, "b%2Fb": second, "@cccccccc": third},
	},
}

// nameChange is something that happens on the platform, and what shows then.
type nameChange struct {
	Do    func(t *testing.T, d *deployment, typ string, number int)
	Shows map[string]string
}

func add(id8, name string, made float64) func(*testing.T, *deployment, string, int) {
	return func(t *testing.T, d *deployment, typ string, number int) {
		named{id8, name, made}.add(t, d, typ, number)
	}
}

func edited(id8 string, edit func(*emulator.Asset)) func(*testing.T, *deployment, string, int) {
	return func(t *testing.T, d *deployment, _ string, number int) {
		t.Helper()
		d.change(t, named{ID8: id8}.idOf(number), edit)
	}
}

func rename(id8, name string) func(*testing.T, *deployment, string, int) {
	return edited(id8, func(a *emulator.Asset) { a.Name, a.Extra = name, map[string]any{"name": name} })
}

func archive(id8 string, away bool) func(*testing.T, *deployment, string, int) {
	return edited(id8, func(a *emulator.Asset) { a.Archived = away })
}

func remove(id8 string) func(*testing.T, *deployment, string, int) {
	return func(t *testing.T, d *deployment, _ string, number int) {
		d.remove(t, named{ID8: id8}.idOf(number))
	}
}

// TestNameChanges lets assets come, go and be renamed under a mount.
func TestNameChanges(t *testing.T) {
	t.Parallel()
	d := serve(t)
	promises := slices.Sorted(maps.Keys(nameChanges))
	for i, promise := range promises {
		for _, n := range nameChanges[promise].Holds {
			n.add(t, d, caseType(i), i)
		}
	}
	m := d.mount(t)
	m.run("ls", m.path("dataset"))
	shows := func(m *mounted, i int, want map[string]string) error {
		all := map[string]string{}
		for path, id := range want {
			all[path] = named{ID8: id}.idOf(i)
		}
		got := map[string]string{}
		for dir, prefix := range map[string]string{caseType(i): "", ".archived/" + caseType(i): ".archived/"} {
			for path, content := range m.show(m.path(dir)) {
				if name, ok := strings.CutSuffix(path, "/f"); ok {
					got[prefix+name] = content
				}
			}
		}
		if d := difference(lines(got), lines(all)); d != "" {
			return fmt.Errorf("%s:%s", promises[i], d)
		}
		return nil
	}
	// The file of the first asset of each case is kept open meanwhile.
	held := map[int]func() string{}
	for i, promise := range promises {
		c := nameChanges[promise]
		if err := shows(m, i, c.Shows); err != nil {
			t.Fatal(err)
		}
		for name, id8 := range c.Shows {
			if id8 == first {
				held[i] = m.hold(m.path(caseType(i), name, "f"))
			}
		}
	}
	// All cases wait for the same refreshes, so they go at once, and do not take
	// turns as parallel tests do: programs have files open meanwhile.
	var wg sync.WaitGroup
	for i, promise := range promises {
		wg.Go(func() {
			t.Run(promise, func(t *testing.T) {
				m := m.in(t)
				before := nameChanges[promise].Shows
				for _, step := range nameChanges[promise].Steps {
					step.Do(t, d, caseType(i), i)
					eventually(t, "the step", func() error { return shows(m, i, step.Shows) })
					var ask []question
					for name := range before {
						if _, stays := step.Shows[name]; !stays && !strings.HasPrefix(name, ".") {
							ask = append(ask, question{promise, m.path(caseType(i), name), "ENOENT"})
						}
					}
					m.answers(ask)
					before = step.Shows
				}
			})
		})
	}
	wg.Wait()
	next := d.mount(t)
	next.run("ls", next.path("dataset"))
	for i, promise := range promises {
		if err := shows(next, i, nameChanges[promise].Later); err != nil {
			t.Errorf("the next mount: %v", err)
		}
		if got, want := held[i](), hash(named{ID8: first}.idOf(i)); got != want {
			t.Errorf("%s: the file that was open: %s", promise, got)
		}
	}
}
