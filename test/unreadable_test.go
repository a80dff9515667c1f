package test

import (
	"testing"

	"codeoceanfs/remote/emulator"
)

// TestUnreadable looks at assets whose data cannot be read: they have their
// record, their data is refused, and the reason is there to be found.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	m := deploy(t).mount(t)
	for name, reason := range map[string]string{
		"exaSPIM_705363_2024-06-05_00-00-00": "is a draft",
		"FIP_668294_2023-08-01_15-22-31":     "creation failed",
		"clinical_MR_007":                    "permission denied",
	} {
		dir := m.path("dataset", name)
		if got := m.run("ls", "-A", dir); got != ".meta.json\n" {
			t.Errorf("ls %s: %q", name, got)
		}
		m.run("cat", dir+"/.meta.json")
		m.fails("Permission denied", "cat", dir+"/anything")
		m.told(reason)
		m.logged(reason)
	}
}

// TestRefusedForGood is a store that refuses: the reader is told, and so is
// whoever looks for the reason.
func TestRefusedForGood(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t)
	m.run("stat", m.path("dataset", "internal", "middle"))
	defer d.Inject(emulator.Fault{Route: "s3.GetObject", Status: 403})()
	m.fails("Permission denied", "cat", m.path("dataset", "internal", "middle"))
	m.told(`"EACCES"`, "middle")
}
