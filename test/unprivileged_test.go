package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// unprivileged mounts as a user who is nobody: with the helper fusermount3, and
// a device that users may open. Both are arranged in a mount namespace of its
// own, so that the machine stays as it is.
const unprivileged = `set -e
mknod "$HOME/fuse" c 10 229
chmod 666 "$HOME/fuse"
mount --bind "$HOME/fuse" /dev/fuse
mkdir "$HOME/mount"
chown -R 65534:65534 "$HOME"
mkdir "$HOME/bin"
printf '#!/bin/sh\ntouch "%s/hijacked"\nexec /usr/bin/fusermount3 "$@"\n' "$HOME" > "$HOME/bin/fusermount3"
chmod 755 "$HOME/bin/fusermount3"
chown -R 65534:65534 "$HOME/bin"
export PATH="$HOME/bin:$PATH"
exec setpriv --reuid 65534 --regid 65534 --clear-groups sh -ec '
	"$PROGRAM" demo --data "$HOME/data" "$HOME/mount"
	ls "$HOME/mount/model"
	cat "$HOME/mount/dataset/MRI_721832_2024-02-11_09-30-00/participants.tsv"
	stat -c "%u %a" "$HOME/mount/control/status.json"
	pid=$(sed -n "s/.*\"pid\": \([0-9]*\).*/\1/p" "$HOME/mount/control/status.json")
	stat -c "the memory of the process is of %u" "/proc/$pid/mem"
	cat "/proc/$pid/environ" > /dev/null 2>&1 || echo "its environment is not to be seen"
	touch "$HOME/mount/model/x" 2>&1 || true
	"$PROGRAM" mount --allow-other --domain x.invalid "$HOME/none" 2>&1 || true
	"$PROGRAM" doctor --read-only "$HOME/mount" 2>&1 || true
	"$PROGRAM" umount "$ROOTS" 2>&1 || true
	"$PROGRAM" umount "$HOME/mount"
	ls -A "$HOME/mount"
	ls "$HOME/hijacked" 2>&1 || true
	echo done
'`

// TestUnprivileged mounts, reads and unmounts without root's rights.
func TestUnprivileged(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("every other test runs without root's rights already")
	}
	home := t.TempDir()
	program := filepath.Join(home, "codeoceanfs")
	built, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, built, 0o755); err != nil {
		t.Fatal(err)
	}
	for dir := home; dir != filepath.Clean(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m := &mounted{t: t, point: filepath.Join(home, "mount")}
	roots := generated(t).mount(t)
	out, err := m.try("env", "HOME="+home, "PROGRAM="+program, "ROOTS="+roots.point, "XDG_CACHE_HOME="+filepath.Join(home, "cache"),
		"CODEOCEAN_TOKEN=cop_x", "unshare", "--mount", "sh", "-c", unprivileged)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"is mounted on " + m.point, "unit-quality-classifier-v2\n", "participant_id", "65534 600\n",
		// What others of the same user may not look into, nor run in its place.
		"the memory of the process is of 0\n", "its environment is not to be seen", "hijacked': No such file",
		roots.point + " is another user's mount", "Read-only file system", "user_allow_other", "\ndone\n",
		// Of what doctor says the read-ahead, and the token that doctor has no need of.
		"note read-ahead", "128KiB", "sudo tee /sys/class/bdi/", "99-codeoceanfs.rules", "ok   token ", "not allow --allow-other",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
