package commands

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"codeoceanfs/control/client"
	"codeoceanfs/control/request"
	"codeoceanfs/fs/mountpoint"
	"codeoceanfs/fs/service"
)

// mountFlag names the mount that a command is for.
func mountFlag() cli.Flag {
	return &cli.StringFlag{Name: "mount", EnvVars: []string{envPrefix + "MOUNT"}, Usage: "the mount at `DIR`, if there are several"}
}

// theMount is the mount that a command is for: the one that its argument leads
// into, or that we are in, or the only one that there is.
func theMount(c *cli.Context, path string) (string, error) {
	if point := c.String("mount"); point != "" {
		return service.Absolute(point), nil
	}
	if _, err := os.Lstat(path); err == nil || filepath.IsAbs(path) {
		if point, err := mountpoint.Of(path); err == nil {
			return point, nil
		}
	}
	here, _ := os.Getwd() // without one we are in none
	point, err := mountpoint.Running(here)
	if errors.Is(err, mountpoint.ErrNothing) {
		return "", err
	}
	if err != nil {
		return "", usagef("%w", err)
	}
	return point, nil
}

// requestCommand is a verb of the control directory as a command.
func requestCommand(verb request.Verb) *cli.Command {
	what, about := "FILE", "FILE holds the request, as JSON; - is standard input."
	if verb == request.Archive || verb == request.Unarchive || verb == request.Delete { // which asset is all that they are told
		what = "FILE|PATH"
		about += " PATH is the asset's, in the mount or from here, as dataset/NAME, and says the same without a file."
	}
	return &cli.Command{
		Name: string(verb), Usage: request.About(verb), ArgsUsage: what, Category: "Assets",
		Description: about + " What may be in it is in control/README of the mount.",
		Flags: []cli.Flag{
			mountFlag(),
			&cli.StringFlag{Name: "key", Usage: "the request's name, `KEY`: made again under the same one, it is not sent again; without it create and transfer have a hash of what they say"},
		},
		Action: func(c *cli.Context) error {
			file, err := oneArgument(c, what)
			if err != nil {
				return err
			}
			point, err := theMount(c, file)
			if err != nil {
				return err
			}
			body, err := client.Read(point, file)
			if err != nil {
				return err
			}
			key := c.String("key")
			if key == "" {
				key = client.Key(verb, body)
			}
			r, err := client.Submit(point, verb, key, body)
			if err == nil {
				fmt.Fprintf(c.App.Writer, "%s", r.Raw)
			}
			return err
		},
	}
}

func waitCommand() *cli.Command {
	return &cli.Command{
		Name: "wait", Usage: "wait until an asset is ready, and print its record", ArgsUsage: "KEY|PATH", Category: "Assets",
		Description: "KEY is that of the request which made the asset, or the asset's id; PATH is in the mount, as dataset/NAME.",
		Flags:       []cli.Flag{mountFlag(), &cli.DurationFlag{Name: "timeout", Usage: "wait at most `DURATION`; without it, for as long as it takes"}},
		Action: func(c *cli.Context) error {
			what, err := oneArgument(c, "KEY|PATH")
			if err != nil {
				return err
			}
			point, err := theMount(c, what)
			if err != nil {
				return err
			}
			ctx := c.Context
			if limit := c.Duration("timeout"); limit > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, limit)
				defer cancel()
			}
			record, err := client.Wait(ctx, point, what)
			if err == nil {
				_, err = c.App.Writer.Write(record)
			}
			return err
		},
	}
}
