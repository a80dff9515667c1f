package commands

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"codeoceanfs/fs/inventory"
	"codeoceanfs/fs/mountpoint"
	"codeoceanfs/fs/service"
	"codeoceanfs/fs/warm"
)

func warmCommand() *cli.Command {
	return &cli.Command{
		Name: "warm", Usage: "keep files of a mount on disk before they are read", ArgsUsage: "PATH...",
		Description: "codeoceanfs warm ~/codeocean/dataset/NAME\n\nThe files at and below PATH are read through the mount, unless they are on disk already.",
		Flags:       []cli.Flag{&cli.IntFlag{Name: "parallel", Value: 16, Usage: "read `N` files at once"}},
		Action: func(c *cli.Context) error {
			switch {
			case c.NArg() == 0:
				return usagef("PATH is missing: codeoceanfs warm [flags] PATH...")
			case c.Int("parallel") < 1:
				return usagef("--parallel %d: at least 1", c.Int("parallel"))
			}
			done, err := warm.Run(c.Context, c.Args().Slice(), c.Int("parallel"), warm.Show(c.App.Writer))
			if dead := deadMount(c.Args().Slice(), done, err); dead != nil {
				return dead
			}
			if err != nil && done.Files == 0 {
				return err
			}
			done.Report(c.App.Writer)
			if n := len(done.Failures); err == nil && n > 0 {
				err = fmt.Errorf("%d of %d files are not on disk", n, done.Files)
			}
			return err
		},
	}
}

// deadMount says of files that nobody serves any more which mount it is, and what
// clears it. It is nil where that is not what went wrong.
func deadMount(paths []string, done warm.Summary, err error) error {
	for _, f := range done.Failures {
		err = errors.Join(err, f.Err)
	}
	if !errors.Is(err, syscall.ENOTCONN) {
		return nil
	}
	for _, path := range paths {
		if point, err := mountpoint.Of(path); err == nil && mountpoint.Dead(point) {
			return fmt.Errorf("the mount at %[1]s is dead, its process is gone: codeoceanfs umount --lazy %[1]s clears it, and so does the next mount there", point)
		}
	}
	return nil
}

// cacheFlags are those of mount that say where the cache is.
func cacheFlags() []cli.Flag {
	return slices.DeleteFunc(mountFlags(), func(f cli.Flag) bool {
		return !slices.Contains([]string{"cache-dir", "cache-size", "config"}, f.Names()[0])
	})
}

func cacheCommand() *cli.Command {
	own := cacheFlags()
	before := func(c *cli.Context) error {
		if c.Args().First() == "clear" {
			return nil // it has flags of its own
		}
		_, err := configure(c, mountFlags(), own)
		return err
	}
	clearing := cacheFlags()
	return &cli.Command{
		Name: "cache", Usage: "show what of files is kept on disk", Flags: own, Before: before,
		Subcommands: []*cli.Command{{
			Name: "clear", Usage: "remove it; mounts go on, and fetch again what they need", Flags: clearing,
			Before: func(c *cli.Context) error {
				_, err := configure(c, mountFlags(), clearing)
				return err
			},
			Action: func(c *cli.Context) error {
				if c.NArg() > 0 {
					return usagef("cache clear takes no arguments, only flags: %s", strings.Join(c.Args().Slice(), " "))
				}
				return inventory.Clear(c.App.Writer, service.DataDir(service.Absolute(c.String("cache-dir"))))
			},
		}},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("there is no command cache %s: cache, or cache clear", c.Args().First())
			}
			var limit int64
			if err := sizes(c, map[string]*int64{"cache-size": &limit}); err != nil {
				return exitError{err, exitUsage}
			}
			return inventory.Show(c.App.Writer, service.DataDir(service.Absolute(c.String("cache-dir"))), limit, time.Now())
		},
	}
}
