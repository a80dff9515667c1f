package test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// show is what is below a directory of the mount, or at the given paths in it,
// by path: the content of a file, "-> " and the target of a link, and of what
// cannot be read why. The path of an empty folder ends in a slash, with nothing
// behind it; other folders show by what is in them. Records are left out.
func (m *mounted) show(dir string, paths ...string) map[string]string {
	m.t.Helper()
	out, err := m.helper("show", append([]string{dir}, paths...)...)
	if err != nil {
		m.t.Fatal(err)
	}
	all := map[string]string{}
	for line := range strings.Lines(out) {
		var path, text string
		if _, err := fmt.Sscanf(line, "%q %q\n", &path, &text); err != nil {
			m.t.Fatalf("%q: %v", line, err)
		}
		all[path] = text
	}
	return all
}

// shows compares what is below a directory with what should be.
func (m *mounted) shows(dir string, want map[string]string) {
	m.t.Helper()
	if d := difference(lines(m.show(dir)), lines(want)); d != "" {
		m.t.Errorf("%s:%s", strings.TrimPrefix(dir, m.point), d)
	}
}

// below is the part of what show gives that is below one directory.
func below(dir string, all map[string]string) map[string]string {
	part := map[string]string{}
	for path, text := range all {
		if rest, ok := strings.CutPrefix(path, dir+"/"); ok && rest != "" {
			part[rest] = text
		}
	}
	return part
}

// lines are what show gives as lines, for difference.
func lines(all map[string]string) []string {
	lines := make([]string, 0, len(all))
	for path, text := range all {
		lines = append(lines, fmt.Sprintf("%q: %q", path, text))
	}
	return lines
}

// sums is what is below directories of the mount, however large: the hash and
// the path of each file, see the helper of that name. Records are left out.
func (m *mounted) sums(dirs ...string) []string {
	m.t.Helper()
	return slices.DeleteFunc(m.allSums(dirs...), func(line string) bool {
		return strings.HasSuffix(line, ` ".meta.json"`) || strings.HasSuffix(line, `/.meta.json"`)
	})
}

// allSums is the same of any directory, with the records.
func (m *mounted) allSums(dirs ...string) []string {
	m.t.Helper()
	out, err := m.helper("sums", dirs...)
	if err != nil {
		m.t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(out, "\n"), "\n")
}

// list is what ls -A prints of a directory, in order.
func (m *mounted) list(parts ...string) []string {
	m.t.Helper()
	return splitNames(m.run("ls", "-A", "--zero", m.path(parts...)))
}

// splitNames are the names in what a program prints with a NUL after each, in
// order of their bytes.
func splitNames(out string) []string {
	if out == "" {
		return nil
	}
	names := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	slices.Sort(names)
	return names
}

// question is a path, and what looking at it should say.
type question struct{ promise, path, answer string }

// answers asks all questions in one process.
func (m *mounted) answers(ask []question) {
	m.t.Helper()
	if len(ask) == 0 {
		return
	}
	args := make([]string, len(ask))
	for i, q := range ask {
		args[i] = q.path
	}
	out, err := m.helper("errnos", args...)
	if err != nil {
		m.t.Fatal(err)
	}
	for i, got := range strings.Fields(out) {
		if got != ask[i].answer {
			m.t.Errorf("%s: %q: %s, not %s", ask[i].promise, strings.TrimPrefix(ask[i].path, m.point), got, ask[i].answer)
		}
	}
}

// difference is what only one of two lists has: nothing if they are equal, in
// whatever order.
func difference(got, want []string) string {
	count := map[string]int{}
	for _, line := range got {
		count[line]++
	}
	for _, line := range want {
		count[line]--
	}
	var b strings.Builder
	for _, line := range slices.Sorted(maps.Keys(count)) {
		switch n := count[line]; {
		case n > 0:
			fmt.Fprintf(&b, "\n got %q", line)
		case n < 0:
			fmt.Fprintf(&b, "\nmiss %q", line)
		}
	}
	return b.String()
}

// hash8 is the suffix of what has no id to make it of.
func hash8(s string) string { return hash(s)[:8] }

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
