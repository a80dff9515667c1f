package test

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"codeoceanfs/remote/emulator"
)

// peer is another program that mounts buckets: those that are installed are
// measured in the same rounds, on external assets, which they can read.
type peer struct {
	name string
	m    *mounted
}

// peerKinds are how they are told to mount: $POINT is where, $STORE the
// endpoint, $BUCKET and $PREFIX what. Nothing of theirs is kept on disk.
var peerKinds = map[string]struct{ program, command string }{
	"rclone": {"rclone", `rclone mount --config /dev/null --read-only --vfs-cache-mode off --dir-cache-time 1h --attr-timeout 1h --use-server-modtime \
		--vfs-read-chunk-size 4M --buffer-size 64M ":s3,provider=Other,endpoint='$STORE':$BUCKET/$PREFIX" "$POINT"`},
	"mountpoint-s3": {"mount-s3", `mount-s3 --foreground --read-only --force-path-style --no-sign-request --prefix "$PREFIX/" --endpoint-url "$STORE" "$BUCKET" "$POINT"`},
	"s3fs":          {"s3fs", `s3fs "$BUCKET:/$PREFIX" "$POINT" -f -o ro,public_bucket=1,use_path_request_style,url="$STORE"`},
}

var peerNames = []string{"mountpoint-s3", "rclone", "s3fs"}

// mountAndWait says so when the program has mounted, and ends with it.
const mountAndWait = `
trap 'fusermount3 -u "$POINT" 2>/dev/null || umount -l "$POINT" 2>/dev/null || kill $pid' TERM
{ PEER; } >/dev/null 2>&1 &
pid=$!
until mountpoint -q "$POINT"; do kill -0 $pid || exit 1; sleep 0.1; done
echo mounted
wait $pid
wait $pid
`

// peers mounts those that the row is compared with.
func (x *bench) peers() (all []peer) {
	x.b.Helper()
	if !x.row.peers || !x.external {
		return nil
	}
	key := emulator.DefaultS3Keys()[0]
	for _, name := range peerNames {
		kind := peerKinds[name]
		if _, err := exec.LookPath(kind.program); err != nil {
			continue
		}
		point := filepath.Join(x.b.TempDir(), name)
		must(x.b, os.Mkdir(point, 0o755))
		env := append([]string{
			"POINT=" + point, "STORE=" + x.emu.s3, "BUCKET=" + benchBucket, "PREFIX=" + benchPrefix,
			"RCLONE_S3_ACCESS_KEY_ID=" + key.AccessKey, "RCLONE_S3_SECRET_ACCESS_KEY=" + key.SecretKey,
		}, x.env...)
		m, err := start(x.b, point, env, "sh", "-c", replacePeer(kind.command))
		if err != nil {
			x.b.Logf("%s does not mount: %v", name, err)
			continue
		}
		all = append(all, peer{name, m})
	}
	return all
}

func replacePeer(command string) string { return strings.Replace(mountAndWait, "PEER", command, 1) }

// peerLimit ends a peer's reader, in seconds: what takes longer is no rival.
const peerLimit = "15"

// peerReader is reader for the peer's mount. It may fail, or take too long, and
// then has no number.
func (x *bench) peerReader(command string, args ...string) (r measured) {
	x.b.Helper()
	out, err := x.peer.try("timeout", append([]string{"-s", "KILL", peerLimit, "env", helperVar + "=" + command, os.Args[0]}, args...)...)
	if err == nil {
		err = json.Unmarshal([]byte(out), &r)
	}
	if err != nil {
		x.b.Logf("%s: %v", x.peer.point, err)
		return measured{Seconds: math.NaN()}
	}
	return r
}

// peerRound measures a peer once: its rounds would take longer than all others.
func (x *bench) peerRound(p peer) []measured {
	x.b.Helper()
	x.peer = p.m
	defer p.m.stop()
	if x.row.prepare != nil {
		x.row.prepare(x, p.m, p.m.point, 0)
	}
	return []measured{x.row.read(x, p.m, p.m.point, 0)}
}
