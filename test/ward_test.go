package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeoceanfs/remote/emulator"
)

// ward is a deployment of two users, and the mount of one of them.
type ward struct {
	*deployment
	t          *testing.T
	m          *mounted
	grace, ada emulator.Token
	ids        map[string]string // asset name → id
	env        []string
	flags      []string
	file       string // with the token
}

func newWard(t *testing.T) *ward {
	w := &ward{
		deployment: serve(t), t: t, ids: map[string]string{},
		grace: emulator.Token{Token: "cop_demo", User: "grace", Email: "grace@lab.example", Access: "read-write"},
		ada:   emulator.Token{Token: "cop_demo_other", User: "ada", Email: "ada@lab.example", Access: "read-write"},
		file:  filepath.Join(t.TempDir(), "token"),
	}
	readOnly := w.grace
	readOnly.Token, readOnly.Access = "cop_demo_readonly", "read-only"
	w.SetTokens(w.grace, w.ada, readOnly)
	w.env = append(w.environment(t), "CODEOCEAN_TOKEN=")
	w.flags = []string{"--token-file", w.file}
	w.token(w.grace.Token)
	for _, a := range []struct {
		name  string
		owner emulator.Token
	}{{"mine", w.grace}, {"shared", w.ada}, {"discoverable", w.ada}, {"private", w.ada}} {
		w.add(emulator.Asset{
			Record: emulator.Record{Name: a.name, Owner: a.owner.User, OwnerEmail: a.owner.Email},
			Generate: []emulator.Generated{
				{Path: "a", Size: 300_000}, {Path: "sub/b", Size: 1000}, {Path: "many/f%03d", Count: []int{200}, Size: 10},
			},
		})
	}
	w.share("shared", "viewer")
	w.share("discoverable", "discoverable")
	return w
}

func (w *ward) add(a emulator.Asset) {
	w.t.Helper()
	w.ids[a.Name] = w.deployment.add(w.t, a)
}

// share gives Grace a role with an asset of Ada's, or takes it away.
func (w *ward) share(asset, role string) {
	w.t.Helper()
	w.change(w.t, w.ids[asset], func(a *emulator.Asset) {
		switch role {
		case "":
			a.Permissions = nil
		case "discoverable":
			a.Permissions = &emulator.Permissions{Everyone: role}
		default:
			a.Permissions = &emulator.Permissions{Users: []emulator.UserRole{{Email: w.grace.Email, Role: role}}}
		}
	})
}

// token puts a token into the file, whole at every moment.
func (w *ward) token(token string) {
	w.t.Helper()
	must(w.t, os.WriteFile(w.file+".new", []byte(token+"\n"), 0o600))
	must(w.t, os.Rename(w.file+".new", w.file))
}

func (w *ward) mount() {
	w.t.Helper()
	var err error
	w.m, err = w.tryMount(w.t, w.t.TempDir(), w.env, w.flags...)
	must(w.t, err)
}

func (w *ward) doesNotMount(why string) {
	w.t.Helper()
	_, err := w.tryMount(w.t, w.t.TempDir(), w.env, w.flags...)
	if err == nil || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), "exit status 32") {
		w.t.Errorf("mounted, or not because %q: %v", why, err)
	}
}

func (w *ward) read(file string) error {
	asset, path, _ := strings.Cut(file, "/")
	_, err := w.m.helper("pattern", w.m.path("dataset", file), w.ids[asset]+"/"+path)
	return err
}

// reads reads files of assets, byte by byte.
func (w *ward) reads(files ...string) {
	w.t.Helper()
	for _, file := range files {
		if err := w.read(file); err != nil {
			w.t.Error(err)
		}
	}
}

func (w *ward) eventuallyReads(files ...string) {
	w.t.Helper()
	for _, file := range files {
		eventually(w.t, file, func() error { return w.read(file) })
	}
}

func (w *ward) lists(names ...string) {
	w.t.Helper()
	if d := difference(w.m.list("dataset"), names); d != "" {
		w.t.Errorf("listed:%s", d)
	}
}

func (w *ward) eventuallyLists(names ...string) {
	w.t.Helper()
	eventually(w.t, fmt.Sprint(names), func() error {
		if d := difference(w.m.list("dataset"), names); d != "" {
			return fmt.Errorf("%w:%s", errNotYet, d)
		}
		return nil
	})
}

// refuses runs a program that must be refused what it asks for.
func (w *ward) refuses(program string, args ...string) {
	w.t.Helper()
	w.m.fails("Permission denied", program, args...)
}

// told looks for words about an asset in errors.jsonl, and in the log.
func (w *ward) told(words, asset string) {
	w.t.Helper()
	w.m.told(words, asset, `"EACCES"`)
	w.m.logged(words)
}

// logged counts the lines of the log that hold some words.
func (w *ward) logged(want int, words string) {
	w.t.Helper()
	w.m.logged(words)
	if got := strings.Count(w.m.log.String(), words); got != want {
		w.t.Errorf("the log says %d times %q, not %d times", got, words, want)
	}
}
