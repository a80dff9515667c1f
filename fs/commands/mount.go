package commands

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"codeoceanfs/fs/daemon"
	"codeoceanfs/fs/doctor"
	"codeoceanfs/fs/mountpoint"
	"codeoceanfs/fs/service"
	"codeoceanfs/remote/bucket"
)

func mountCommand(parent *daemon.Parent) *cli.Command {
	all := mountFlags()
	buckets := map[string]bucket.Rule{}
	return &cli.Command{
		Name: "mount", Usage: "mount a deployment", ArgsUsage: "MOUNTPOINT", Flags: all,
		Description: "codeoceanfs mount --domain codeocean.example.org ~/codeocean",
		Before: func(c *cli.Context) (err error) {
			buckets, err = configure(c, all, all)
			return err
		},
		Action: func(c *cli.Context) error {
			point, err := oneArgument(c, "MOUNTPOINT")
			if err != nil {
				return err
			}
			s, err := settings(c, point)
			if err != nil {
				return exitError{err, exitUsage}
			}
			s.Buckets = buckets
			return run(c, parent, s, service.Mount)
		},
	}
}

func doctorCommand() *cli.Command {
	all := mountFlags()
	buckets := map[string]bucket.Rule{}
	return &cli.Command{
		Name: "doctor", Usage: "look for what keeps a mount from working, and say how to mend it", ArgsUsage: "[MOUNTPOINT]", Flags: all,
		Description: "The flags are those of mount. Each line says ok, a note, or what to fix; the exit status is 2 if there is something to fix. With a MOUNTPOINT it looks at the mount there, else at all.",
		Before: func(c *cli.Context) (err error) {
			buckets, err = configure(c, all, all)
			return err
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return usagef("%d arguments instead of one mount point (flags come before it): %s", c.NArg(), strings.Join(c.Args().Slice(), " "))
			}
			s, err := settings(c, c.Args().First())
			if err != nil {
				return exitError{err, exitUsage}
			}
			s.Buckets = buckets
			return doctor.Run(c.Context, s, c.App.Writer)
		},
	}
}

// settings reads the flags of mount.
func settings(c *cli.Context, point string) (*service.Settings, error) {
	s := &service.Settings{
		Point: point, Domain: c.String("domain"), TokenFile: service.Absolute(c.String("token-file")), Getenv: os.Getenv,
		S3Endpoint: c.String("s3-endpoint"), CacheDir: service.Absolute(c.String("cache-dir")),
		StateDir: service.Absolute(c.String("state-dir")), AllowOther: c.Bool("allow-other"), ReadOnly: c.Bool("read-only"),
		AllowDelete: c.Bool("allow-delete"), AllowTransfer: c.Bool("allow-transfer"),
		Types: c.StringSlice("type"), Query: c.String("query"), Refresh: c.Duration("refresh-interval"),
		MaxAPIRequests: c.Int("max-api-requests"), MaxS3Requests: c.Int("max-s3-requests"), Version: service.Version(), MetricsAddr: c.String("metrics-addr"),
	}
	if err := sizes(c, map[string]*int64{"cache-size": &s.CacheSize, "memory-limit": &s.MemoryLimit}); err != nil {
		return s, err
	}
	umask, err := strconv.ParseUint(c.String("umask"), 8, 32)
	if err != nil || umask > 0o777 {
		return s, fmt.Errorf("--umask %s is not a mask in octal, as 022", given(c, "umask"))
	}
	for name, id := range map[string]*uint32{"uid": &s.UID, "gid": &s.GID} {
		n := c.Int(name)
		if n < 0 || n >= math.MaxUint32 { // the highest is chown's "leave it"
			return s, fmt.Errorf("--%s %d is not an id", name, n)
		}
		*id = uint32(n)
	}
	for _, name := range []string{"max-api-requests", "max-s3-requests"} {
		if c.Int(name) < 1 {
			return s, fmt.Errorf("--%s %d: at least 1", name, c.Int(name))
		}
	}
	for name, timeout := range map[string]*time.Duration{
		"dial-timeout": &s.Timeouts.Dial, "tls-timeout": &s.Timeouts.TLS, "first-byte-timeout": &s.Timeouts.FirstByte,
		"stall-timeout": &s.Timeouts.Stall, "read-timeout": &s.Timeouts.Operation, "metadata-timeout": &s.Timeouts.Metadata,
	} {
		*timeout = c.Duration(name)
		if *timeout < leastTimeout || *timeout > mostTimeout {
			return s, fmt.Errorf("--%s %s: from %s to %s", name, *timeout, leastTimeout, mostTimeout)
		}
	}
	s.Umask = uint32(umask)
	return s, nil
}

func umountCommand() *cli.Command {
	return &cli.Command{
		Name: "umount", Usage: "take a mount away", ArgsUsage: "MOUNTPOINT", Aliases: []string{"unmount"},
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "lazy", Aliases: []string{"z"}, Usage: "also when it is in use: programs that use it lose it", DisableDefaultText: true},
		},
		Action: func(c *cli.Context) error {
			point, err := oneArgument(c, "MOUNTPOINT")
			if err != nil {
				return err
			}
			return mountFailed(mountpoint.Unmount(point, c.Bool("lazy")))
		},
	}
}
