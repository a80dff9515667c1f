package doctor

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/docker/go-units"

	"codeoceanfs/fs/mountpoint"
)

const (
	// answerTime is for a mount to tell its status, which it has in memory.
	answerTime = 5 * time.Second
	// wantedAhead is how far the kernel should read ahead: at less than a
	// request of 1 MiB streams wait for each of them.
	wantedAhead = 1 << 20
)

// mounted is a mount, and what it says of itself; or why it does not.
type mounted struct {
	mountpoint.Mount
	health
	err error
}

// domain is the deployment's, as the mount says it.
func (m mounted) domain() string { return cmp.Or(m.health.Domain, m.Mount.Domain) }

// look asks the mount at a point, or all that there are.
func look(point string) ([]mounted, error) {
	all, err := mountpoint.All()
	if point != "" {
		point = mountpoint.Resolve(point)
		all = slices.DeleteFunc(all, func(m mountpoint.Mount) bool { return m.Point != point })
	}
	mounts := make([]mounted, 0, len(all))
	for _, m := range all {
		h, err := ask(m.Point)
		mounts = append(mounts, mounted{m, h, err})
	}
	return mounts, err
}

// mounts tells of the mounts that there are.
func (r *Report) mounts(all []mounted, err error) {
	if err != nil {
		r.line(note, "mounts", err.Error(), "")
		return
	}
	if len(all) == 0 {
		r.line(ok, "mounts", "none now", "")
		if os.Geteuid() != 0 {
			r.line(ok, "read-ahead", "is looked at when something is mounted: without root's rights a mount cannot set it", "")
		}
	}
	for _, m := range all {
		r.mount(m)
	}
}

// health is what a mount says of itself.
type health struct {
	Domain string
	PID    int
	Token  struct {
		Accepted bool
		Message  string
		File     string
	}
	Catalog struct {
		Complete  bool
		Assets    int
		Refreshed *time.Time `json:"last_refresh"`
		LastError string     `json:"last_error"`
	}
	Failures int64
}

// fromDisk is before the deployment has answered a mount, where what it shows
// was on disk.
func (h health) fromDisk() bool { return h.Catalog.Complete && h.Catalog.Refreshed == nil }

// silent is while the deployment does not answer a mount, or has not yet.
func (h health) silent() bool { return h.Catalog.LastError != "" || h.fromDisk() }

func (r *Report) mount(m mounted) {
	h, err := m.health, m.err
	where := m.Point + " of " + m.domain()
	failures, why := fmt.Sprintf("%d failures", h.Failures), ""
	if h.Failures > 0 {
		why = "the last of them, with the reasons: " + filepath.Join(m.Point, "control", "errors.jsonl")
	}
	switch {
	case errors.Is(err, os.ErrPermission):
		r.line(ok, "mount", where+" is another user's", "")
		return
	case errors.Is(err, syscall.ENOTCONN):
		r.line(mend, "mount", where+" is dead: its process is gone", "codeoceanfs umount --lazy "+m.Point)
		return
	case err != nil:
		r.line(mend, "mount", fmt.Sprintf("%s does not answer: %v", where, err),
			"kill -USR1 its process writes to its log what it waits for; codeoceanfs umount --lazy "+m.Point+" takes it away")
		return
	case !h.Token.Accepted:
		r.line(mend, "mount", where+": the platform refuses its token: "+h.Token.Message, "put a new one into its token file, or mount again")
	case h.Catalog.LastError != "":
		r.line(note, "mount", fmt.Sprintf("%s: its list of assets is not up to date, %s: %s", where, failures, h.Catalog.LastError), why)
	case h.Token.File != "":
		r.line(note, "mount", where+": its token's file is not used as it is now: "+h.Token.File, why)
	case h.fromDisk():
		r.line(note, "mount", fmt.Sprintf("%s: what it shows was on disk, the deployment has not answered it yet, %s", where, failures), why)
	case !h.Catalog.Complete:
		r.line(ok, "mount", fmt.Sprintf("%s: process %d; its first listing runs, %d assets so far, %s", where, h.PID, h.Catalog.Assets, failures), why)
	default:
		r.line(ok, "mount", fmt.Sprintf("%s: process %d, %d assets, %s", where, h.PID, h.Catalog.Assets, failures), why)
	}
	r.readAhead(m.Mount)
}

// ask reads the status of a mount, and does not wait for one that hangs.
func ask(point string) (h health, err error) {
	type answer struct {
		raw []byte
		err error
	}
	done := make(chan answer, 1)
	go func() {
		raw, err := os.ReadFile(filepath.Join(point, "control", "status.json"))
		done <- answer{raw, err}
	}()
	select {
	case a := <-done:
		if a.err != nil {
			return h, a.err
		}
		return h, json.Unmarshal(a.raw, &h)
	case <-time.After(answerTime):
		return h, fmt.Errorf("no answer for %s", answerTime)
	}
}

// readAhead looks at what only root can set, and says how to have it set.
func (r *Report) readAhead(m mountpoint.Mount) {
	n, err := m.Device.ReadAhead()
	switch {
	case err != nil:
		r.line(note, "read-ahead", "cannot be told: "+err.Error(), "")
	case n >= wantedAhead:
		r.line(ok, "read-ahead", units.BytesSize(float64(n)), "")
	default:
		r.line(note, "read-ahead", units.BytesSize(float64(n))+" at "+m.Point+": streams are slower than with 2 MiB",
			"once: echo 2048 | sudo tee "+m.Device.Knob()+"; for all mounts to come, in /etc/udev/rules.d/99-codeoceanfs.rules: "+Rule)
	}
}

// Rule is a rule of udev that sets the read-ahead of mounts of this program, and
// of no others. The kernel tells of the device before the mount is in the table.
const Rule = `SUBSYSTEM=="bdi", ACTION=="add", PROGRAM="/bin/sh -c 'sleep 1; grep -q \" %k .* - fuse[.]codeoceanfs \" /proc/1/mountinfo'", ATTR{read_ahead_kb}="2048"`
