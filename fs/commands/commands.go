// Package commands is the command line: commands, flags, and exit statuses.
package commands

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"codeoceanfs/control/request"
	"codeoceanfs/fs/daemon"
	"codeoceanfs/fs/service"
)

// App is all commands. Parent is the process that waits for this one to mount in
// the background, or nil.
func App(parent *daemon.Parent) *cli.App {
	usage := func(c *cli.Context, err error, _ bool) error {
		return exitError{explainFlag(err, c.Command.Flags), exitUsage}
	}
	a := &cli.App{
		Name:                   "codeoceanfs",
		Usage:                  "mount the data assets of a Code Ocean deployment as a directory",
		Version:                service.Version(),
		UseShortOptionHandling: true,
		OnUsageError:           usage,
		ExitErrHandler:         func(*cli.Context, error) {}, // only main ends the program
		Commands: []*cli.Command{
			mountCommand(parent),
			umountCommand(),
			doctorCommand(),
			demoCommand(parent),
			emulatorCommand(),
			waitCommand(),
			warmCommand(),
			cacheCommand(),
			{
				Name: "version", Usage: "print the version",
				Action: func(c *cli.Context) error {
					fmt.Fprintln(c.App.Writer, "codeoceanfs", service.Version())
					return nil
				},
			},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("no command %q: see codeoceanfs help", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
	}
	for _, verb := range request.Verbs {
		a.Commands = append(a.Commands, requestCommand(verb))
	}
	for _, command := range a.Commands {
		command.OnUsageError = usage
		for _, sub := range command.Subcommands {
			sub.OnUsageError = usage
		}
	}
	return a
}

func oneArgument(c *cli.Context, what string) (string, error) {
	switch {
	case c.NArg() == 1 && c.Args().First() != "":
		return c.Args().First(), nil
	case c.NArg() < 2:
		return "", usagef("%s is missing: codeoceanfs %s [flags] %s", what, c.Command.Name, what)
	}
	return "", usagef("%d arguments instead of one %s (flags come before it): %s",
		c.NArg(), what, strings.Join(c.Args().Slice(), " "))
}
