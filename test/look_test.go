package test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
)

// hash8 is the suffix of what has no id to make it of.
func hash8(s string) string { return hash(s)[:8] }

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// question is a path, and what looking at it should say.
type question struct{ promise, path, answer string }

// answers asks all questions in one process.
func (m *mounted) answers(ask []question) {
	m.t.Helper()
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

// texts is the content of every file below a directory, by its path; of the
// directories it has the paths, with a slash behind. Records are left out.
func (m *mounted) texts(dir string) map[string]string {
	m.t.Helper()
	all, err := m.tryTexts(dir)
	if err != nil {
		m.t.Fatal(err)
	}
	return all
}

// tryTexts may fail: while names change, one may be gone before it is read.
func (m *mounted) tryTexts(dir string) (map[string]string, error) {
	out, err := m.helper("texts", dir)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for line := range strings.Lines(out) {
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return nil, err
		}
		path, _ := strconv.Unquote(quoted) // it is well quoted
		if line = strings.TrimSpace(line[len(quoted):]); line == "/" {
			all[path+"/"] = ""
		} else if path != ".meta.json" && !strings.HasSuffix(path, "/.meta.json") {
			all[path], _ = strconv.Unquote(line)
		}
	}
	return all, nil
}

// hidden is what status.json says of names that cannot be shown: how many, and
// by asset some of them with the reason.
func (m *mounted) hidden() (count int, examples map[string][]string) {
	m.t.Helper()
	var status struct {
		Hidden struct {
			Count    int
			Examples map[string][]struct{ Path, Reason string }
		}
	}
	if err := json.Unmarshal([]byte(m.run("cat", m.path("control", "status.json"))), &status); err != nil {
		m.t.Fatal(err)
	}
	examples = map[string][]string{}
	for asset, all := range status.Hidden.Examples {
		for _, e := range all {
			examples[asset] = append(examples[asset], e.Path+": "+e.Reason)
		}
	}
	return status.Hidden.Count, examples
}
