// Codeoceanfs mounts the data assets of a Code Ocean deployment as a directory.
//
//	codeoceanfs mount --domain codeocean.example.org ~/codeocean
//	ls ~/codeocean/dataset
//	codeoceanfs umount ~/codeocean
//
// This file is the command line: flags, wiring, signals and exit statuses.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/urfave/cli/v2"
	"github.com/urfave/cli/v2/altsrc"

	"codeoceanfs/fs/daemon"
	"codeoceanfs/fs/mountpoint"
	"codeoceanfs/fs/service"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/bucket"
	"codeoceanfs/remote/emulator"
	"codeoceanfs/remote/emulator/samples"
)

// Exit statuses, as mount(8) has them.
const (
	exitUsage  = 1  // wrong flags or arguments
	exitSystem = 2  // this machine lacks something
	exitMount  = 32 // the mount failed
)

func main() {
	parent := daemon.Foreground()
	ctx, stop := daemon.UntilSignalled(exitSystem)
	err := app(parent).RunContext(ctx, os.Args)
	stop()
	if err == nil {
		return
	}
	code := exitStatus(err)
	parent.Fail(err, code)
	fmt.Fprintf(os.Stderr, "codeoceanfs: %v\n", err)
	os.Exit(code)
}

// exitError is an error with the status that the program ends with.
type exitError struct {
	error
	status int
}

func (e exitError) Unwrap() error { return e.error }

// usagef is a mistake on the command line or in the configuration.
func usagef(format string, args ...any) error {
	return exitError{fmt.Errorf(format, args...), exitUsage}
}

// mountFailed is a failure to mount or unmount, or of the background process,
// which has chosen the status itself.
func mountFailed(err error) error {
	var failed *daemon.Failed
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failed) && failed.Code != 0:
		return exitError{err, failed.Code}
	}
	return exitError{service.Explain(err), exitMount}
}

func exitStatus(err error) int {
	var exit exitError
	if errors.As(err, &exit) {
		return exit.status
	}
	return exitSystem
}

func app(parent *daemon.Parent) *cli.App {
	usage := func(_ *cli.Context, err error, _ bool) error { return exitError{err, exitUsage} }
	a := &cli.App{
		Name:                   "codeoceanfs",
		Usage:                  "mount the data assets of a Code Ocean deployment as a directory",
		Version:                service.Version(),
		HideVersion:            true, // there is a command for it, as for everything
		UseShortOptionHandling: true,
		OnUsageError:           usage,
		ExitErrHandler:         func(*cli.Context, error) {}, // only main exits
		Commands: []*cli.Command{
			mountCommand(parent),
			umountCommand(),
			demoCommand(parent),
			emulatorCommand(),
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
	for _, command := range a.Commands {
		command.OnUsageError = usage
	}
	return a
}

func umountCommand() *cli.Command {
	return &cli.Command{
		Name: "umount", Usage: "unmount", ArgsUsage: "MOUNTPOINT", Aliases: []string{"unmount"},
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "lazy", Aliases: []string{"z"}, Usage: "also when it is in use: programs that use it lose it"},
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

func oneArgument(c *cli.Context, what string) (string, error) {
	switch {
	case c.NArg() == 1:
		return c.Args().First(), nil
	case c.NArg() == 0:
		return "", usagef("%s is missing: codeoceanfs %s [flags] %s", what, c.Command.Name, what)
	}
	return "", usagef("%d arguments instead of one %s (flags come before it): %s",
		c.NArg(), what, strings.Join(c.Args().Slice(), " "))
}

// flags makes each flag readable from CODEOCEANFS_<FLAG> and from the
// configuration file, by its name.
func flags(all ...cli.Flag) []cli.Flag {
	env := func(name string, more []string) []string {
		return append([]string{"CODEOCEANFS_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))}, more...)
	}
	for i, f := range all {
		switch f := f.(type) {
		case *cli.StringFlag:
			f.EnvVars = env(f.Name, f.EnvVars)
			all[i] = altsrc.NewStringFlag(f)
		case *cli.StringSliceFlag:
			f.EnvVars = env(f.Name, f.EnvVars)
			all[i] = altsrc.NewStringSliceFlag(f)
		case *cli.BoolFlag:
			f.EnvVars = env(f.Name, f.EnvVars)
			all[i] = altsrc.NewBoolFlag(f)
		case *cli.IntFlag:
			f.EnvVars = env(f.Name, f.EnvVars)
			all[i] = altsrc.NewIntFlag(f)
		case *cli.DurationFlag:
			f.EnvVars = env(f.Name, f.EnvVars)
			all[i] = altsrc.NewDurationFlag(f)
		}
	}
	return all
}

func mountCommand(parent *daemon.Parent) *cli.Command {
	all := flags(
		&cli.StringFlag{Name: "domain", Usage: "the deployment, as codeocean.example.org", EnvVars: []string{
			"CODEOCEAN_DOMAIN", "CODE_OCEAN_DOMAIN", "CO_DOMAIN", "CODEOCEAN_URL",
		}},
		&cli.StringFlag{Name: "token-file", Usage: "a `FILE` with the access token, readable by you alone; instead of $CODEOCEAN_TOKEN"},
		&cli.StringFlag{Name: "s3-endpoint", Usage: "ask the store at `URL`, path style, for the buckets of external assets"},
		&cli.StringFlag{Name: "cache-dir", Value: service.CacheDir(), Usage: "keep what was read in `DIR`"},
		&cli.StringFlag{Name: "cache-size", Value: "20G", Usage: "at most `SIZE` on disk; 0 keeps nothing there"},
		&cli.StringFlag{Name: "memory-limit", Value: "512M", Usage: "at most `SIZE` of memory"},
		&cli.BoolFlag{Name: "allow-other", Usage: "let the other users of this machine in, to read with your token"},
		&cli.IntFlag{Name: "uid", Value: os.Getuid(), Usage: "the owner of all files"},
		&cli.IntFlag{Name: "gid", Value: os.Getgid(), Usage: "their group"},
		&cli.StringFlag{Name: "umask", Value: "022", Usage: "the permissions that they lack, in octal"},
		&cli.BoolFlag{Name: "read-only", Usage: "mount read-only, the control directory included"},
		&cli.StringSliceFlag{Name: "type", Usage: "show assets of this `TYPE` only: dataset, result, combined or model; may be repeated"},
		&cli.StringFlag{Name: "query", Usage: "show only assets that this search finds, as tag:ecephys"},
		&cli.DurationFlag{Name: "refresh-interval", Value: time.Minute, Usage: "look for new and changed assets this often"},
		&cli.IntFlag{Name: "max-api-requests", Value: 16, Usage: "calls of the platform's API at once"},
		&cli.IntFlag{Name: "max-s3-requests", Value: 32, Usage: "reads of files at once"},
		&cli.StringFlag{Name: "log-file", Usage: "log to `FILE`; without it to the terminal, and in the background to log/ in the cache directory"},
		&cli.StringFlag{Name: "log-level", Value: "info", Usage: "debug, info, warn or error"},
		&cli.StringFlag{Name: "log-format", Value: "text", Usage: "text or json"},
		&cli.BoolFlag{Name: "foreground", Aliases: []string{"f"}, Usage: "stay in the foreground"},
	)
	all = append(all, &cli.StringFlag{
		Name: "config", EnvVars: []string{"CODEOCEANFS_CONFIG"},
		Usage: "read flags from `FILE`, YAML, and rules for buckets (default: " + service.DefaultConfig() + " if it exists)",
	})
	buckets := map[string]bucket.Rule{}
	return &cli.Command{
		Name: "mount", Usage: "mount a deployment", ArgsUsage: "MOUNTPOINT", Flags: all,
		Before: func(c *cli.Context) error {
			var err error
			buckets, err = configure(c, all)
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

// settings reads the flags of mount.
func settings(c *cli.Context, point string) (*service.Settings, error) {
	s := &service.Settings{
		Point: point, Domain: c.String("domain"), TokenFile: absolute(c.String("token-file")), Getenv: os.Getenv,
		S3Endpoint: c.String("s3-endpoint"), CacheDir: absolute(c.String("cache-dir")),
		AllowOther: c.Bool("allow-other"), ReadOnly: c.Bool("read-only"),
		Types: c.StringSlice("type"), Query: c.String("query"), Refresh: c.Duration("refresh-interval"),
		MaxAPIRequests: c.Int("max-api-requests"), MaxS3Requests: c.Int("max-s3-requests"), Version: service.Version(),
	}
	var err error
	if s.CacheSize, err = units.RAMInBytes(c.String("cache-size")); err != nil {
		return s, fmt.Errorf("--cache-size %q is not a size, as 20G", c.String("cache-size"))
	}
	if s.MemoryLimit, err = units.RAMInBytes(c.String("memory-limit")); err != nil {
		return s, fmt.Errorf("--memory-limit %q is not a size, as 512M", c.String("memory-limit"))
	}
	umask, err := strconv.ParseUint(c.String("umask"), 8, 32)
	if err != nil || umask > 0o777 {
		return s, fmt.Errorf("--umask %q is not a mask in octal, as 022", c.String("umask"))
	}
	for name, id := range map[string]*uint32{"uid": &s.UID, "gid": &s.GID} {
		n := c.Int(name)
		if n < 0 || n > 1<<31 {
			return s, fmt.Errorf("--%s %d is not an id", name, n)
		}
		*id = uint32(n)
	}
	for _, name := range []string{"max-api-requests", "max-s3-requests"} {
		if c.Int(name) < 1 {
			return s, fmt.Errorf("--%s %d: at least 1", name, c.Int(name))
		}
	}
	s.Umask = uint32(umask)
	return s, s.Check()
}

// run does the work here, or in a background process that this one waits for.
func run(c *cli.Context, parent *daemon.Parent, s *service.Settings, work func(context.Context, *service.Settings, func(text string)) error) error {
	logFile := absolute(c.String("log-file"))
	background := !c.Bool("foreground")
	if background && logFile == "" {
		logFile = filepath.Join(s.CacheDir, "log", service.LogName(s.Point))
	}
	log, closer, err := service.OpenLog(logFile, c.String("log-level"), c.String("log-format"))
	if err != nil {
		return exitError{err, exitUsage}
	}
	defer closer.Close()
	if background && parent == nil {
		text, err := daemon.Start(c.Context, logFile)
		if err != nil {
			return mountFailed(err)
		}
		fmt.Fprintf(c.App.Writer, "%s\nto end it: codeoceanfs umount %s\nits log: %s\n", text, s.Point, logFile)
		return nil
	}
	s.Logger = log
	ready := func(text string) {
		if parent != nil {
			parent.Ready(text)
		} else {
			fmt.Fprintln(c.App.Writer, text)
		}
	}
	if err := work(c.Context, s, ready); err != nil {
		return mountFailed(err)
	}
	return nil
}

// configure gives the flags that were not set the values that the configuration
// file has for them, and returns its rules for buckets.
func configure(c *cli.Context, all []cli.Flag) (map[string]bucket.Rule, error) {
	text := make(map[string]bool) // flag → whether its value is text
	for _, f := range all {
		_, text[f.Names()[0]] = f.(*altsrc.StringFlag)
	}
	delete(text, "config")
	config, err := service.ReadConfig(c.String("config"), text)
	if err != nil {
		return nil, exitError{err, exitUsage}
	}
	// A variable goes before the file, also one that holds the token itself.
	if !c.IsSet("token-file") && api.HasToken(os.Getenv) {
		delete(config.Flags, "token-file")
	}
	if err := altsrc.ApplyInputSourceValues(c, altsrc.NewMapInputSource(config.File, config.Flags), all); err != nil {
		return nil, usagef("%s: %w", config.File, err)
	}
	return config.Buckets, nil
}

// absolute is for paths that are used after the working directory was left.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); path != "" && err == nil {
		return abs
	}
	return path
}

func demoCommand(parent *daemon.Parent) *cli.Command {
	return &cli.Command{
		Name: "demo", Usage: "mount a deployment on this machine with sample assets; needs no account",
		ArgsUsage: "[MOUNTPOINT]",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data", Value: filepath.Join(service.CacheDir(), "demo"), Usage: "keep its assets in `DIR`"},
			&cli.BoolFlag{Name: "foreground", Aliases: []string{"f"}, Usage: "stay in the foreground"},
			&cli.StringFlag{Name: "log-file", Usage: "log to `FILE`"},
			&cli.StringFlag{Name: "log-level", Value: "info", Usage: "debug, info, warn or error"},
			&cli.StringFlag{Name: "log-format", Value: "text", Usage: "text or json"},
		},
		Action: func(c *cli.Context) error {
			point := c.Args().First()
			switch {
			case c.NArg() > 1:
				return usagef("%d arguments instead of one mount point: %s", c.NArg(), strings.Join(c.Args().Slice(), " "))
			case point == "":
				home, err := os.UserHomeDir()
				if err != nil {
					return usagef("no home directory to mount in: name a mount point")
				}
				point = filepath.Join(home, "codeocean-demo")
			}
			s := service.DemoSettings(point, absolute(c.String("data")), service.Version())
			return run(c, parent, s, service.Demo)
		},
	}
}

func emulatorCommand() *cli.Command {
	return &cli.Command{
		Name: "emulator", Usage: "serve a directory of assets as a deployment on this machine",
		Flags: flags(
			&cli.StringFlag{Name: "data", Usage: "the `DIR` of assets and buckets; it is made if it is missing", Required: true},
			&cli.BoolFlag{Name: "samples", Usage: "put the sample assets into it first"},
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8280", Usage: "`ADDRESS` of the API"},
			&cli.StringFlag{Name: "s3-listen", Value: "127.0.0.1:8281", Usage: "`ADDRESS` of the S3 endpoint"},
			&cli.DurationFlag{Name: "latency", Usage: "before the first byte of every answer"},
			&cli.StringFlag{Name: "conn-rate", Value: "0", Usage: "bytes a second of one connection, as 80M; 0 is no bound"},
			&cli.StringFlag{Name: "total-rate", Value: "0", Usage: "bytes a second of all connections"},
			&cli.DurationFlag{Name: "url-lifetime", Value: time.Hour, Usage: "of signed URLs"},
			&cli.DurationFlag{Name: "draft-time", Value: 3 * time.Second, Usage: "how long a created asset is a draft"},
			&cli.IntFlag{Name: "populate", Usage: "add `N` made-up assets, in memory"},
		),
		Action: func(c *cli.Context) error {
			cfg := emulator.Config{
				Data: absolute(c.String("data")), Listen: c.String("listen"), S3Listen: c.String("s3-listen"),
				Latency: c.Duration("latency"), URLLifetime: c.Duration("url-lifetime"), DraftTime: c.Duration("draft-time"),
			}
			for name, rate := range map[string]*int64{"conn-rate": &cfg.ConnRate, "total-rate": &cfg.TotalRate} {
				n, err := units.RAMInBytes(c.String(name))
				if err != nil {
					return usagef("--%s %q is not a size, as 80M", name, c.String(name))
				}
				*rate = n
			}
			if c.Bool("samples") {
				if err := samples.Extract(cfg.Data); err != nil {
					return err
				}
			}
			return service.Emulate(c.Context, cfg, c.Int("populate"), c.App.Writer)
		},
	}
}
