package doctor

import (
	"errors"
	"os"
	"strings"
	"testing"

	"codeoceanfs/fs/mountpoint"
	"codeoceanfs/remote/api"
)

// TestAskedByMounts has a shell without a domain beside mounts that were made
// elsewhere: there is something to mend only where none of them answers.
func TestAskedByMounts(t *testing.T) {
	missing := api.NotGiven("no deployment: name its domain")
	mount := func(accepted bool, err error) mounted {
		m := mounted{Mount: mountpoint.Mount{Point: "/mnt", Domain: "host"}, err: err}
		m.Token.Accepted = accepted
		return m
	}
	away := mount(true, nil)
	away.Catalog.LastError = "cannot be reached"
	early := mount(true, nil)
	early.Catalog.Complete = true
	for name, c := range map[string]struct {
		err    error
		mounts []mounted
		says   string // "" where the mounts settle nothing
	}{
		"no mount":          {err: missing},
		"somebody else's":   {missing, []mounted{mount(false, os.ErrPermission)}, ""},
		"accepted":          {missing, []mounted{mount(true, nil)}, "ok   token         host accepts"},
		"refused":           {missing, []mounted{mount(false, nil)}, "note token         host refuses"},
		"nobody answers it": {missing, []mounted{away}, "note token         host has not refused"},
		"nobody did yet":    {missing, []mounted{early}, "note token         host has not refused"},
		"one that answers":  {missing, []mounted{mount(false, os.ErrPermission), mount(true, nil)}, "ok   token         host accepts"},
		"a wrong file":      {errors.New("token file x: chmod"), []mounted{mount(true, nil)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			r := &Report{out: &out}
			if got := r.askedByMounts(c.err, c.mounts); got != (c.says != "") || !strings.HasPrefix(out.String(), c.says) || r.fix > 0 {
				t.Errorf("%v, %d to mend:\n%s", got, r.fix, out.String())
			}
			if c.says == "" && out.Len() > 0 {
				t.Errorf("says:\n%s", out.String())
			}
		})
	}
}
