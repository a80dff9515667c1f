package commands

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"codeoceanfs/fs/daemon"
	"codeoceanfs/fs/service"
	"codeoceanfs/remote/emulator"
	"codeoceanfs/remote/emulator/samples"
)

func demoCommand(parent *daemon.Parent) *cli.Command {
	return &cli.Command{
		Name: "demo", Usage: "mount a deployment on this machine with sample assets; needs no account",
		ArgsUsage: "[MOUNTPOINT]",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "data", Value: service.DemoDir(), Usage: "keep its assets in `DIR`"},
		}, backgroundFlags()...),
		Action: func(c *cli.Context) error {
			point := c.Args().First()
			switch {
			case c.NArg() > 1:
				return usagef("%d arguments instead of one mount point (flags come before it): %s", c.NArg(), strings.Join(c.Args().Slice(), " "))
			case point == "":
				home, err := os.UserHomeDir()
				if err != nil {
					return usagef("no home directory to mount in: name a mount point")
				}
				point = filepath.Join(home, "codeocean-demo")
			}
			s := service.DemoSettings(point, service.Absolute(c.String("data")), service.Version())
			return run(c, parent, s, service.Demo)
		},
	}
}

func emulatorCommand() *cli.Command {
	return &cli.Command{
		Name: "emulator", Usage: "serve a directory of assets as a deployment on this machine",
		Flags: flags(
			&cli.StringFlag{Name: "data", Usage: "serve the assets in `DIR`/assets and the buckets in DIR/buckets; made if it is missing"},
			&cli.BoolFlag{Name: "samples", Usage: "put the sample assets into DIR first", DisableDefaultText: true},
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8280", Usage: "serve the API at `ADDRESS`"},
			&cli.StringFlag{Name: "s3-listen", Value: "127.0.0.1:8281", Usage: "serve S3 at `ADDRESS`"},
			&cli.DurationFlag{Name: "latency", Usage: "wait `DURATION` before the first byte of every answer"},
			&cli.StringFlag{Name: "conn-rate", Value: "0", Usage: "send at most `BYTES` a second on one connection, as 80M; 0 is no bound"},
			&cli.StringFlag{Name: "total-rate", Value: "0", Usage: "send at most `BYTES` a second on all connections together"},
			&cli.DurationFlag{Name: "url-lifetime", Value: time.Hour, Usage: "let signed URLs expire after `DURATION`"},
			&cli.DurationFlag{Name: "draft-time", Value: 3 * time.Second, Usage: "let created assets be drafts for `DURATION`"},
			&cli.IntFlag{Name: "populate", Usage: "add `N` made-up assets, in memory"},
		),
		Action: func(c *cli.Context) error {
			switch {
			case c.NArg() > 0:
				return usagef("emulator takes no arguments, only flags: %s", strings.Join(c.Args().Slice(), " "))
			case c.String("data") == "":
				return usagef("--data is missing: name the directory to serve")
			case c.Duration("latency") < 0, c.Duration("url-lifetime") < 0, c.Duration("draft-time") < 0, c.Int("populate") < 0:
				return usagef("a duration or number is negative")
			}
			cfg := emulator.Config{
				Data: service.Absolute(c.String("data")), Listen: c.String("listen"), S3Listen: c.String("s3-listen"),
				Latency: c.Duration("latency"), URLLifetime: c.Duration("url-lifetime"), DraftTime: c.Duration("draft-time"),
			}
			if err := sizes(c, map[string]*int64{"conn-rate": &cfg.ConnRate, "total-rate": &cfg.TotalRate}); err != nil {
				return exitError{err, exitUsage}
			}
			log, _, err := service.OpenLog("", "warn", "text")
			if err != nil {
				return err
			}
			cfg.Logger = log
			if c.Bool("samples") {
				if err := samples.Extract(cfg.Data); err != nil {
					return err
				}
			}
			return inUse(c, service.Emulate(c.Context, cfg, c.Int("populate"), c.App.Writer), "listen", "s3-listen")
		},
	}
}

// inUse names those of the flags that may be of an address where another program
// listens.
func inUse(c *cli.Context, err error, flags ...string) error {
	var op *net.OpError
	if !errors.Is(err, syscall.EADDRINUSE) || !errors.As(err, &op) || op.Addr == nil {
		return err
	}
	_, taken, _ := net.SplitHostPort(op.Addr.String())
	var which []string
	for _, name := range flags {
		if _, port, _ := net.SplitHostPort(c.String(name)); port == taken {
			which = append(which, "--"+name)
		}
	}
	if which == nil { // it is given by name, say
		return fmt.Errorf("another program listens at %s: %w", op.Addr, err)
	}
	return fmt.Errorf("another program listens at %s: name another address with %s", op.Addr, strings.Join(which, " or "))
}
